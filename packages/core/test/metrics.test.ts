import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { StratusError } from '../src/errors.ts';
import { graphInput } from '../src/graph/index.ts';
import { type Metric, type MetricName, meanMetric, metrics, resolveMetric } from '../src/metrics/index.ts';
import { exportGraph } from '../src/onnx/index.ts';
import { sub } from '../src/ops/index.ts';
import type { Program } from '../src/runtime/executor.ts';
import { createExecutor } from '../src/runtime/node/index.ts';
import { type Tensor, tensor } from '../src/tensor/index.ts';

interface Numbers {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}
interface Case {
  readonly name: string;
  readonly metric: MetricName;
  readonly options: Record<string, unknown>;
  readonly target: Numbers & { readonly dtype: 'int32' | 'float' };
  readonly prediction: Numbers;
  readonly weight: number[] | null;
  readonly result: number | number[][];
}
const golden = JSON.parse(readFileSync(new URL('../../../golden/metrics.json', import.meta.url), 'utf8')) as { cases: Case[] };

const executor = await createExecutor({ threads: 1 });
const programs: Program[] = [];
afterAll(async () => {
  for (const program of programs) await program.release();
});

interface Batch {
  readonly target: Tensor;
  readonly prediction: Tensor;
  readonly weight?: Tensor | undefined;
}

/** The metric as training runs it: statistics of batches of any size, summed in float64. */
async function runner(metric: Metric, like: Batch): Promise<(batches: readonly Batch[]) => Promise<number | number[][]>> {
  const input = (name: string, { shape, dtype }: Tensor) => graphInput(name, ['batch', ...shape.slice(1)], dtype);
  const target = input('target', like.target);
  const prediction = input('prediction', like.prediction);
  const weight = like.weight && input('weight', like.weight);
  const outputs = metric.accumulate(target, prediction, weight);
  const program = await executor.compile(
    exportGraph({ name: 'metric', inputs: [target, prediction, ...(weight ? [weight] : [])], outputs }),
  );
  programs.push(program);
  return async (batches) => {
    const sums: Record<string, Float64Array> = {};
    for (const batch of batches) {
      const feeds = { target: batch.target, prediction: batch.prediction, ...(batch.weight && { weight: batch.weight }) };
      for (const [name, part] of Object.entries<Tensor>(await program.run(feeds))) {
        sums[name] ??= new Float64Array(part.size);
        for (let i = 0; i < part.size; i++) sums[name][i]! += Number(part.data[i]);
      }
    }
    return metric.result(sums);
  };
}

const make = ({ metric, options }: Pick<Case, 'metric' | 'options'>): Metric =>
  (metrics[metric] as (options: Record<string, unknown>) => Metric)(options);

const batchOf = ({ target, prediction, weight }: Pick<Case, 'target' | 'prediction' | 'weight'>): Batch => ({
  target: tensor(target.values, { dtype: target.dtype === 'float' ? 'float32' : target.dtype, shape: target.shape }),
  prediction: tensor(prediction.values, { dtype: 'float32', shape: prediction.shape }),
  weight: weight ? tensor(weight, { dtype: 'float32', shape: [weight.length] }) : undefined,
});

const rows = (batch: Batch, start: number, end: number): Batch => ({
  target: batch.target.rows(start, end),
  prediction: batch.prediction.rows(start, end),
  weight: batch.weight?.rows(start, end),
});

const expectClose = (got: number | number[][], want: number | number[][], relative = 1e-5): void => {
  const [g, w] = [[got].flat(2), [want].flat(2)];
  expect(g).toHaveLength(w.length);
  for (const [i, expected] of w.entries())
    expect(Math.abs(g[i]! - expected), `got ${g[i]}, want ${expected}`).toBeLessThanOrEqual(
      relative * Math.max(Math.abs(expected), 0.1),
    );
};

describe('figures are those of the formulas, and of Keras', () => {
  it('there are cases of every metric', () => {
    expect(new Set(golden.cases.map((c) => c.metric))).toEqual(new Set(Object.keys(metrics)));
  });

  it.each(golden.cases)('$name', async (c) => {
    const batch = batchOf(c);
    const run = await runner(make(c), batch);
    const whole = await run([batch]);
    expectClose(whole, c.result);
    const n = batch.prediction.shape[0]!;
    const cut = Math.ceil(n / 3);
    if (cut < n) expectClose(await run([rows(batch, 0, cut), rows(batch, cut, n)]), c.result);
  });
});

