// What a batcher promises under load: order, deadlines, bounds, delays. The model is real; where time matters it answers when the test lets it.
import { ops, type Tensor, tensor } from '@stratus/core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { Batcher, type BatchRecord, openServable, type Servable } from '../src/serve/index.ts';
import { Pace } from '../src/serve/pace.ts';
import { answer, failure, plainModel, smallBytes } from './serving.ts';

let small: Servable;
beforeAll(async () => {
  small = await openServable(await smallBytes(), { name: 'small' });
});

/** Runs that begin wait for `go`; first elements of what each run was asked. */
function gated(servable: Servable = small) {
  const began: number[][] = [];
  const gates: (() => void)[] = [];
  const infer: Servable['infer'] = async (tensors, options) => {
    const x = tensors['x']!;
    const width = x.data.length / x.shape[0]!;
    began.push(Array.from({ length: x.shape[0]! }, (_, row) => Number(x.data[row * width])));
    await new Promise<void>((resolve) => void gates.push(resolve));
    return servable.infer(tensors, options);
  };
  return {
    servable: { ...servable, instances: 1, infer },
    began,
    /** Lets the run that is in flight end, when there is one. */
    async go(): Promise<void> {
      await expect.poll(() => gates.length).toBeGreaterThan(0);
      gates.shift()!();
    },
    async begun(runs: number): Promise<void> {
      await expect.poll(() => began.length).toBe(runs);
    },
  };
}

const row = (v: number): { x: Tensor } => ({ x: tensor([[v, 1, 2]]) });

describe('turns', () => {
  it('lets clients take turns, so that a flood of one keeps nobody waiting', async () => {
    const { servable, began, go, begun } = gated();
    const batcher = new Batcher(servable, { maxBatch: 4 });
    const answers = [batcher.infer(row(0), { client: 'flood' })];
    await begun(1);
    for (let i = 1; i <= 8; i++) answers.push(batcher.infer(row(i), { client: 'flood' }));
    answers.push(batcher.infer(row(100), { client: 'ann' }), batcher.infer(row(101), { client: 'ann' }));
    answers.push(batcher.infer(row(200), { client: 'bob' }));
    for (let run = 0; run < 4; run++) await go();
    await Promise.all(answers);
    expect(began).toEqual([[0], [1, 100, 200, 2], [101, 3, 4, 5], [6, 7, 8]]);
  });

  it('counts rows, not requests: who asks for many at once waits longer', async () => {
    const { servable, began, go, begun } = gated();
    const batcher = new Batcher(servable, { maxBatch: 2 });
    const answers = [batcher.infer(row(0))];
    await begun(1);
    answers.push(batcher.infer({ x: tensor([[1, 0, 0], [1, 0, 0]]) }, { client: 'wide' })); // biome-ignore format: two rows
    answers.push(batcher.infer({ x: tensor([[2, 0, 0], [2, 0, 0]]) }, { client: 'wide' })); // biome-ignore format: two rows
    for (let i = 10; i < 14; i++) answers.push(batcher.infer(row(i), { client: 'slim' }));
    for (let run = 0; run < 5; run++) await go();
    await Promise.all(answers);
    expect(began.slice(1).map((run) => run[0])).toEqual([1, 10, 2, 12]);
  });

  it('puts a higher priority first', async () => {
    const { servable, began, go, begun } = gated();
    const batcher = new Batcher(servable, { maxBatch: 1 });
    const answers = [batcher.infer(row(0))];
    await begun(1);
    for (const [v, priority] of [[1, 0], [2, Number.NEGATIVE_INFINITY], [3, 5], [4, 0]] as const) answers.push(batcher.infer(row(v), { priority })); // biome-ignore format: a table
    for (let run = 0; run < 5; run++) await go();
    await Promise.all(answers);
    expect(began.flat()).toEqual([0, 3, 1, 4, 2]);
  });

  it('makes room in a full queue for a client that has less of it, and not for one that has more', async () => {
    const { servable, go, begun } = gated();
    const batcher = new Batcher(servable, { maxQueueBytes: 8 * 12 });
    const first = batcher.infer(row(0));
    await begun(1);
    const flood = Array.from({ length: 8 }, (_, i) => batcher.infer(row(i), { client: 'flood' }));
    const more = await failure(batcher.infer(row(9), { client: 'flood' }));
    const ann = batcher.infer(row(10), { client: 'ann' });
    const last = await failure(flood[7]!);
    expect([more.code, last.code]).toEqual(['busy', 'busy']);
    expect(batcher.waiting).toBe(8);
    for (let run = 0; run < 2; run++) await go();
    await Promise.all([first, ann, ...flood.slice(0, 7)]);
  });

  it('answers everybody rightly, whatever comes in whatever order', async () => {
    const ask = fc.record({
      rows: fc.integer({ min: 1, max: 6 }),
      client: fc.constantFrom('a', 'b', 'c'),
      priority: fc.integer({ min: -1, max: 1 }),
      aborts: fc.boolean(),
    });
    const settings = fc.record({
      maxBatch: fc.integer({ min: 1, max: 8 }),
      maxDelayMs: fc.constantFrom(0, 1),
      asks: fc.array(ask, { minLength: 1, maxLength: 40 }),
    });
    await fc.assert(
      fc.asyncProperty(settings, async ({ maxBatch, maxDelayMs, asks }) => {
        const rows: number[] = [];
        const batcher = new Batcher(small, { maxBatch, maxDelayMs, observer: { batch: (b) => void rows.push(b.rows) } });
        const results = asks.map(async ({ rows, aborts, ...ask }, i) => {
          const x = Array.from({ length: rows }, (_, j) => [i, j, 1]);
          const stop = new AbortController();
          const result = batcher.infer({ x: tensor(x) }, { ...ask, signal: stop.signal });
          if (aborts) {
            stop.abort();
            expect((await failure(result)).code).toBe('aborted');
          } else expect((await result)['y']!.toArray()).toEqual(x.map(answer));
        });
        await Promise.all(results);
        expect(rows.reduce((a, b) => a + b, 0)).toBe(asks.reduce((n, { rows, aborts }) => n + (aborts ? 0 : rows), 0));
        expect(batcher.waiting).toBe(0);
      }),
      { numRuns: 60 },
    );
  });
});

