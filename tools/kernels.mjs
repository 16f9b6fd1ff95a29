// `npm run kernels`: compiles packages/core/kernels for the platforms that they are shipped for. Needs zig 0.17 (as `zig`, $ZIG, or the Python
// package ziglang of $PYTHON), which compiles for other platforms as well. Users need nothing: the
// libraries are in the repository and in the package. `npm run check` says when they are older than their sources.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { main, Refusal, root, run } from './ready.mjs';

const folder = join(root, 'packages/core/kernels');
const prebuilt = join(folder, 'prebuilt');

/** Where each library runs: zig's name for the platform, and the instruction sets it is compiled for. */
const platforms = {
  'linux-x64.so': {
    target: 'x86_64-linux-gnu.2.17',
    levels: { base: 'x86_64', avx2: 'x86_64_v3', avx512: 'x86_64_v4' },
  },
};

const common = [
  '-ffp-contract=fast',
  '-ffreestanding',
  '-fno-builtin',
  '-fno-sanitize=all',
  '-fno-stack-protector',
  '-fvisibility=hidden',
];
const flags = [
  ...common,
  '-O3',
  '-fno-unwind-tables',
  '-fno-asynchronous-unwind-tables',
  '-fPIC',
  '-Wall',
  '-Wextra',
  '-Wno-unused-function',
];

/** What a library was made of, in one number: all sources and how they are compiled. */
export function sourceHash() {
  const hash = createHash('sha256').update(JSON.stringify([platforms, flags]));
  const sources = readdirSync(folder).filter((name) => /\.[ch]$/.test(name));
  for (const name of sources.sort())
    hash.update(`${name}\n`).update(readFileSync(join(folder, name), 'utf8').replaceAll('\r\n', '\n'));
  return hash.digest('hex');
}

async function zig() {
  const python = process.env.PYTHON ?? 'python3';
  const ways = [...(process.env.ZIG ? [[process.env.ZIG]] : []), ['zig'], [python, '-m', 'ziglang']];
  for (const way of ways) {
    const { code, output } = await run(way[0], [...way.slice(1), 'version'], { quiet: true });
    if (code === 0 && output.trim().startsWith('0.17.')) return way;
  }
  throw new Refusal('The kernels are compiled by zig 0.17: put it on the PATH, or `pip install ziglang==0.17.1` and set PYTHON.');
}

async function build() {
  const [file, ...before] = await zig();
  const compile = async (args) => {
    const { code, output } = await run(file, [...before, 'cc', ...args], { cwd: folder, quiet: true });
    if (code !== 0) throw new Refusal(`zig cc ${args.join(' ')}\n${output}`);
  };
  const objects = mkdtempSync(join(tmpdir(), 'stratus-kernels-'));
  mkdirSync(prebuilt, { recursive: true });
  try {
    for (const [library, { target, levels }] of Object.entries(platforms)) {
      const made = Object.entries(levels).map(([level, cpu]) => ({ level, cpu, object: join(objects, `${level}.o`) }));
      await Promise.all(
        made.map(({ level, cpu, object }) =>
          compile(['-target', target, `-mcpu=${cpu}`, `-DLEVEL=${level}`, ...flags, '-c', 'kernels.c', '-o', object]),
        ),
      );
      const linked = join(prebuilt, `${library}.new`);
      const entry = [
        '-target',
        target,
        ...common,
        '-O2',
        '-fPIC',
        `-DSOURCE="${sourceHash()}"`,
        '-shared',
        '-nostdlib',
        '-s',
        'entry.c',
      ];
      await compile([...entry, ...made.map(({ object }) => object), '-o', linked]);
      renameSync(linked, join(prebuilt, library)); // whoever has the old one open keeps it
      console.log(`packages/core/kernels/prebuilt/${library}`);
    }
  } finally {
    rmSync(objects, { recursive: true, force: true });
  }
}

/** Complains of libraries that are missing, or were made of other sources. */
export function staleLibraries() {
  const hash = sourceHash();
  return Object.keys(platforms).flatMap((library) => {
    try {
      return readFileSync(join(prebuilt, library)).includes(hash)
        ? []
        : [`${library} was made of other sources: npm run kernels`];
    } catch {
      return [`${library} is missing: npm run kernels`];
    }
  });
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href)
  await main(async () => {
    if (process.argv[2] !== 'check') return await build();
    const complaints = staleLibraries();
    for (const complaint of complaints) console.log(`packages/core/kernels/prebuilt/${complaint}`);
    return complaints.length > 0 ? 1 : 0;
  });
