import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isMet, type Result } from '../bench/result.ts';
import { choose, isFine, measure, table } from './measure.ts';

const result = (change: Partial<Result> = {}): Result => ({
  name: 'step',
  reached: 1,
  target: 2,
  better: 'lower',
  unit: 'ms',
  ...change,
});

describe('measure', () => {
  it('knows when a target is met: the target itself is good, NaN never is', () => {
    expect([isMet(result()), isMet(result({ reached: 2 })), isMet(result({ reached: 2.1 }))]).toEqual([true, true, false]);
    expect([isMet(result({ better: 'higher' })), isMet(result({ better: 'higher', reached: 2 }))]).toEqual([false, true]);
    expect([isMet(result({ reached: Number.NaN })), isMet(result({ reached: Number.NaN, better: 'higher' }))]).toEqual([
      false,
      false,
    ]);
  });

  it('chooses by name, by the words before a dash, and all unless asked', () => {
    const available = ['mlp', 'mlp-tfjs', 'train-cnn', 'train-rnn'];
    expect(choose(available, [], 'bench')).toEqual(available);
    expect(choose(available, ['train', 'mlp'], 'bench')).toEqual(['mlp', 'train-cnn', 'train-rnn']);
    expect(() => choose(available, ['mlq'], 'bench')).toThrow(
      "There is no bench 'mlq'. Did you mean 'mlp'? Known: mlp, mlp-tfjs, train-cnn, train-rnn.",
    );
    expect(() => choose([], ['x'], 'soak')).toThrow("There is no soak 'x'. Known: none yet.");
  });

  it('prints reached beside target', () => {
    const outcomes = [
      {
        file: 'mlp',
        results: [
          result({ name: 'step', reached: 0.83333, target: 0.9, unit: 'ratio', detail: 'median of 5' }),
          result({ reached: 3 }),
        ],
      },
      { file: 'rnn', results: [], error: 'Error: no data\n    at x' },
    ];
    expect(table(outcomes)).toBe(
      [
        '              reached  target  unit',
        'ok      step   0.8333  <= 0.9  ratio  median of 5',
        'MISSED  step        3    <= 2  ms',
        'FAILED  rnn                           Error: no data',
      ].join('\n'),
    );
    expect(table([{ file: 'startup', results: [], skipped: 'why' }])).toContain('skipped  startup');
    expect(isFine([{ file: 'startup', results: [], skipped: 'why' }])).toBe(true);
    expect(isFine(outcomes)).toBe(false);
    expect(isFine([{ file: 'mlp', results: [result()] }])).toBe(true);
    expect(isFine([{ file: 'mlp', results: [] }])).toBe(false);
  });

  it('runs a file in its own process and brings back results, errors and deaths', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'stratus-measure-'));
    const outcome = (name: string, body: string, device?: string): ReturnType<typeof measure> => {
      const path = join(folder, `${name}.ts`);
      writeFileSync(path, body);
      return measure(path, device);
    };
    const types = `import type { Run } from '${join(import.meta.dirname, '../bench/result.ts')}';\n`;
    const result = "{ name: String(device), reached: 1, target: 1, better: 'lower', unit: 'ms' }";
    const [good, bad, dead, there, nowhere] = await Promise.all([
      outcome(
        'good',
        `${types}export const run: Run = async () => [{ name: typeof gc, reached: NaN, target: 1, better: 'lower', unit: 'ms' }]; setInterval(() => {}, 1e6);`,
      ),
      outcome('bad', `${types}export const run: Run = async ({ signal }) => { throw new Error('no data, ' + signal.aborted); };`),
      outcome('dead', 'export const run = () => process.exit(3);'),
      outcome('there', `export const run = async ({ device }) => [${result}]; run.anyDevice = true;`, 'webgpu'),
      outcome('nowhere', `export const run = async ({ device }) => [${result}];`, 'webgpu'),
    ]);
    expect(good).toEqual({
      file: 'good',
      results: [{ name: 'function', reached: Number.NaN, target: 1, better: 'lower', unit: 'ms' }],
    });
    expect(there.results.map(({ name }) => name)).toEqual(['webgpu']);
    expect(nowhere).toEqual({ file: 'nowhere', results: [], skipped: 'it is not about devices (--device webgpu)' });
    expect(bad.error).toContain('Error: no data, false');
    expect(dead).toEqual({ file: 'dead', results: [], error: 'ended with exit code 3' });
  });
});