describe('delay', () => {
  const observed = async (options: ConstructorParameters<typeof Batcher>[1], work: (b: Batcher) => Promise<unknown>) => {
    const batches: BatchRecord[] = [];
    await work(new Batcher(small, { ...options, observer: { batch: (b) => void batches.push(b) } }));
    return batches.map(({ closedBy, rows, requests }) => [closedBy, requests, rows]);
  };

  it('waits for company as long as it may, and not when the run is full', async () => {
    const two = (b: Batcher) =>
      Promise.all([b.infer(row(1)), new Promise((resolve) => setImmediate(resolve)).then(() => b.infer(row(2)))]);
    expect(await observed({ maxDelayMs: 400 }, two)).toEqual([['delay', 2, 2]]);
    expect(await observed({ maxDelayMs: 60_000, maxBatch: 2 }, two)).toEqual([['full', 2, 2]]);
    expect(await observed({}, (b) => b.infer(row(1)))).toEqual([['idle', 1, 1]]);
  });

  it('begins for the sake of a deadline', async () => {
    const answers = await observed({ maxDelayMs: 60_000 }, (b) => b.infer(row(1), { deadlineMs: 1000 }));
    expect(answers).toEqual([['deadline', 1, 1]]);
  });

  it('keeps shapes apart: one that is full does not wait for one that is not', async () => {
    const doubled = await openServable(
      plainModel(['batch', 'length'], (x) => ({ y: ops.mul(x, 2) })),
      { name: 'm' },
    );
    const batches: BatchRecord[] = [];
    const batcher = new Batcher(doubled, { maxDelayMs: 60_000, maxBatch: 2, observer: { batch: (b) => void batches.push(b) } });
    const ask = (length: number) => batcher.infer({ x: tensor([new Array<number>(length).fill(1)]) });
    const waits = ask(3);
    await Promise.all([ask(2), ask(2)]);
    expect(batcher.waiting).toBe(1);
    await Promise.all([waits, ask(3)]);
    expect(batches.map(({ closedBy, rows }) => [closedBy, rows])).toEqual([['full', 2], ['full', 2]]); // biome-ignore format: a table
  });

  it('takes only delays that make sense', () => {
    for (const maxDelayMs of [-1, Number.NaN, 1e9]) expect(() => new Batcher(small, { maxDelayMs })).toThrow(/milliseconds/);
  });
});

