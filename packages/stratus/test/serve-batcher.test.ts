import { ops, Tensor, tensor } from '@stratus/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { Batcher, openServable, type Servable } from '../src/serve/index.ts';
import { answer, echoModel, failure, lookUpModel, plainModel, smallBytes } from './serving.ts';

/** The real thing, and the number of rows of each of its runs. */
function counted(servable: Servable): { servable: Servable; runs: number[] } {
  const runs: number[] = [];
  const infer: Servable['infer'] = (tensors, options) => {
    runs.push(Object.values(tensors)[0]!.shape[0] ?? 1);
    return servable.infer(tensors, options);
  };
  return { servable: { ...servable, infer }, runs };
}

const rowsOf = (n: number, start = 0): number[][] => Array.from({ length: n }, (_, i) => [start + i, 1, 2]);

describe('Batcher', () => {
  let small: Servable;
  beforeAll(async () => {
    small = await openServable(await smallBytes(), { name: 'small' });
  });

  it('merges what waits, splits the answers, and keeps to maxBatch', async () => {
    const { servable, runs } = counted(small);
    const batcher = new Batcher(servable, { maxBatch: 8 });
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => batcher.infer({ x: tensor(rowsOf((i % 3) + 1, i * 10)) })),
    );
    answers.forEach(({ y }, i) => expect(y!.toArray()).toEqual(rowsOf((i % 3) + 1, i * 10).map(answer)));
    expect(Math.max(...runs)).toBe(8);
    expect(runs.reduce((a, b) => a + b)).toBe(39);
    expect(runs.length).toBeLessThanOrEqual(7);
    expect(batcher.waiting).toBe(0);
  });

  it('runs a request beyond maxBatch by itself, and one without rows', async () => {
    const { servable, runs } = counted(small);
    const batcher = new Batcher(servable, { maxBatch: 4 });
    const [large, none, one] = await Promise.all([
      batcher.infer({ x: tensor(rowsOf(10)) }),
      batcher.infer({ x: new Tensor('float32', [0, 3], new Float32Array()) }),
      batcher.infer({ x: tensor(rowsOf(1)) }),
    ]);
    expect([large!['y']!.shape, none!['y']!.shape, one!['y']!.toArray()]).toEqual([[10, 3], [0, 3], rowsOf(1).map(answer)]);
    expect(runs).toEqual([10, 1]);
  });

  it('merges only equal shapes, and the oldest goes first', async () => {
    const { servable, runs } = counted(
      await openServable(
        plainModel(['batch', 'length'], (x) => ({ y: ops.mul(x, 2) })),
        { name: 'm' },
      ),
    );
    const batcher = new Batcher(servable);
    const order: number[] = [];
    const answers = await Promise.all(
      [2, 3, 2, 3, 2].map(async (length, i) => {
        const { y } = await batcher.infer({ x: tensor([new Array<number>(length).fill(i)]) });
        order.push(i);
        return y!.toArray();
      }),
    );
    expect(answers).toEqual([[[0, 0]], [[2, 2, 2]], [[4, 4]], [[6, 6, 6]], [[8, 8]]]);
    expect(runs).toEqual([3, 2]);
    expect(order).toEqual([0, 2, 4, 1, 3]);
  });

  it('never merges where rows look at each other', async () => {
    const { servable, runs } = counted(
      await openServable(
        plainModel(['time', 1], (x) => ({ y: ops.cumSum(x, { axis: 0 }) })),
        { name: 'm' },
      ),
    );
    const batcher = new Batcher(servable);
    const answers = await Promise.all([1, 2, 3].map((v) => batcher.infer({ x: tensor([[v], [v]]) })));
    expect(answers.map(({ y }) => y!.toArray())).toEqual([1, 2, 3].map((v) => [[v], [2 * v]]));
    expect(runs).toEqual([2, 2, 2]);
  });

  it('merges texts', async () => {
    const { servable, runs } = counted(await openServable(echoModel('string'), { name: 'm' }));
    const batcher = new Batcher(servable);
    const answers = await Promise.all(['a', 'ö', '🦉'].map((t) => batcher.infer({ x: tensor([[t, 'z']]) })));
    expect(answers.map(({ y }) => y!.toArray())).toEqual([[['a', 'z']], [['ö', 'z']], [['🦉', 'z']]]);
    expect(runs).toEqual([3]);
  });

  it('refuses a request that does not fit before it can spoil others', async () => {
    const { servable, runs } = counted(small);
    const batcher = new Batcher(servable);
    const good = batcher.infer({ x: tensor(rowsOf(1)) });
    const bad = await Promise.all([
      failure(batcher.infer({ x: tensor([[1, 2]]) })),
      failure(batcher.infer({ z: tensor([[1, 2, 3]]) })),
      failure(batcher.infer({ x: tensor([[1, 2, 3]], { dtype: 'float64' }) })),
      failure(batcher.infer({})),
    ]);
    expect(bad.map((e) => e.code)).toEqual(['bad-request', 'bad-request', 'bad-request', 'bad-request']);
    expect((await good)['y']!.toArray()).toEqual(rowsOf(1).map(answer));
    expect(runs).toEqual([1]);
  });

  it('fails only the request that the model cannot compute', async () => {
    const { servable, runs } = counted(await openServable(lookUpModel(), { name: 'm' }));
    const batcher = new Batcher(servable);
    const ask = (i: number) => batcher.infer({ x: tensor([i], { dtype: 'int64' }) });
    const [a, b, c] = await Promise.all([ask(0), failure(ask(99)), ask(3)]);
    expect([a!['y']!.toArray(), b!.code, c!['y']!.toArray()]).toEqual([[10], 'index-range', [13]]);
    expect(runs).toEqual([3, 1, 1, 1]);
  });

  it('takes a request out of the queue when nobody wants it any more', async () => {
    const { servable, runs } = counted(small);
    const batcher = new Batcher(servable);
    const away = new AbortController();
    const gone = failure(batcher.infer({ x: tensor(rowsOf(2)) }, { signal: away.signal }));
    const stays = batcher.infer({ x: tensor(rowsOf(1)) }, { signal: new AbortController().signal });
    expect(batcher.waiting).toBe(2);
    away.abort();
    expect(batcher.waiting).toBe(1);
    expect((await gone).code).toBe('aborted');
    expect((await stays)['y']!.toArray()).toEqual(rowsOf(1).map(answer));
    expect(runs).toEqual([1]);
    expect((await failure(batcher.infer({ x: tensor(rowsOf(2)) }, { signal: away.signal }))).code).toBe('aborted');
  });

  it('ends a run when the last of its requests has gone, and not before', async () => {
    const signals: AbortSignal[] = [];
    let arrived = () => {};
    const started = new Promise<void>((resolve) => void (arrived = resolve));
    let finish = () => {};
    const held = new Promise<void>((resolve) => void (finish = resolve));
    const servable: Servable = {
      ...small,
      infer: async (tensors, options) => {
        signals.push(options!.signal!);
        arrived();
        await held;
        return small.infer(tensors, options);
      },
    };
    const batcher = new Batcher(servable);
    const [one, two] = [new AbortController(), new AbortController()];
    const answers = [one, two].map(({ signal }) => failure(batcher.infer({ x: tensor(rowsOf(1)) }, { signal })));
    await started;
    one.abort();
    expect((await answers[0]!).code).toBe('aborted');
    expect(signals[0]!.aborted).toBe(false);
    two.abort();
    expect((await answers[1]!).code).toBe('aborted');
    expect(signals[0]!.aborted).toBe(true);
    finish();
    expect((await small.infer({ x: tensor(rowsOf(1)) }))['y']!.toArray()).toEqual(rowsOf(1).map(answer));
  });

  it('always takes 64 requests, and says busy when too many rows wait', async () => {
    const batcher = new Batcher(small, { maxQueue: 100 });
    const answers = Array.from({ length: 64 }, () => batcher.infer({ x: tensor(rowsOf(50)) }));
    const e = await failure(batcher.infer({ x: tensor(rowsOf(1)) }));
    expect([e.code, e.details['waiting']]).toEqual(['busy', 64]);
    expect(await Promise.all(answers)).toHaveLength(64);
    expect((await batcher.infer({ x: tensor(rowsOf(1)) }))['y']!.shape).toEqual([1, 3]);

    const many = new Batcher(small, { maxQueue: 1024 });
    const results = await Promise.allSettled(Array.from({ length: 1100 }, () => many.infer({ x: tensor(rowsOf(1)) })));
    expect(results.filter((r) => r.status === 'fulfilled')).toHaveLength(1024);
  });

  it('takes only sensible limits', () => {
    for (const options of [{ maxBatch: 0 }, { maxBatch: 1.5 }, { maxQueue: -1 }, { maxQueue: Number.NaN }]) {
      expect(() => new Batcher(small, options), JSON.stringify(options)).toThrow(/whole number from 1/);
    }
  });
});
