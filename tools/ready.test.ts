import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { root } from './project.ts';

const node = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
const ready = pathToFileURL(join(root, 'tools/ready.mjs')).href;
const evaluate = (body: string, ...args: string[]): string => {
  const { stdout, stderr } = node(
    '--input-type=module',
    '-e',
    `const ready = await import('${ready}'); const [a] = process.argv.slice(1); ${body}`,
    ...args,
  );
  return stdout + stderr;
};

describe('ready', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stratus-ready-'));
  const missing = (installed: object | undefined, wanted: object): string => {
    mkdirSync(join(folder, 'node_modules'), { recursive: true });
    writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ packages: wanted }));
    if (installed !== undefined)
      writeFileSync(join(folder, 'node_modules/.package-lock.json'), JSON.stringify({ packages: installed }));
    return evaluate('console.log(ready.missing(a));', folder).trim();
  };
  const a = { 'node_modules/a': { version: '1.0.0' } };

  it('says what is not installed as package-lock.json says', () => {
    expect(missing(undefined, a)).toBe('nothing is installed yet');
    expect(missing(a, { '': { name: 'root' }, ...a, 'node_modules/other-platform': { version: '1.0.0', optional: true } })).toBe(
      'undefined',
    );
    expect(missing(a, { 'node_modules/a': { version: '1.0.1' } })).toBe('node_modules/a is not what package-lock.json says');
    expect(missing({}, a)).toBe('node_modules/a is not what package-lock.json says');
  });

  it('passes on exit codes, and ends a program that takes too long', () => {
    expect(evaluate("console.log((await ready.run(process.execPath, ['-e', 'process.exit(7)'])).code);").trim()).toBe('7');
    const slow =
      "console.log(await ready.run(process.execPath, ['-e', 'console.log(1); setInterval(() => {}, 1e6)'], { quiet: true, timeoutMs: 500 }));";
    expect(evaluate(slow)).toContain("{ code: 137, output: '1\\n' }");
    expect(evaluate("console.log((await ready.run('no-such-program', [], { quiet: true })).code);").trim()).toBe('127');
  });

  it('explains wrong use', () => {
    expect(node('tools/ready.mjs', 'biuld')).toMatchObject({ status: 1, stderr: 'Usage: node tools/ready.mjs install|build\n' });
    const check = node('tools/check.mjs', 'typos');
    expect(check.status).toBe(1);
    expect(check.stderr).toContain(
      "There is no check 'typos'. Known: types, test-types, lint, boundaries, complete, dead, docs, sizes, kernels, links.",
    );
  });
});

describe('the loader', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stratus-loader-'));
  const runFile = (name: string, code: string): ReturnType<typeof node> => {
    writeFileSync(join(folder, name), code);
    return node('--import', pathToFileURL(join(root, 'tools/typescript-loader.mjs')).href, join(folder, name));
  };

  it('runs TypeScript, keeping lines and columns', () => {
    const { stdout, status } = runFile(
      'good.ts',
      'type A = { a: number };\nconst a: A = { a: 1 } satisfies A;\nconsole.log(a.a);\n',
    );
    expect({ stdout, status }).toEqual({ stdout: '1\n', status: 0 });
    const thrown = runFile(
      'thrown.mts',
      "interface A {\n  a: 1;\n}\nconst f = (a: A): never => { throw new Error('here'); };\nf({ a: 1 });\n",
    );
    expect(thrown.stderr).toContain('thrown.mts:4:36');
  });

  it('names the file that cannot be read as TypeScript', () => {
    expect(runFile('broken.ts', 'const a: = 1;').stderr).toMatch(/SyntaxError.*broken\.ts: Unexpected token/);
    expect(runFile('enum.ts', 'enum A { B }').stderr).toMatch(/SyntaxError.*enum\.ts: TypeScript enum is not supported/);
  });
});
