// Everything that may happen to memory while native code uses it, at random and at once, with collections at any moment: the process must
// neither end nor calculate with anything but the numbers it was given.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { affine, counter, heavy } from './executor.models.ts';

const folder = mkdtempSync(join(tmpdir(), 'stratus-stress-'));
beforeAll(() => {
  for (const [name, bytes] of Object.entries({ affine, counter, heavy })) writeFileSync(join(folder, name), bytes);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const program = `
import { readFileSync } from 'node:fs';
import { createExecutor, StratusError, Tensor, tensor } from '${new URL('../dist/node.js', import.meta.url).href}';
const [driver, seedText] = process.argv.slice(-2);
let seed = Number(seedText);
const random = (n) => (seed = (seed * 48271) % 2147483647) % n;
const read = (name) => readFileSync(new URL(name, '${pathToFileURL(folder).href}/'));
const turn = () => new Promise((resolve) => setImmediate(resolve));
const executor = await createExecutor({ driver, threads: 2 });
const affine = await executor.compile(read('affine'));
const counter = await executor.compile(read('counter'));
const heavy = await executor.compile(read('heavy'));
const count = await executor.hold({ count: tensor(0), by: tensor(1) });
let counted = 0;
const seen = {};
/** Waits for a run: true when it went well, false when it was refused in a sentence; anything else ends this process. */
const outcome = async (run) => {
  try {
    return await run;
  } catch (e) {
    if (!StratusError.is(e)) throw e;
    seen[e.code] = (seen[e.code] ?? 0) + 1;
    return undefined;
  }
};
const detach = (data) => structuredClone(data, { transfer: [data.buffer] });
const memory = (bytes) => (random(3) === 0 ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes));

const works = [
  async () => { // numbers, some of them shared with other threads, and some moved away before the run is over
    const rows = [1, 7, 3000, 40000][random(4)];
    const value = random(1000);
    const data = new Float32Array(memory(rows * 8)).fill(value);
    const run = outcome(affine.run({ x: new Tensor('float32', [rows, 2], data), a: tensor(2), b: tensor([1, 1]) }));
    if (data.buffer instanceof ArrayBuffer && random(2) === 0) {
      for (let i = random(3); i > 0; i--) await turn();
      detach(data);
    }
    const result = await run;
    if (result?.y.data.some((v) => v !== 2 * value + 1)) throw new Error('wrong numbers');
    if (result && random(2) === 0) detach(result.y.data); // it is the caller's
  },
  async () => { // an update that is told to end, or is not; either all of it has happened or nothing
    const controller = new AbortController();
    const run = outcome(counter.run({}, { held: count, updates: { next: 'count' }, signal: controller.signal }));
    if (random(2) === 0) await turn();
    if (random(2) === 0) controller.abort();
    if (await run) counted++;
  },
  async () => { // a long run that is told to end in its middle, with memory that goes meanwhile
    const controller = new AbortController();
    const data = new Float32Array(memory(65536 * 4));
    const run = outcome(heavy.run({ x: new Tensor('float32', [256, 256], data), turns: tensor(40n), w: tensor(0) }, { signal: controller.signal }));
    setTimeout(() => controller.abort(), random(15));
    for (let i = random(4); i > 0; i--) await turn();
    if (data.buffer instanceof ArrayBuffer) detach(data);
    await run;
  },
  async () => { // what is released or forgotten while it is in use
    const own = await executor.compile(read('counter'));
    const held = await executor.hold({ count: tensor(5), by: tensor(1) });
    const runs = [1, 2, 3].map(() => outcome(own.run({}, { held, updates: { next: 'count' } })));
    if (random(2) === 0) { void outcome(held.release()); void outcome(own.release()); }
    const made = await Promise.all(runs);
    for (const [i, result] of made.entries()) if (result && result.seen.item() !== 10 * (5 + i)) throw new Error('wrong numbers');
  },
  async () => { // arrays that come out are copies, whatever happens to them
    const { count: now } = await count.read(['count']);
    detach(now.data);
  },
];

for (let round = 0; round < 60; round++) {
  const under = Array.from({ length: 1 + random(6) }, () => works[random(works.length)]());
  for (let i = random(3); i > 0; i--) { globalThis.gc(); await turn(); }
  await Promise.all(under);
}
if ((await count.read()).count.item() !== counted) throw new Error('an update was half made');
await executor.release();
console.log(JSON.stringify({ counted: counted > 0, seen: Object.keys(seen).sort() }));
`;

it.each(['capi', 'binding'].flatMap((driver) => [1, 2, 3].map((seed) => [driver, seed] as const)))(
  'memory that is shared, moved away, released and collected while it is in use: %s, seed %i',
  async (driver, seed) => {
    const args = ['--expose-gc', '--input-type=module', '-e', program, '--', driver, String(seed)];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 50_000 });
    const { counted, seen } = JSON.parse(stdout) as { counted: boolean; seen: readonly string[] };
    expect(counted).toBe(true);
    for (const code of seen) expect(['aborted', 'bad-value', 'released']).toContain(code);
    expect(seen).toContain('aborted');
  },
);
