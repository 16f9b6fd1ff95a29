import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StratusError } from '../src/errors.ts';
import type { Executor } from '../src/runtime/executor.ts';
import { executor as sharedExecutor } from '../src/runtime/index.ts';
import { createExecutor, nextTurn } from '../src/runtime/node/index.ts';
import { createExecutor as createWebExecutor } from '../src/runtime/web/index.ts';
import { Tensor, tensor } from '../src/tensor/index.ts';
import { executorContract } from './executor.contract.ts';
import { affine, counter, heavy, heavyFeeds, model } from './executor.models.ts';

executorContract('capi', () => createExecutor({ driver: 'capi', threads: 2 }));
executorContract('binding', () => createExecutor({ driver: 'binding', threads: 2 }));
executorContract('web', () => createWebExecutor({ threads: 1 }));

const drivers = ['capi', 'binding'] as const;

describe.each(drivers)('the notes of a profiled program: %s', (driver) => {
  const feeds = { x: tensor([[1, 2]]), a: tensor(2), b: tensor([1, -1]) };
  const before = process.env['TMPDIR'];
  let folder: string;
  let executor: Executor;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'stratus-notes-'));
    process.env['TMPDIR'] = folder;
    executor = await createExecutor({ driver, threads: 1 });
  });
  afterAll(async () => {
    await executor.release();
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
    rmSync(folder, { recursive: true });
  });

  it('are of every kernel of every run, whose results are the same', async () => {
    const [plain, program] = [await executor.compile(affine), await executor.compile(affine, { profile: true })];
    expect(plain.endProfiling).toBeUndefined();
    for (let i = 0; i < 3; i++) expect((await program.run(feeds)).y!.data).toEqual((await plain.run(feeds)).y!.data);
    const runs = await program.endProfiling!();
    expect(runs).toHaveLength(3);
    for (const { start, duration, kernels } of runs) {
      expect(kernels.map(({ op }) => op).sort()).toEqual(['Add', 'Mul']);
      for (const kernel of kernels) {
        expect(kernel.start).toBeGreaterThanOrEqual(start);
        expect(kernel.start + kernel.duration).toBeLessThanOrEqual(start + duration);
        expect(kernel.peakBytes).toBeGreaterThan(0);
      }
    }
    expect(runs[1]!.start).toBeGreaterThanOrEqual(runs[0]!.start + runs[0]!.duration);
    expect((await program.run(feeds)).y!.shape).toEqual([1, 2]); // it still runs
    await expect(program.endProfiling!()).rejects.toMatchObject({ code: 'engine' });
    await program.release();
    await expect(program.endProfiling!()).rejects.toMatchObject({ code: 'released' });
  });

  it('leave no file behind, read or not, nor where the model is refused', async () => {
    const [read, unread] = await Promise.all([1, 2].map(() => executor.compile(affine, { profile: true })));
    await unread!.run(feeds);
    await read!.endProfiling!();
    await Promise.all([read!.release(), unread!.release()]);
    await expect(executor.compile(new Uint8Array(9), { profile: true })).rejects.toMatchObject({ code: 'engine' });
    expect(readdirSync(folder).filter((name) => name.startsWith('stratus-profile-'))).toEqual([]);
  });
});

it('says plainly that the WebAssembly build cannot profile', async () => {
  const web = await createWebExecutor({ threads: 1 });
  await expect(web.compile(affine, { profile: true })).rejects.toThrow(/WebAssembly.*an executor of Node/);
});

/** Runs `work` and tells for how long the event loop was busy meanwhile, and how often it turned. */
async function watchLoop(work: () => Promise<unknown>): Promise<{ ms: number; busyMs: number; turns: number }> {
  let turns = 0;
  const timer = setInterval(() => turns++, 5);
  await nextTurn();
  const before = performance.eventLoopUtilization();
  const start = performance.now();
  await work();
  const ms = performance.now() - start;
  const { active: busyMs } = performance.eventLoopUtilization(before);
  clearInterval(timer);
  return { ms, busyMs, turns };
}

/** Turns of `heavy` that take about `wantMs`. */
async function turnsFor(wantMs: number, run: (turns: number) => Promise<unknown>): Promise<number> {
  for (let turns = 32; ; turns *= 2) {
    const start = performance.now();
    await run(turns);
    const ms = performance.now() - start;
    if (ms > 60) return Math.ceil((turns * wantMs) / ms);
  }
}