// One of each kind, on data that fast-check draws.
const kinds: readonly { name: string; metric: Metric; classes: number; labels: 'numbers' | 'one-hot' | 'binary' | 'real' }[] = [
  { name: 'accuracy', metric: metrics.accuracy(), classes: 3, labels: 'numbers' },
  { name: 'binaryAccuracy', metric: metrics.binaryAccuracy(), classes: 2, labels: 'binary' },
  { name: 'topKCategoricalAccuracy', metric: metrics.topKCategoricalAccuracy({ k: 2 }), classes: 4, labels: 'one-hot' },
  { name: 'precision', metric: metrics.precision(), classes: 2, labels: 'binary' },
  { name: 'recall, macro', metric: metrics.recall({ average: 'macro' }), classes: 3, labels: 'numbers' },
  { name: 'f1Score, weighted', metric: metrics.f1Score({ average: 'weighted' }), classes: 3, labels: 'one-hot' },
  { name: 'auc', metric: metrics.auc(), classes: 1, labels: 'binary' },
  { name: 'auc, PR', metric: metrics.auc({ curve: 'PR' }), classes: 1, labels: 'binary' },
  { name: 'confusionMatrix', metric: metrics.confusionMatrix(), classes: 3, labels: 'numbers' },
  { name: 'rootMeanSquaredError', metric: metrics.rootMeanSquaredError(), classes: 2, labels: 'real' },
  { name: 'r2Score', metric: metrics.r2Score(), classes: 2, labels: 'real' },
];

interface Row {
  readonly label: number;
  readonly scores: readonly number[];
  readonly weight: number;
}
const rowsOf = (classes: number): fc.Arbitrary<Row[]> =>
  fc.array(
    fc.record({
      label: fc.integer({ min: 0, max: classes === 1 ? 1 : classes - 1 }),
      scores: fc.array(
        fc.integer({ min: 0, max: 64 }).map((x) => x / 64),
        { minLength: classes, maxLength: classes },
      ),
      weight: fc.integer({ min: 0, max: 3 }),
    }),
    { minLength: 1, maxLength: 12 },
  );

const batchOfRows = (list: readonly Row[], { classes, labels }: (typeof kinds)[number]): Batch => {
  const n = list.length;
  const target = {
    numbers: () =>
      tensor(
        list.map((r) => r.label),
        { dtype: 'int32', shape: [n] },
      ),
    'one-hot': () =>
      tensor(
        list.flatMap((r) => r.scores.map((_, i) => (i === r.label ? 1 : 0))),
        { shape: [n, classes] },
      ),
    binary: () =>
      tensor(
        list.flatMap((r) => r.scores.map((_, i) => (r.label >> i) & 1)),
        { shape: [n, classes] },
      ),
    real: () =>
      tensor(
        list.flatMap((r) => r.scores.map((s, i) => s * 2 - r.label + i)),
        { shape: [n, classes] },
      ),
  }[labels]();
  return {
    target,
    prediction: tensor(
      list.flatMap((r) => r.scores),
      { shape: [n, classes] },
    ),
    weight: tensor(
      list.map((r) => r.weight),
      { dtype: 'float32', shape: [n] },
    ),
  };
};

describe('statistics', () => {
  it.each(kinds)('of batches add up to those of the whole: $name', async (kind) => {
    const run = await runner(
      kind.metric,
      batchOfRows([{ label: 0, scores: new Array<number>(kind.classes).fill(0), weight: 1 }], kind),
    );
    await fc.assert(
      fc.asyncProperty(rowsOf(kind.classes), fc.array(fc.nat({ max: 12 }), { maxLength: 3 }), async (list, cuts) => {
        const batch = batchOfRows(list, kind);
        const at = [0, ...cuts.filter((c) => c > 0 && c < list.length), list.length].sort((a, b) => a - b);
        const parts = at.slice(1).flatMap((end, i) => (end > at[i]! ? [rows(batch, at[i]!, end)] : []));
        const [whole, together] = [await run([batch]), await run(parts)];
        expect([whole].flat(2).every(Number.isFinite)).toBe(true);
        expectClose(together, whole);
      }),
      { numRuns: 25, seed: 7 },
    );
  });

  it.each(kinds)('a weight counts a sample that often: $name', async (kind) => {
    const one = batchOfRows([{ label: 0, scores: new Array<number>(kind.classes).fill(0), weight: 1 }], kind);
    const run = await runner(kind.metric, one);
    const plain = await runner(kind.metric, { target: one.target, prediction: one.prediction });
    await fc.assert(
      fc.asyncProperty(rowsOf(kind.classes), async (list) => {
        const repeated = list.flatMap((row) => new Array<Row>(row.weight).fill(row));
        fc.pre(repeated.length > 0);
        const { target, prediction } = batchOfRows(repeated, kind);
        expectClose(await run([batchOfRows(list, kind)]), await plain([{ target, prediction }]));
      }),
      { numRuns: 25, seed: 8 },
    );
  });

  it('a prediction that is not a number is a miss, not a crash', async () => {
    const prediction = tensor([[Number.NaN], [0.9]]);
    const target = tensor([[1], [1]]);
    const auc = await runner(metrics.auc(), { target, prediction });
    expect(await auc([{ target, prediction }])).toBe(0);
    const scores = tensor([
      [Number.NaN, Number.NaN, Number.NaN],
      [1, 2, 3],
    ]);
    const labels = tensor([0, 2], { dtype: 'int32' });
    const top = await runner(metrics.sparseTopKCategoricalAccuracy({ k: 1 }), { target: labels, prediction: scores });
    expect(await top([{ target: labels, prediction: scores }])).toBe(0.5);
  });

  it('int64 labels, and predictions in float64, will do', async () => {
    const batch = {
      target: tensor([1n, 0n]),
      prediction: tensor(
        [
          [0.1, 0.9],
          [0.2, 0.8],
        ],
        { dtype: 'float64' },
      ),
    };
    expect(await (await runner(metrics.accuracy(), batch))([batch])).toBe(0.5);
    const [first, second] = (await (await runner(metrics.confusionMatrix(), batch))([batch])) as number[][];
    expect([first, second]).toEqual([
      [0, 1],
      [0, 1],
    ]);
  });
});

