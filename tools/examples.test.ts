import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Example, examplesInMarkdown, examplesInSource, keeps, promise, runAll } from './examples.ts';
import { filesUnder, root, shown } from './project.ts';
import type { Said } from './run-examples.ts';

const loader = ['--import', pathToFileURL(join(root, 'tools/typescript-loader.mjs')).href];
/** Where data sets are looked for first: the folder that is given, or the files in the repository. */
const env = { ...process.env, STRATUS_DATA: process.env.STRATUS_DATA ?? join(root, 'examples/data'), CI: 'true', NO_COLOR: '1' };

describe('finding examples', () => {
  it('takes ts blocks of documents as they stand, with their lines', () => {
    const text =
      '# A\n```ts\nconst a = 1;\n```\n```sh\nls\n```\n- item\n  ```typescript no-run\n  if (a) {\n    b();\n  }\n  ```\n';
    expect(examplesInMarkdown('a.md', text)).toEqual([
      { file: 'a.md', line: 3, code: 'const a = 1;\n', run: true },
      { file: 'a.md', line: 10, code: 'if (a) {\n  b();\n}\n', run: false },
    ]);
  });

  it('takes every @example of docstrings, bare or in a block', () => {
    const text = [
      'const no = "@example";', // line 1
      '/**',
      ' * Adds.',
      ' *',
      ' * @example',
      ' * import { a } from "x";', // line 6
      ' * if (a) {',
      ' *   a();',
      ' * }',
      ' *',
      ' * @example no-run',
      ' * b();', // line 12
      ' * @returns nothing',
      ' */',
      'export const a = 1;',
      '  /** Short. @example is only a tag at the beginning of a line. */',
      '  /**',
      '   * @example',
      '   * ```ts no-run',
      '   * c();', // line 20
      '   * ```',
      '   */',
      '// @example no',
    ].join('\n');
    expect(examplesInSource('a.ts', text)).toEqual([
      { file: 'a.ts', line: 6, code: 'import { a } from "x";\nif (a) {\n  a();\n}', run: true },
      { file: 'a.ts', line: 12, code: 'b();', run: false },
      { file: 'a.ts', line: 20, code: 'c();\n', run: false },
    ]);
  });

  it('reads what a comment promises, and tells values from prose', () => {
    const said = (comment: string, count = 1): string | undefined => promise(`log(x); // ${comment}`, 1, count);
    for (const value of ['[1, 2]', "'a b'", '-1.5e-3', 'Float32Array(2) [ 1, 2 ]', 'float32', '{ a: [1, 2] }', 'null', '12n'])
      expect(said(value)).toBe(value);
    for (const prose of ['about two', '3 of them', '0.1 0.1: twice', "the loss, 'mse'"]) expect(said(prose)).toBeUndefined();
    expect(said('float32 [2, 2] { a: 1 }', 3)).toBe('float32 [2, 2] { a: 1 }');
    expect(said("'a b' undefined", 2)).toBe("'a b' undefined");
    expect(said('0.1 0.2 0.3', 2)).toBeUndefined();
    const code = "log(\n  z,\n); // 'z'\nlog(w);\n// 3\nlog(v); // 4";
    expect([1, 4, 6].map((line) => promise(code, line))).toEqual(["'z'", undefined, '4']);
  });

  it.each([
    ["['batch', 3]", "[ 'batch', 3 ]", true],
    ["'bad-value'", 'bad-value', true],
    ['0.73', '0.7310585975646973', true],
    ['0.74', '0.7310585975646973', false],
    ['[0.1, -0.20]', 'Float32Array(2) [ 0.1, -0.2 ]', false],
    ['Float32Array(2) [0.1, -0.20]', 'Float32Array(2) [ 0.10000000149011612, -0.20000000298023224 ]', true],
    ['3', '4', false],
    ['3', '3.2', false],
    ['[1, 2, …]', '[ 1, 2, 3, 4 ]', true],
    ['[1, 2]', '[ 1, 2, 3 ]', false],
    ['[1, 2, 3]', '[ 1, 2 ]', false],
    ['{ a: 1 }', '{ a: 1 }', true],
    ['true', 'false', false],
    ['[1n, 2n]', '[ 1n, 2n ]', true],
  ])('holds the promise %s against %s: %s', (wanted, printed, kept) => {
    expect(keeps(wanted, printed)).toBe(kept);
  });
});

