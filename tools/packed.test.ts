// What a registry would get, used as a user uses it: unpacked into an empty folder, with nothing in reach but what package.json names.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from './project.ts';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly main: string;
  readonly types: string;
  readonly bin?: Readonly<Record<string, string>>;
  readonly exports: unknown;
  readonly imports?: unknown;
  readonly dependencies: Readonly<Record<string, string>>;
}

const packages = { '@stratus/core': 'packages/core', stratus: 'packages/stratus' };
const names = Object.keys(packages) as readonly (keyof typeof packages)[];
const home = realpathSync(mkdtempSync(join(tmpdir(), 'stratus-packed-')));
const installed = (name: string): string => join(home, 'node_modules', name);
const manifestOf = (name: string): Manifest =>
  JSON.parse(readFileSync(join(installed(name), 'package.json'), 'utf8')) as Manifest;
const write = (file: string, lines: readonly string[]): void => writeFileSync(join(home, file), lines.join('\n'));
const node = (...args: string[]): { status: number | null; output: string } => {
  const env = { ...process.env, CI: 'true', NO_COLOR: '1' };
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: home, env, encoding: 'utf8' });
  return { status, output: stdout + stderr };
};

/** The files of a package's bundle that the build has made. */
const bundled = (name: keyof typeof packages): readonly string[] =>
  (JSON.parse(readFileSync(join(root, packages[name], 'dist/.bundle.json'), 'utf8')) as readonly string[]).filter((file) =>
    file.endsWith('.js'),
  );

/** The paths that a field of package.json names, however deep. */
const pathsIn = (field: unknown): string[] =>
  typeof field === 'string' ? [field] : Object.values((field ?? {}) as object).flatMap(pathsIn);

function link(name: string, from: string): void {
  const place = [join(root, from, 'node_modules', name), join(root, 'node_modules', name)].find(existsSync);
  if (place === undefined) throw new Error(`${name} is not installed`);
  mkdirSync(dirname(installed(name)), { recursive: true });
  if (!existsSync(installed(name))) symlinkSync(place, installed(name), 'junction');
}

beforeAll(() => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'tools/pack.mjs'), home], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`The packages cannot be packed:\n${stdout}${stderr}`);
  for (const [i, path] of stdout.trim().split('\n').entries()) {
    const folder = installed(names[i]!);
    mkdirSync(folder, { recursive: true });
    execFileSync('tar', ['-xzf', path, '-C', folder, '--strip-components=1']);
  }
  for (const name of names)
    for (const other of Object.keys(manifestOf(name).dependencies)) if (!(other in packages)) link(other, packages[name]);
  link('@types/node', '.');
  write('package.json', ['{ "type": "commonjs" }']); // as npm init writes it
}, 120_000);
afterAll(() => rmSync(home, { recursive: true, force: true }));

