// `npm run pack [-- FOLDER]`: builds both packages and packs them as a registry would get them, into FOLDER (tmp/packages unless
// told). Prints one path a line. Install them with `npm install --ignore-scripts FOLDER/*.tgz`.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { ensureBuilt, ensureInstalled, main, Refusal, root, run } from './ready.mjs';

const packages = ['packages/core', 'packages/stratus'];

/** The compiler leaves what it once wrote for a source that is gone; it must not be published. */
function removeStale(name) {
  const dist = join(root, name, 'dist');
  const bundled = new Set(JSON.parse(readFileSync(join(dist, '.bundle.json'), 'utf8')));
  for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
    const stem = /^(.+?)(\.d\.ts|\.js)(\.map)?$/.exec(entry.name)?.[1];
    if (!entry.isFile() || stem === undefined || bundled.has(entry.name)) continue;
    const source = join(root, name, 'src', relative(dist, entry.parentPath), `${stem}.ts`);
    if (!existsSync(source)) rmSync(join(entry.parentPath, entry.name));
  }
}

await main(async () => {
  await ensureInstalled({ toError: true });
  await ensureBuilt({ toError: true });
  const folder = resolve(process.argv[2] ?? join(root, 'tmp/packages'));
  mkdirSync(folder, { recursive: true });
  for (const name of packages) {
    removeStale(name);
    const { code, output } = await run('npm', ['pack', '--silent', '--pack-destination', folder], {
      cwd: join(root, name),
      quiet: true,
    });
    const file = /^\S+\.tgz$/m.exec(output)?.[0];
    if (code !== 0 || file === undefined) throw new Refusal(`npm pack failed in ${name}:\n${output}`);
    console.log(join(folder, file));
  }
});
