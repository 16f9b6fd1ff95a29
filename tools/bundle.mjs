// What Node loads of the packages, made into few files: `import 'stratus'` would read seven hundred otherwise. The compiler has written
// every module and its types by then; this replaces the entries. Pages take core's modules as they are, of which their bundlers keep what is used.
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { build } from 'esbuild';

const root = dirname(import.meta.dirname);

/** `out` is a path in dist without its ending; `in` is the source. Of an entry that is not the compiler's name, package.json says when it is taken. */
const packages = [
  {
    folder: 'packages/core',
    entries: [{ in: 'index.ts', out: 'node' }],
    alias: { '#ort': 'runtime/node/index.ts', '#files': 'runtime/node/files.ts' },
  },
  {
    folder: 'packages/stratus',
    entries: ['index', 'cli/main', 'cli/typescript', 'deploy-worker', 'server-worker'].map((out) => ({ in: `${out}.ts`, out })),
    alias: {},
  },
];

/** The record of a bundle: which files it consists of. Older than the compiler's, and the bundle is made again. */
const record = (folder) => join(root, folder, 'dist/.bundle.json');

const timeOf = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);

function isCurrent(folder) {
  const made = timeOf(record(folder));
  const dist = join(root, folder, 'dist');
  const builds = readdirSync(dist).filter((name) => name.endsWith('.tsbuildinfo'));
  return [import.meta.filename, join(root, 'node_modules/esbuild/package.json'), ...builds.map((name) => join(dist, name))].every(
    (path) => timeOf(path) < made,
  );
}

/** In a bundle `import.meta.url` is still the place where the compiler would have put the module. */
const places = (folder) => ({
  name: 'places',
  setup({ onLoad }) {
    const source = join(root, folder, 'src');
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8');
      if (!text.includes('import.meta.')) return undefined;
      const strange = /import\.meta\.(?!url\b)\w+/.exec(text)?.[0];
      if (strange !== undefined) return { errors: [{ text: `${strange} would be the bundle's: say it with import.meta.url` }] };
      const place = relative(source, path).split(sep).join('/').replace(/ts$/, 'js');
      const url = `import.meta.url.replace(/[/]dist[/](?!.*[/]dist[/]).*$/, ${JSON.stringify(`/dist/${place}`)})`;
      return { contents: text.replaceAll('import.meta.url', url), loader: 'ts' };
    });
  },
});

async function bundle({ folder, entries, alias }) {
  const dist = join(root, folder, 'dist');
  const source = (path) => join(root, folder, 'src', path);
  const before = existsSync(record(folder)) ? JSON.parse(readFileSync(record(folder), 'utf8')) : [];
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: entries.map((entry) => ({ in: source(entry.in), out: entry.out })),
    outdir: dist,
    chunkNames: 'part-[hash]',
    alias: Object.fromEntries(Object.entries(alias).map(([name, path]) => [name, source(path)])),
    plugins: [places(folder)],
    bundle: true,
    splitting: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    sourcemap: true,
    minify: true, // a new process reads and parses all of it; `node --enable-source-maps` shows lines and names as they were written
    lineLimit: 160,
    legalComments: 'inline',
    metafile: true,
    logLevel: 'warning',
  });
  const files = Object.keys(metafile.outputs).map((path) => relative(dist, join(root, path)).split(sep).join('/'));
  for (const old of before) if (!files.includes(old) && old.startsWith('part-')) rmSync(join(dist, old), { force: true });
  writeFileSync(record(folder), `${JSON.stringify(files.sort())}\n`);
}

/** Makes the bundles that are older than what the compiler wrote. */
export async function bundleAll() {
  for (const one of packages) if (!isCurrent(one.folder)) await bundle(one);
}