describe('nothing to divide by gives 0', () => {
  it.each(Object.keys(metrics) as MetricName[])('%s', (name) => {
    const none = new Float64Array(4);
    const sums = Object.fromEntries(
      ['total', 'count', 'right', 'predicted', 'wanted', 'positives', 'negatives', 'counts', 'sum', 'squares', 'residual'].map(
        (key) => [key, none],
      ),
    );
    expect([metrics[name]().result(sums)].flat(2).every((x) => x === 0)).toBe(true);
  });
});

const errorOf = (build: () => unknown): StratusError => {
  try {
    build();
  } catch (e) {
    if (StratusError.is(e)) return e;
    throw e;
  }
  throw new Error('nothing was thrown');
};

describe('wrong use', () => {
  const labels = graphInput('t', ['batch'], 'int32');
  const x = graphInput('x', ['batch', 10]);

  it('class numbers need an average', () => {
    for (const name of ['precision', 'recall', 'f1Score'] as const) {
      const e = errorOf(() => metrics[name]().accumulate(labels, x, undefined));
      expect(e.code).toBe('bad-value');
      expect(e.message).toContain(`metrics.${name}({ average: 'macro' })`);
    }
    expect(errorOf(() => metrics.auc().accumulate(labels, x, undefined)).code).toBe('bad-value');
  });

  it('targets of another size are not broadcast', () => {
    const other = graphInput('t', ['batch', 9]);
    for (const name of [
      'accuracy',
      'meanSquaredError',
      'r2Score',
      'confusionMatrix',
      'binaryAccuracy',
      'auc',
      'topKCategoricalAccuracy',
    ] as const)
      expect(errorOf(() => metrics[name]().accumulate(other, x, undefined)).code, name).toBe('shape-mismatch');
  });

  it('options that make no sense are refused', () => {
    expect(errorOf(() => metrics.topKCategoricalAccuracy({ k: 0 })).code).toBe('bad-value');
    expect(errorOf(() => metrics.auc({ numThresholds: 1 })).code).toBe('bad-value');
    expect(errorOf(() => metrics.auc({ curve: 'roc' as 'ROC' })).code).toBe('bad-value');
    expect(errorOf(() => metrics.f1Score({ average: 'mean' as 'macro' })).code).toBe('bad-value');
  });
});

describe('resolveMetric', () => {
  it.each([
    ['acc', 'accuracy'],
    ['mae', 'meanAbsoluteError'],
    ['mse', 'meanSquaredError'],
    ['rmse', 'rootMeanSquaredError'],
    ['r2', 'r2Score'],
    ['AUC', 'auc'],
    ['R2Score', 'r2Score'],
    ['f1_score', 'f1Score'],
    ['mean_squared_error', 'meanSquaredError'],
    ['sparse_top_k_categorical_accuracy', 'sparseTopKCategoricalAccuracy'],
    ['TopKCategoricalAccuracy', 'topKCategoricalAccuracy'],
  ])('%s is %s, reported under the name that was written', (name, type) => {
    expect(resolveMetric(name)).toMatchObject({ type, name });
  });

  it('every metric is found by its own name, and made again from what is saved', () => {
    for (const name of Object.keys(metrics)) {
      const metric = resolveMetric(name);
      expect(metric).toMatchObject({ type: name, name });
      expect(resolveMetric(JSON.parse(JSON.stringify(metric)) as { type: string })).toMatchObject({
        type: name,
        name,
        config: metric.config,
      });
    }
    const renamed = metrics.precision({ threshold: 0.9, name: 'strict' });
    expect(resolveMetric(JSON.parse(JSON.stringify(renamed)) as { type: string })).toMatchObject({
      name: 'strict',
      config: { threshold: 0.9 },
    });
  });

  it('a wrong name gets a suggestion', () => {
    const e = errorOf(() => resolveMetric('acuracy'));
    expect(e.code).toBe('unknown-name');
    expect(e.message).toContain("Did you mean 'accuracy'?");
  });

  it('a metric is left as it is', () => {
    const metric = metrics.auc({ curve: 'PR' });
    expect(resolveMetric(metric)).toBe(metric);
  });

  it('own metrics are made with meanMetric', async () => {
    const bias = meanMetric({ type: 'bias', better: 'lower', of: (target, prediction) => sub(prediction, target) });
    const batch = {
      target: tensor([
        [1, 2],
        [3, 4],
      ]),
      prediction: tensor([
        [2, 3],
        [3, 6],
      ]),
      weight: tensor([3, 1]),
    };
    expect(await (await runner(resolveMetric(bias), batch))([batch])).toBe(1);
  });
});
