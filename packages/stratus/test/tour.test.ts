// The tour of the README, run as it stands, in a project as users have one.
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { root } from './cli-process.ts';

const text = readFileSync(join(root, 'README.md'), 'utf8');
const tour = /by test\/tour\.test\.ts[\s\S]*?<!-- End of the tour\. -->/.exec(text)?.[0] ?? '';
const block = (kind: string): string => new RegExp(`^\`\`\`${kind}\\b.*\\n([\\s\\S]*?)^\`\`\``, 'm').exec(tour)?.[1] ?? '';

const folder = mkdtempSync(join(tmpdir(), 'stratus-tour-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a line printed, on both ways out. */
const printed = new Map<string, string>();

beforeAll(async () => {
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, '.bin'), { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "name": "tour", "private": true, "type": "module" }');
  writeFileSync(join(folder, 'train.ts'), block('ts'));
  symlinkSync(join(root, 'packages/stratus'), join(modules, 'stratus'));
  const main = join(root, 'packages/stratus/dist/cli/main.js');
  chmodSync(main, 0o755); // as npm does when it installs
  symlinkSync(main, join(modules, '.bin/stratus'));
  const { NODE_OPTIONS: _, NO_COLOR: __, FORCE_COLOR: ___, STRATUS_STORE: ____, ...env } = process.env;
  const lines = block('sh')
    .split('\n')
    .filter((line) => line !== '');
  // One shell for all lines, which says before each which one it is, and stops at the first that fails.
  const script = lines
    .map((line, i) => `echo "<<line ${i}>>"\n${line} || exit 1`.replace(/\s+#[^"']*( \|\| exit 1)$/, '$1'))
    .join('\n');
  const child = spawn('sh', ['-c', `exec 2>&1\n${script}`], { cwd: folder, env });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => void (output += piece));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  for (const [, number, said] of output.matchAll(/<<line (\d+)>>\n([\s\S]*?)(?=<<line|$)/g))
    printed.set(lines[Number(number)]!, said!);
  if (code !== 0) throw new Error(`the tour stopped:\n${output}`);
}, 600_000);

const said = (start: string): string => {
  const line = [...printed.keys()].find((one) => one.includes(start));
  if (line === undefined) throw new Error(`the tour has no line with ${start}`);
  return printed.get(line)!;
};

it('trains twice, and compares', () => {
  expect(said('runs ls')).toMatch(/large[\s\S]*small/);
  expect(said('runs compare')).toMatch(/small[\s\S]*large/);
});

it('registers with lineage, and promotes behind gates', () => {
  expect(said('register small.onnx')).toContain('Registered digits:1');
  expect(said('promote digits:1')).toContain('@production → digits:1');
  expect(said('register large.onnx')).toContain('Registered digits:2');
  expect(said('promote digits:2')).toMatch(
    /✓ accuracy on mnist: 0\.9\d+ · at least 0\.[89]\d+; digits:1 has 0\.[89]\d+[\s\S]*@production → digits:2 \(was digits:1\)/,
  );
  expect(said('predict digits@production')).toContain('The data says');
});

it('goes back, and remembers', () => {
  expect(said('rollback')).toContain('@production → digits:1 (was digits:2)');
  expect(said('history')).toMatch(
    /digits:1 \(was digits:2, rolled back\)[\s\S]*“too slow on old phones”[\s\S]*“reads more of them”[\s\S]*“the first one”/,
  );
});