describe.each(names)('%s, packed', (name) => {
  it('holds what package.json names, and nothing that nobody needs', () => {
    const folder = installed(name);
    const manifest = manifestOf(name);
    const files = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    const strange = files.filter((path) => {
      const file = path.slice(folder.length + 1).replaceAll('\\', '/');
      if (['package.json', 'README.md', 'LICENSE'].includes(file)) return false;
      if (file.startsWith('kernels/prebuilt/')) return !existsSync(join(root, packages[name], file));
      const [, stem, ending] = /^dist\/(.+?)(\.js|\.js\.map|\.d\.ts)$/.exec(file) ?? [];
      if (stem === undefined || stem.endsWith('.test')) return true;
      if (ending !== '.d.ts' && bundled(name).includes(`${stem}.js`)) return false;
      // Modules one by one are for the bundlers of pages, which the command and the server have nothing to do with, and for what is started by its place.
      const byItself = stem.startsWith('client/') || stem === 'sweeps/leash';
      return (
        (ending !== '.d.ts' && name === 'stratus' && !byItself) || !existsSync(join(root, packages[name], 'src', `${stem}.ts`))
      );
    });
    expect(strange).toEqual([]);
    const libraries = existsSync(join(root, packages[name], 'kernels')) ? ['kernels'] : [];
    expect(readdirSync(folder).sort()).toEqual(['LICENSE', 'README.md', 'dist', ...libraries, 'package.json']);
    const named = [manifest.main, manifest.types, manifest.bin, manifest.exports, manifest.imports].flatMap(pathsIn);
    expect(named.length).toBeGreaterThan(3);
    expect(named.filter((path) => !existsSync(join(folder, path)))).toEqual([]);
  });

  it('brings the sources that its source maps name', () => {
    const from = join(root, packages[name], 'src');
    // In a bundle, `import.meta.url` is written as the place of its module.
    const plain = (text: string): string => text.replaceAll(/import\.meta\.url(\.replace\(\/\[.*?"\))?/g, 'import.meta.url');
    for (const file of new Set(['index.js', ...bundled(name)])) {
      const map = JSON.parse(readFileSync(join(installed(name), 'dist', `${file}.map`), 'utf8')) as {
        readonly sources: readonly string[];
        readonly sourcesContent?: readonly string[];
      };
      const sources = map.sources.map((path) => join(root, packages[name], 'dist', dirname(file), path));
      expect(sources.filter((path) => !path.startsWith(from))).toEqual([]);
      expect(map.sourcesContent?.map(plain)).toEqual(sources.map((path) => readFileSync(path, 'utf8')));
    }
  });
});

describe('a user', () => {
  it('gets two packages that fit each other', () => {
    const [core, stratus] = names.map(manifestOf);
    expect(stratus!.dependencies[core!.name]).toBe(core!.version);
    const command = readFileSync(join(installed('stratus'), stratus!.bin!.stratus!), 'utf8');
    expect(command).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  it('has it loaded out of few files', () => {
    const { status, output } = node(join(root, 'bench/peers/import-size.mjs'), 'stratus', home);
    expect({ status, few: (JSON.parse(output) as { modules: number }).modules < 80 }).toEqual({ status: 0, few: true });
  });

  it('runs a training script with the command, and its model with plain Node', () => {
    write('train.ts', [
      "import { dense, input, sequential, sgd } from 'stratus';",
      'const x: number[][] = [[0, 0], [0, 1], [1, 0], [1, 1]];',
      "const model = sequential([input({ shape: [2], name: 'x' }), dense({ units: 1, name: 'sum' })]);",
      "model.compile({ optimizer: sgd({ learningRate: 0.3 }), loss: 'meanSquaredError' });",
      'await model.fit(x, x.map(([a, b]) => [a! + b!]), { epochs: 60, batchSize: 4 });',
      "await model.save('sum.onnx');",
    ]);
    write('ask.mjs', [
      "import { fileURLToPath } from 'node:url';",
      "import { load } from '@stratus/core';",
      "import { deploy } from 'stratus';",
      "console.log(fileURLToPath(import.meta.resolve('stratus')));",
      "const answer = await (await load('sum.onnx')).predict([[1, 1]]);",
      'console.log(answer.toArray()[0][0].toFixed(1));',
      "const server = await deploy('sum.onnx', { port: 0 });",
      "console.log((await fetch(server.url + '/v2/health/ready')).status);",
      'await server.stop();',
    ]);
    const trained = node(join(installed('stratus'), 'dist/cli/main.js'), 'train', 'train.ts');
    expect(trained).toMatchObject({ status: 0, output: expect.stringMatching(/^Epoch 60\/60 {2}loss \d/m) as string });
    const index = join(installed('stratus'), 'dist/index.js');
    expect(node('ask.mjs')).toEqual({ status: 0, output: `${index}\n2.0\n200\n` });
  }, 60_000);

  it('gets a client whose types need nothing of Node', () => {
    write('page.mts', [
      "import { type Client, connect } from 'stratus/client';",
      "export const stratus: Client = connect({ url: 'http://127.0.0.1:8080' });",
      'const { runs } = await stratus.runs.list({ sort: { metric: "loss" }, limit: 1 });',
      "export const loss: number | undefined = runs[0]?.metrics['loss']?.last.value;",
      '// @ts-expect-error: no such key',
      'await stratus.runs.create({ nmae: "x" });',
    ]);
    const compilerOptions = {
      target: 'es2023',
      lib: ['es2023', 'dom', 'dom.asynciterable'],
      types: [],
      noEmit: true,
      strict: true,
      skipLibCheck: true,
    };
    const how = { module: 'esnext', moduleResolution: 'bundler' };
    write('tsconfig.json', [JSON.stringify({ compilerOptions: { ...compilerOptions, ...how }, files: ['page.mts'] })]);
    const { status, output } = node(join(root, 'node_modules/typescript/bin/tsc'), '-p', '.', '--pretty', 'false');
    expect({ status, complaints: output }).toEqual({ status: 0, complaints: '' });
  }, 60_000);

  it.each([
    ['nodenext', { module: 'nodenext' }],
    ['a bundler', { module: 'esnext', moduleResolution: 'bundler' }],
  ])(
    'has its types checked, those of the packages too: %s',
    (_, how) => {
      write('user.mts', [
        "import { type Callback, dense, defineLayer, input, type LossFunction, mnist, type MnistRecord, ops, sequential, sgd, type Tensor } from 'stratus';",
        "import { createExecutor, type Executor } from '@stratus/core';",
        "const scale = defineLayer<{ by: number }>({ type: 'Scale', build: ({ by }, [x]) => ops.mul(x!, by) });",
        'const own: LossFunction = (target, prediction) => ops.abs(ops.sub(prediction, target));',
        'const watch: Callback = { onEpochEnd: (run, logs) => console.log(run.epoch, logs.loss) };',
        'const model = sequential([input({ shape: [28, 28] }), scale({ by: 2 }), dense({ units: 1, activation: "relu" })]);',
        'model.compile({ optimizer: "adam", loss: own });',
        'model.compile({ optimizer: sgd({ momentum: 0.9 }), loss: "meanSquaredError", metrics: ["accuracy"] });',
        'const { train }: { train: { image: Tensor<"uint8">; record(i: number): MnistRecord } } = await mnist();',
        'const label: number = train.record(0).label;',
        'await model.fit(train.image, [[label]], { epochs: 2, validationSplit: 0.1, callbacks: [watch] });',
        'export const executor: Executor = await createExecutor({ threads: 1 });',
        '// @ts-expect-error: no such option',
        'await model.fit(train.image, [[label]], { epoch: 2 });',
        '// @ts-expect-error: no such optimizer',
        'model.compile({ optimizer: "adm", loss: "meanSquaredError" });',
        '// @ts-expect-error: no such activation',
        'dense({ units: 1, activation: "rlu" });',
        '// @ts-expect-error: an option is missing',
        'scale({});',
        '// @ts-expect-error: threads are counted',
        "await createExecutor({ threads: 'all' });",
      ]);
      const strict = { strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: false };
      const compilerOptions = { target: 'es2023', lib: ['es2023'], types: ['node'], noEmit: true, ...strict, ...how };
      write('tsconfig.json', [JSON.stringify({ compilerOptions, files: ['user.mts'] })]);
      const { status, output } = node(join(root, 'node_modules/typescript/bin/tsc'), '-p', '.', '--pretty', 'false');
      expect({ status, complaints: output }).toEqual({ status: 0, complaints: '' });
    },
    60_000,
  );
});