describe('deadlines', () => {
  it('does not run what nobody waits for any more, and says so at the deadline', async () => {
    const { servable, began, go, begun } = gated();
    const batcher = new Batcher(servable);
    const first = batcher.infer(row(1));
    await begun(1);
    const start = performance.now();
    const e = await failure(batcher.infer(row(2), { deadlineMs: 30 }));
    expect([e.code, e.details['deadlineMs']]).toEqual(['deadline', 30]);
    expect(performance.now() - start).toBeGreaterThan(25);
    const last = batcher.infer(row(3), { deadlineMs: 60_000 });
    for (let run = 0; run < 2; run++) await go();
    await Promise.all([first, last]);
    expect(began).toEqual([[1], [3]]);
    expect((await failure(batcher.infer(row(1), { deadlineMs: 0 }))).code).toBe('deadline');
  });

  it('refuses at once what could not be answered in time, and says when to come again', async () => {
    const { servable, go, begun } = gated({ ...small, infer: (t, o) => slow(50).then(() => small.infer(t, o)) });
    const batcher = new Batcher(servable, { maxBatch: 1 });
    const learn = batcher.infer(row(0));
    await go();
    await learn;
    const answers = [0, 1, 2, 3].map((i) => batcher.infer(row(i)));
    await begun(2);
    const e = await failure(batcher.infer(row(9), { deadlineMs: 100 }));
    expect(e.code).toBe('busy');
    expect(e.details['retryAfterMs']).toBeGreaterThanOrEqual(3 * 50);
    for (let run = 0; run < 4; run++) await go();
    await Promise.all(answers);
  });

  it('keeps its goodput when ten times too much comes', async () => {
    const infer: Servable['infer'] = async (tensors, options) => {
      await slow(20);
      return small.infer(tensors, options);
    };
    const servable = { ...small, instances: 1, infer };
    const bareRate = async (): Promise<number> => {
      let runs = 0;
      const start = performance.now();
      for (; performance.now() < start + 500; runs++) await servable.infer(row(1));
      return runs / (performance.now() - start);
    };
    const before = await bareRate();
    const batcher = new Batcher(servable, { maxBatch: 1 });
    const deadlineMs = Math.ceil(12 / before);
    let good = 0;
    let refused = 0;
    const start = performance.now();
    const client = async (): Promise<void> => {
      while (performance.now() < start + 1500) {
        try {
          await batcher.infer(row(1), { deadlineMs });
          good++;
        } catch {
          refused++;
          await slow(80); // and again
        }
      }
    };
    await Promise.all(Array.from({ length: 40 }, client));
    const rate = good / (performance.now() - start);
    expect(refused).toBeGreaterThan(good);
    expect(rate).toBeGreaterThan(0.6 * Math.min(before, await bareRate()));
  });
});

const slow = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('Pace', () => {
  it('learns what a run and an element cost', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 50, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 5, maxLength: 60 }),
        (runMs, elementMs, sizes) => {
          fc.pre(new Set(sizes).size > 1);
          const pace = new Pace();
          for (const size of sizes) pace.note(size, runMs + size * elementMs);
          expect(pace.estimateMs(3, 500)).toBeCloseTo(3 * runMs + 500 * elementMs, 3);
        },
      ),
    );
  });

  it('knows nothing at first, and takes one size to be like another', () => {
    const pace = new Pace();
    expect(pace.estimateMs(1, 100)).toBe(0);
    pace.note(10, 5);
    expect(pace.estimateMs(2, 100)).toBe(10);
  });
});