it('runs examples apart from each other: failures, broken promises and ended processes are told by their example', async () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'stratus-run-')));
  const write = (name: string, code: string): string => {
    writeFileSync(join(folder, `${name}.ts`), code);
    return join(folder, `${name}.ts`);
  };
  const paths = [
    write('good', 'const a: number = 1;\nconsole.log({ a }); // { a: 1 }\nsetInterval(() => {}, 1e6);'),
    write('wrong', 'console.log(1);\nconsole.log(\n  [1, 2],\n); // [1, 3]'),
    write('thrown', "await Promise.reject(new Error('no such layer'));"),
    write('stray', "void Promise.reject(new Error('left behind'));\nawait new Promise((resolve) => setTimeout(resolve, 1000));"),
    write('ended', 'process.exit(3);'),
    write('last', "import { writeFileSync } from 'node:fs';\nwriteFileSync('here.txt', '');\nconsole.log('x'); // 'x'"),
  ];
  const ends = await runAll(paths, env);
  const [good, wrong, thrown, stray, ended, last] = paths.map((path) => ends.get(path));
  expect([good, last].map((said) => said?.state)).toEqual(['ok', 'ok']);
  expect(wrong?.reason).toContain('line 2 of the example prints [ 1, 2 ], but its comment says [1, 3]');
  expect(thrown?.reason).toContain('no such layer');
  expect(stray?.reason).toContain('left behind');
  expect(ended?.reason).toContain('the process ended with exit code 3');
  expect(existsSync(join(folder, 'last.ts.files/here.txt'))).toBe(true);
});

const sources = filesUnder(join(root, 'packages'), '.ts').filter(
  (path) => shown(path).includes('/src/') && !path.endsWith('.test.ts'),
);
const documents = [
  join(root, 'README.md'),
  ...['core', 'stratus'].map((name) => join(root, 'packages', name, 'README.md')),
].filter(existsSync);
const inSources = sources.flatMap((path) => examplesInSource(shown(path), readFileSync(path, 'utf8')));
const inDocuments = documents.flatMap((path) => examplesInMarkdown(shown(path), readFileSync(path, 'utf8')));
const nameOf = ({ file, line }: Example): string => `${file}:${line}`;
const fileOf = (example: Example): string => `${nameOf(example).replaceAll(/[/:]/g, '-')}.ts`;

/** A folder as a user has one: the built packages in node_modules, and nothing else of the repository. */
function makeFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'stratus-examples-')));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const compilerOptions = {
    target: 'es2023',
    module: 'nodenext',
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    moduleDetection: 'force',
    types: ['node'],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
  return folder;
}

/** What the compiler says against examples, by the name of their file. */
function typeErrors(folder: string): Map<string, string[]> {
  const { stdout } = spawnSync(
    process.execPath,
    [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder, '--pretty', 'false'],
    { cwd: folder, encoding: 'utf8' },
  );
  const found = new Map<string, string[]>();
  for (const line of stdout.split('\n')) {
    const [, file, rest] = /^([^\s(]+)(\(\d.*)$/.exec(line) ?? [];
    if (file !== undefined) found.set(basename(file), [...(found.get(basename(file)) ?? []), `${rest}`]);
  }
  return found;
}

describe('examples', () => {
  const folder = makeFolder();
  const errors = new Map<string, string[]>();
  const ends = new Map<string, Said>();
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  beforeAll(async () => {
    try {
      execFileSync(process.execPath, [join(root, 'tools/ready.mjs'), 'build'], { stdio: 'pipe', encoding: 'utf8' });
    } catch (e) {
      throw new Error(`The packages do not build:\n${(e as { stdout: string }).stdout}`);
    }
    for (const example of [...inSources, ...inDocuments]) writeFileSync(join(folder, fileOf(example)), example.code);
    for (const [file, complaints] of typeErrors(folder)) errors.set(file, complaints);
    const paths = inSources.filter((e) => e.run).map((e) => join(folder, fileOf(e)));
    const halves = [0, 1].map((half) => paths.filter((_, i) => i % 2 === half));
    for (const half of await Promise.all(halves.map((half) => runAll(half, env))))
      for (const [path, said] of half) ends.set(basename(path), said);
  }, 300_000);

  it('are there', () => {
    expect(inSources.length).toBeGreaterThan(0);
    expect(inDocuments.length).toBeGreaterThan(0);
  });

  it.each(inSources.map((example) => [nameOf(example), example] as const))('%s', (_, example) => {
    expect(errors.get(fileOf(example)) ?? []).toEqual([]);
    if (example.run) expect(ends.get(fileOf(example))).toMatchObject({ state: 'ok' });
  });

  // The blocks of one document run in order and in one folder: a later one may load what an earlier one saved.
  describe.each([...new Set(inDocuments.map((e) => e.file))])('%s', (file) => {
    const home = join(folder, file.replaceAll('/', '-').replace(/\.md$/, ''));
    it.each(inDocuments.filter((e) => e.file === file).map((e) => [e.line, e] as const))(
      'line %i',
      (_, example) => {
        expect(errors.get(fileOf(example)) ?? []).toEqual([]);
        if (!example.run) return;
        mkdirSync(home, { recursive: true });
        const path = join(home, fileOf(example));
        cpSync(join(folder, fileOf(example)), path);
        const { status, signal, stdout, stderr } = spawnSync(process.execPath, [...loader, path], {
          cwd: dirname(path),
          env,
          encoding: 'utf8',
          timeout: 120_000,
        });
        expect({ status, signal, output: status === 0 ? '' : `${stdout}\n${stderr}` }).toEqual({
          status: 0,
          signal: null,
          output: '',
        });
      },
      130_000,
    );
  });
});