describe.each(drivers)('the event loop: %s', (driver) => {
  let executor: Executor;
  beforeAll(async () => {
    executor = await createExecutor({ driver, threads: 1 });
  });
  afterAll(() => executor.release());

  it('is free while a run takes more than half a second', async () => {
    const program = await executor.compile(heavy);
    const held = await executor.hold({ w: tensor(0) });
    const run = (turns: number) => program.run(heavyFeeds(turns), { held, updates: { newW: 'w' }, fetch: [] });
    let turns = await turnsFor(700, run);
    let watched = await watchLoop(() => run(turns));
    while (watched.ms < 500) watched = await watchLoop(() => run((turns *= 2)));
    // All that the loop did in that time is less than the longest single pause that is allowed.
    expect(watched.busyMs).toBeLessThan(50);
    expect(watched.turns).toBeGreaterThan(10);
  });

  it('turns while many short runs follow each other', async () => {
    const program = await executor.compile(counter);
    const held = await executor.hold({ count: tensor(0), by: tensor(1) });
    const { ms, turns } = await watchLoop(async () => {
      const end = performance.now() + 400;
      while (performance.now() < end) await program.run({}, { held, updates: { next: 'count' } });
    });
    expect(turns).toBeGreaterThan(ms / 50);
  });

  it('an abort in the middle of a run is heard at once and changes nothing', async () => {
    const program = await executor.compile(heavy);
    const held = await executor.hold({ w: tensor(0), list: tensor([5, 5, 5]) });
    const updates = { updates: { newW: 'w' }, rowUpdates: { list: { rows: 'row', values: 'newRow' } } };
    const turns = await turnsFor(1500, (n) => program.run({ ...heavyFeeds(n), w: tensor(0) }));
    const controller = new AbortController();
    const start = performance.now();
    const run = program.run(heavyFeeds(turns), { held, ...updates, signal: controller.signal });
    setTimeout(() => controller.abort(), 100);
    const error: unknown = await run.catch((e: unknown) => e);
    const heardMs = performance.now() - start;
    expect(StratusError.is(error) && error.code).toBe('aborted');
    expect(heardMs).toBeLessThan(700);
    expect(await held.read()).toMatchObject({ w: tensor(0), list: tensor([5, 5, 5]) }); // waits for the run to end
    const endedMs = performance.now() - start;
    if (driver === 'capi') expect(endedMs).toBeLessThan(700); // the engine itself was stopped
    await program.run(heavyFeeds(1), { held, ...updates });
    expect(await held.read()).toMatchObject({ w: tensor(1), list: tensor([5, 1, 5]) });
  });
});

describe('denormals', () => {
  const n = 100_000;
  const product = model({
    inputs: { x: ['float32', ['n']], y: ['float32', ['n']] },
    outputs: { z: ['float32', ['n']] },
    nodes: [['Mul', ['x', 'y'], ['z']]],
  });

  it.each(drivers)('are the same in every thread and at every run, and JavaScript keeps its own: %s', async (driver) => {
    const executor = await createExecutor({ driver, threads: 2 });
    const program = await executor.compile(product);
    const feeds = {
      x: new Tensor('float32', [n], new Float32Array(n).fill(1e-30)),
      y: new Tensor('float32', [n], new Float32Array(n).fill(1e-10)),
    };
    const kinds = new Set<number>();
    for (let i = 0; i < 6; i++) {
      for (const v of (await program.run(feeds)).z!.data as Float32Array) kinds.add(v);
      expect(Number.MIN_VALUE * feeds.x.shape[0]!).toBeGreaterThan(0);
    }
    expect(kinds.size).toBe(1);
    await executor.release();
  });
});

describe('threads and drivers', () => {
  const codeOf = (work: Promise<unknown>) =>
    work.then(
      () => 'no error',
      (e: unknown) => (StratusError.is(e) ? e.code : 'not ours'),
    );

  it('are checked', async () => {
    for (const threads of [0, -1, 1.5, Number.NaN]) expect(await codeOf(createExecutor({ threads }))).toBe('bad-value');
    expect(await codeOf(createExecutor({ driver: 'cap' as 'capi' }))).toBe('unknown-name');
  });

  it('are those of the first call for the executor that all share', async () => {
    const [one, other] = await Promise.all([sharedExecutor({ threads: 1 }), sharedExecutor()]);
    expect(other).toBe(one);
    expect(one.description).toContain('1 thread');
  });

  it('are told', async () => {
    const way = process.env['STRATUS_DRIVER'] === 'binding' ? 'Node binding' : 'C API';
    expect((await createExecutor({ threads: 1 })).description).toBe(`ONNX Runtime 1.30.0 through its ${way}, 1 thread`);
    expect((await createExecutor()).description).toMatch(new RegExp(`${way}, \\d+ threads?$`));
  });
});

describe('memory', () => {
  it.each(drivers)('stays flat over thousands of runs: %s', async (driver) => {
    const executor = await createExecutor({ driver, threads: 1 });
    const program = await executor.compile(affine);
    const x = new Tensor('float32', [8192, 2], new Float32Array(16384)); // 64 KB in, 64 KB out
    const held = await executor.hold({ a: tensor(2), b: tensor([1, 1]) });
    const run = async (times: number) => {
      for (let i = 0; i < times; i++) await program.run({ x }, { held });
    };
    await run(1000);
    const before = process.memoryUsage.rss();
    await run(4000); // 256 MB of results
    for (let rows = 1; rows < 1000; rows++)
      await program.run({ x: new Tensor('float32', [rows * 8, 2], new Float32Array(rows * 16)) }, { held });
    expect((process.memoryUsage.rss() - before) / 2 ** 20).toBeLessThan(100);
    await executor.release();
  });
});

// Other processes, for what ends one: garbage collection on demand, exits, crashes. They run a bundle, as users' servers do.
describe('in a process of its own', () => {
  const folder = fileURLToPath(new URL('../node_modules/.cache/executor-test/', import.meta.url));

  const bundle = (outfile: string, plugins: Plugin[] = []) =>
    build({
      stdin: {
        contents: `export * from './runtime/node/index.ts'; export { tensor, Tensor } from './tensor/index.ts';`,
        resolveDir: fileURLToPath(new URL('../src', import.meta.url)),
        loader: 'ts',
      },
      bundle: true,
      platform: 'node',
      format: 'esm',
      external: ['koffi', 'onnxruntime-node'],
      outfile: `${folder}${outfile}`,
      plugins,
      logLevel: 'silent',
    });

  beforeAll(async () => {
    mkdirSync(folder, { recursive: true });
    for (const [name, bytes] of Object.entries({ affine, counter, heavy })) writeFileSync(`${folder}${name}.onnx`, bytes);
    await bundle('stratus.mjs');
    const noKoffi: Plugin = {
      name: 'no-koffi',
      setup: ({ onResolve }) => onResolve({ filter: /^koffi$/ }, () => ({ path: 'koffi-is-not-here', external: true })),
    };
    await bundle('without-koffi.mjs', [noKoffi]);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Runs a script; `tensor`, `Tensor`, `create` and `read(model)` are there. */
  const script = (body: string, from = 'stratus.mjs') => {
    const text = `import { createExecutor as create, nextTurn, tensor, Tensor } from './${from}'; import { readFileSync } from 'node:fs';
      const read = (name) => readFileSync(new URL(name + '.onnx', import.meta.url));\n${body}`;
    const file = `${folder}${Math.random().toString(36).slice(2)}.mjs`;
    writeFileSync(file, text);
    return new Promise<{ code: number | null; signal: string | null; out: string }>((resolve) => {
      const child = execFile(process.execPath, ['--expose-gc', file], { timeout: 50_000 }, (_, stdout, stderr) =>
        resolve({ code: child.exitCode, signal: child.signalCode, out: stdout + stderr }),
      );
    });
  };
  const well = (out: string) => ({ code: 0, signal: null, out });

  it('falls back to the binding where koffi does not load', async () => {
    const body = `
      const executor = await create({ threads: 1 });
      const program = await executor.compile(read('counter'));
      const { next } = await program.run({ count: tensor(1), by: tensor(2) });
      console.log(executor.description.includes('Node binding'), next.item());`;
    expect(await script(body, 'without-koffi.mjs')).toEqual(well('true 3\n'));
  });

  it.each(drivers)('ends by itself, whatever was not released: %s', async (driver) => {
    const body = `
      const executor = await create({ threads: 2, driver: '${driver}' });
      const program = await executor.compile(read('counter'));
      const held = await executor.hold({ count: tensor(0), by: tensor(1) });
      for (let i = 0; i < 10; i++) await program.run({}, { held, updates: { next: 'count' } });
      console.log((await held.read()).count.item());`;
    expect(await script(body)).toEqual(well('10\n'));
  });

  it.each(drivers)('ends by itself when it has done nothing: %s', async (driver) => {
    expect(await script(`console.log((await create({ threads: 2, driver: '${driver}' })).device);`)).toEqual(well('cpu\n'));
  });

  it.each(drivers)('can exit in the middle of a run: %s', async (driver) => {
    const body = `
      const executor = await create({ threads: 2, driver: '${driver}' });
      const program = await executor.compile(read('heavy'));
      const x = new Tensor('float32', [256, 256], new Float32Array(65536));
      program.run({ x, turns: tensor(200n), w: tensor(0) });
      setTimeout(() => process.exit(7), 100);`;
    expect(await script(body)).toEqual({ code: 7, signal: null, out: '' });
  });

  it('survives a garbage collection at any moment', async () => {
    const body = `
      const executor = await create({ threads: 2, driver: 'capi' });
      let seed = 1;
      const random = (n) => (seed = (seed * 48271) % 2147483647) % n;
      const make = async () => ({ program: await executor.compile(read('affine')), held: await executor.hold({ a: tensor(2), b: tensor([1, 1]) }) });
      let one = await make();
      for (let i = 0; i < 300; i++) {
        if (i % 20 === 0) one = await make(); // the old one is forgotten, not released
        const rows = [1, 3, 2000, 9000][random(4)];
        const x = () => new Tensor('float32', [rows, 2], new Float32Array(rows * 2).fill(i));
        const runs = [one.program.run({ x: x() }, { held: one.held }), one.program.run({ x: x(), a: tensor(3) }, { held: one.held })];
        if (random(3) === 0) globalThis.gc();
        const [two, three] = await Promise.all(runs);
        if (random(3) === 0) globalThis.gc();
        if (random(5) === 0) await nextTurn(); // finalizers
        if (two.y.data.some((v) => v !== 2 * i + 1) || three.y.data.some((v) => v !== 3 * i + 1)) throw new Error('wrong numbers at ' + i);
      }
      console.log('all right');`;
    expect(await script(body)).toEqual(well('all right\n'));
  });

  it('keeps held tensors that are forgotten while a run waits for its turn', async () => {
    const body = `
      const executor = await create({ threads: 1, driver: 'capi' });
      const program = await executor.compile(read('heavy'));
      const x = () => new Tensor('float32', [256, 256], new Float32Array(65536));
      const long = program.run({ x: x(), turns: tensor(400n), w: tensor(0) });
      const runs = [];
      for (let i = 0; i < 20; i++) runs.push(program.run({ x: x(), turns: tensor(1n) }, { held: await executor.hold({ w: tensor(0.5) }) }));
      for (let i = 0; i < 20; i++) { globalThis.gc(); await nextTurn(); }
      await executor.hold(Object.fromEntries(Array.from({ length: 200 }, (_, i) => ['t' + i, tensor(1e9)]))); // takes the room of what was freed
      await long;
      const expected = await program.run({ x: x(), turns: tensor(1n), w: tensor(0.5) });
      const made = await Promise.all(runs);
      for (const name of program.outputs.map((o) => o.name))
        if (made.some((m) => m[name].data.some((v, i) => !Object.is(v, expected[name].data[i])))) throw new Error('wrong numbers');
      console.log('all right');`;
    expect(await script(body)).toEqual(well('all right\n'));
  });

  it.each(drivers)('frees what was forgotten: %s', async (driver) => {
    const body = `
      const executor = await create({ threads: 1, driver: '${driver}' });
      const big = () => new Tensor('float32', [1 << 20], new Float32Array(1 << 20).fill(1));
      const round = async () => {
        for (let i = 0; i < 20; i++) {
          const held = await executor.hold({ a: big(), count: tensor(0), by: tensor(1) });
          const program = await executor.compile(read('counter'));
          for (let k = 0; k < 3; k++) await program.run({}, { held, updates: { next: 'count' } });
        }
        for (let i = 0; i < 5; i++) { globalThis.gc(); await new Promise((resolve) => setTimeout(resolve, 20)); }
        return process.memoryUsage.rss() / 2 ** 20;
      };
      await round();
      const before = await round();
      for (let i = 0; i < 4; i++) await round(); // 320 MB
      const grown = (await round()) - before;
      console.log(grown < 80 ? 'flat' : 'grown by ' + grown);`;
    expect(await script(body)).toEqual(well('flat\n'));
  });
});
