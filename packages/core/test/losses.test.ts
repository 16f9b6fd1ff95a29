import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { StratusError } from '../src/errors.ts';
import { grad } from '../src/grad/index.ts';
import { graphInput, toposort, type Value } from '../src/graph/index.ts';
import { type LossName, losses, resolveLoss } from '../src/losses/index.ts';
import { exportGraph } from '../src/onnx/index.ts';
import { abs, reduceSum, sigmoid, softmax, sub } from '../src/ops/index.ts';
import { createExecutor } from '../src/runtime/node/index.ts';
import { type DType, type Tensor, tensor } from '../src/tensor/index.ts';

interface Case {
  readonly name: string;
  readonly loss: LossName;
  readonly options: Record<string, unknown>;
  readonly activation: 'softmax' | 'sigmoid' | null;
  readonly target: { readonly dtype: 'int32' | 'float'; readonly shape: number[]; readonly values: number[] };
  readonly prediction: { readonly shape: number[]; readonly values: number[] };
  readonly value: number[];
  readonly gradient: number[];
}
const golden = JSON.parse(readFileSync(new URL('../../../golden/losses.json', import.meta.url), 'utf8')) as { cases: Case[] };

const executor = await createExecutor({ threads: 1 });
const programs: { release(): Promise<void> }[] = [];
afterAll(async () => {
  for (const program of programs) await program.release();
});

async function run(
  inputs: Value[],
  outputs: Record<string, Value>,
  feeds: Record<string, Tensor>,
): Promise<Record<string, Tensor>> {
  const program = await executor.compile(exportGraph({ name: 'loss', inputs, outputs }));
  programs.push(program);
  return program.run(feeds);
}

const numbers = (t: Tensor): number[] => Array.from(t.data as ArrayLike<number>, Number);

const activations = { softmax: (x: Value) => softmax(x), sigmoid };
const symbolic = (shape: readonly number[]): (string | number)[] => ['batch', ...shape.slice(1)];

/** Value and gradient of one case, with a batch whose size is not known to the graph. */
async function evaluate(c: Case, dtype: 'float32' | 'float64'): Promise<{ value: number[]; gradient: number[] }> {
  const targetType = c.target.dtype === 'float' ? dtype : c.target.dtype;
  const target = graphInput('target', symbolic(c.target.shape), targetType);
  const x = graphInput('x', symbolic(c.prediction.shape), dtype);
  const make = losses[c.loss] as (options: object) => ReturnType<(typeof losses)['huber']>;
  const value = make(c.options).apply(target, c.activation ? activations[c.activation](x) : x);
  const [gradient] = grad(value, [x]);
  expect(value).toMatchObject({ shape: ['batch'], dtype });
  expect(gradient!.shape).toEqual(x.shape);
  const feeds = {
    target: tensor(c.target.values, { dtype: targetType, shape: c.target.shape }),
    x: tensor(c.prediction.values, { dtype, shape: c.prediction.shape }),
  };
  const got = await run([target, x], { value, gradient: gradient! }, feeds);
  return { value: numbers(got['value']!), gradient: numbers(got['gradient']!) };
}

/** Each number within `relative` of itself; numbers that are small beside the largest, within a tenth of that of the largest. */
function expectClose(got: readonly number[], want: readonly number[], relative: number): void {
  expect(got).toHaveLength(want.length);
  const largest = Math.max(...want.map(Math.abs), 1e-3);
  for (const [i, w] of want.entries())
    expect(Math.abs(got[i]! - w), `number ${i}: got ${got[i]}, want ${w}`).toBeLessThanOrEqual(
      relative * (Math.abs(w) + largest / 10),
    );
}

describe('values and gradients are those of PyTorch', () => {
  it('there are cases of every loss', () => {
    expect(new Set(golden.cases.map((c) => c.loss))).toEqual(new Set(Object.keys(losses)));
  });

  it.each(golden.cases)('$name', async (c) => {
    const single = await evaluate(c, 'float32');
    expectClose(single.value, c.value, 1e-5);
    expectClose(single.gradient, c.gradient, 1e-5);
    // Softplus has no float64 kernel.
    if (c.loss === 'binaryCrossentropy' && (c.activation || c.options['fromLogits'])) return;
    const double = await evaluate(c, 'float64');
    expectClose(double.value, c.value, 1e-9);
    expectClose(double.gradient, c.gradient, 1e-9);
  });
});

describe('extremes', () => {
  const x = graphInput('x', ['batch', 3]);
  const labels = graphInput('target', ['batch'], 'int32');
  const dense = graphInput('target', ['batch', 3]);
  const far = tensor([
    [1e30, -1e30, 0],
    [-1000, 1000, 1000],
    [0, 0, 0],
  ]);
  const hot = tensor([
    [0, 1, 0],
    [1, 0, 0],
    [0, 0, 1],
  ]);
  const finite = async (target: Value, value: Value, fed: Tensor, at: Tensor): Promise<void> => {
    const got = await run([target, x], { value, gradient: grad(value, [x])[0]! }, { target: fed, x: at });
    for (const name of ['value', 'gradient']) expect(numbers(got[name]!).every(Number.isFinite), name).toBe(true);
  };

  it.each([
    ['sparse, logits', labels, losses.sparseCategoricalCrossentropy({ fromLogits: true }).apply(labels, x)],
    ['sparse, softmax', labels, losses.sparseCategoricalCrossentropy().apply(labels, softmax(x))],
    ['sparse, smoothed', labels, losses.sparseCategoricalCrossentropy({ labelSmoothing: 0.1 }).apply(labels, softmax(x))],
    ['dense, logits', dense, losses.categoricalCrossentropy({ fromLogits: true }).apply(dense, x)],
    ['dense, softmax', dense, losses.categoricalCrossentropy().apply(dense, softmax(x))],
    ['binary, logits', dense, losses.binaryCrossentropy({ fromLogits: true }).apply(dense, x)],
    ['binary, sigmoid', dense, losses.binaryCrossentropy().apply(dense, sigmoid(x))],
    ['KL, softmax', dense, losses.klDivergence().apply(dense, softmax(x))],
    ['Huber', dense, losses.huber().apply(dense, x)],
  ])('huge logits give finite numbers: %s', async (_, target, value) => {
    await finite(target, value, target === labels ? tensor([1, 0, 2], { dtype: 'int32' }) : hot, far);
  });

  it('cosine similarity of a vector of zeros is 0, with a finite gradient', async () => {
    const value = losses.cosineSimilarity().apply(dense, x);
    const zero = tensor([[0, 0, 0]]);
    await finite(dense, value, tensor([[1, 2, 3]]), zero);
    const got = await run([dense, x], { value }, { target: tensor([[1, 2, 3]]), x: zero });
    expect(Math.abs(numbers(got['value']!)[0]!)).toBe(0);
  });

  it('a sure and wrong softmax still learns: its gradient is not clipped away', async () => {
    const value = losses.sparseCategoricalCrossentropy().apply(labels, softmax(x));
    const got = await run(
      [labels, x],
      { gradient: grad(value, [x])[0]! },
      { target: tensor([1], { dtype: 'int32' }), x: tensor([[500, 0, -500]]) },
    );
    expect(numbers(got['gradient']!)).toEqual([1, -1, 0]);
  });
});

describe('lowering', () => {
  it('cross-entropy and its gradient use no scatter, gather, Where or Pow, and the softmax itself is not needed', () => {
    const x = graphInput('x', ['batch', 10]);
    const value = losses.sparseCategoricalCrossentropy().apply(graphInput('target', ['batch'], 'int32'), softmax(x));
    const types = toposort([value, ...grad(value, [x])]).map(({ op }) => op.type);
    for (const slow of ['ScatterElements', 'ScatterND', 'Gather', 'GatherElements', 'Where', 'Pow', 'Softmax', 'Div'])
      expect(types).not.toContain(slow);
    expect(types).toContain('LogSoftmax');
  });

  it('targets are not differentiated through, and need not be floats', async () => {
    const x = graphInput('x', ['batch', 2]);
    const target = graphInput('target', ['batch', 2], 'int32');
    const value = losses.meanSquaredError().apply(target, x);
    const got = await run([target, x], { value }, { target: tensor([[1, 2]], { dtype: 'int32' }), x: tensor([[2, 4]]) });
    expect(numbers(got['value']!)).toEqual([2.5]);
  });
});

describe('what targets look like', () => {
  it('class numbers for sparse cross-entropy, the prediction for the others', () => {
    const prediction = { dtype: 'float32' as DType, shape: ['batch', 7, 10] };
    const sparse = losses.sparseCategoricalCrossentropy();
    expect(sparse.target(prediction)).toEqual({ dtype: 'int32', shape: ['batch', 7] });
    expect(sparse.classes?.(prediction)).toBe(10);
    for (const name of ['meanSquaredError', 'categoricalCrossentropy', 'binaryCrossentropy', 'hinge'] as const) {
      expect(losses[name]().target(prediction)).toEqual(prediction);
      expect(losses[name]().classes?.(prediction)).toBeUndefined();
    }
  });

  it('config is what makes the same loss again', () => {
    const saved = JSON.parse(JSON.stringify(losses.huber({ delta: 0.25 }))) as { type: string; config: Record<string, unknown> };
    expect(resolveLoss(saved)).toMatchObject({ type: 'huber', config: { delta: 0.25 } });
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
  const x = graphInput('x', ['batch', 10]);

  it('class numbers for a dense loss name the sparse one', () => {
    const e = errorOf(() => losses.categoricalCrossentropy().apply(graphInput('t', ['batch'], 'int32'), x));
    expect(e.code).toBe('shape-mismatch');
    expect(e.message).toContain('sparseCategoricalCrossentropy');
    expect(e.message).toContain('[batch, 10]');
  });

  it('one-hot targets for the sparse loss name the dense one', () => {
    const e = errorOf(() => losses.sparseCategoricalCrossentropy().apply(graphInput('t', ['batch', 10]), x));
    expect(e.code).toBe('shape-mismatch');
    expect(e.message).toContain('categoricalCrossentropy');
  });

  it('targets of another size are not broadcast', () => {
    expect(errorOf(() => losses.meanSquaredError().apply(graphInput('t', ['batch', 1]), x)).code).toBe('shape-mismatch');
    expect(errorOf(() => losses.meanSquaredError().apply(graphInput('t', ['batch', 9]), x)).code).toBe('shape-mismatch');
    expect(errorOf(() => losses.binaryCrossentropy().apply(graphInput('t', [1]), graphInput('p', [4, 1]))).code).toBe(
      'shape-mismatch',
    );
  });

  it('fromLogits on a softmax or a sigmoid is an error', () => {
    const labels = graphInput('t', ['batch'], 'int32');
    const e = errorOf(() => losses.sparseCategoricalCrossentropy({ fromLogits: true }).apply(labels, softmax(x)));
    expect(e.code).toBe('bad-value');
    expect(e.message).toContain('softmax');
    expect(
      errorOf(() => losses.binaryCrossentropy({ fromLogits: true }).apply(graphInput('t', ['batch', 10]), sigmoid(x))).code,
    ).toBe('bad-value');
  });

  it('a softmax over another axis is not taken for logits', () => {
    const y = graphInput('y', ['batch', 4, 3]);
    const value = losses.sparseCategoricalCrossentropy().apply(graphInput('t', ['batch', 4], 'int32'), softmax(y, { axis: 1 }));
    expect(toposort([value]).map(({ op }) => op.type)).toContain('Softmax');
  });

  it('one class has no cross-entropy', () => {
    const e = errorOf(() =>
      losses.sparseCategoricalCrossentropy().apply(graphInput('t', ['batch'], 'int32'), graphInput('p', ['batch', 1])),
    );
    expect(e.code).toBe('shape-mismatch');
    expect(e.message).toContain('binaryCrossentropy');
  });

  it.each([-0.1, 1, Number.NaN])('labelSmoothing %d is refused', (labelSmoothing) => {
    for (const name of ['sparseCategoricalCrossentropy', 'categoricalCrossentropy', 'binaryCrossentropy'] as const)
      expect(errorOf(() => losses[name]({ labelSmoothing })).code).toBe('bad-value');
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('delta %d is refused', (delta) => {
    expect(errorOf(() => losses.huber({ delta })).code).toBe('bad-value');
  });
});

describe('resolveLoss', () => {
  it.each([
    ['mse', 'meanSquaredError'],
    ['MSE', 'meanSquaredError'],
    ['mae', 'meanAbsoluteError'],
    ['mean_squared_error', 'meanSquaredError'],
    ['MeanSquaredError', 'meanSquaredError'],
    ['sparse_categorical_crossentropy', 'sparseCategoricalCrossentropy'],
    ['SparseCategoricalCrossentropy', 'sparseCategoricalCrossentropy'],
    ['kl_divergence', 'klDivergence'],
    ['KLDivergence', 'klDivergence'],
    ['kld', 'klDivergence'],
    ['huber', 'huber'],
    ['Hinge', 'hinge'],
  ])('%s is %s', (name, type) => {
    expect(resolveLoss(name).type).toBe(type);
  });

  it('every loss is found by its own name', () => {
    for (const name of Object.keys(losses)) expect(resolveLoss(name).type).toBe(name);
  });

  it('a wrong name gets a suggestion', () => {
    const e = errorOf(() => resolveLoss('sparseCategoricalCrossEntropi'));
    expect(e.code).toBe('unknown-name');
    expect(e.message).toContain("Did you mean 'sparseCategoricalCrossentropy'?");
    expect(errorOf(() => resolveLoss('toString')).code).toBe('unknown-name');
  });

  it('a loss is left as it is', () => {
    const loss = losses.huber({ delta: 2 });
    expect(resolveLoss(loss)).toBe(loss);
  });

  it('an own function gets one figure a sample', async () => {
    const loss = resolveLoss((target, prediction) => abs(sub(prediction, target)));
    const [target, x] = [graphInput('target', ['batch', 2]), graphInput('x', ['batch', 2])];
    const value = loss.apply(target, x);
    expect(value.shape).toEqual(['batch']);
    const got = await run(
      [target, x],
      { value },
      {
        target: tensor([
          [1, 2],
          [0, 0],
        ]),
        x: tensor([
          [2, 5],
          [1, 1],
        ]),
      },
    );
    expect(numbers(got['value']!)).toEqual([2, 1]);
    expect(loss.target(x)).toEqual({ dtype: 'float32', shape: ['batch', 2] });
  });

  it('an own function that reduces over the batch is refused', () => {
    const total = (target: Value, prediction: Value): Value => reduceSum(abs(sub(prediction, target)));
    const e = errorOf(() => resolveLoss(total).apply(graphInput('t', ['batch', 2]), graphInput('x', ['batch', 2])));
    expect(e.code).toBe('shape-mismatch');
    expect(e.message).toContain('total');
  });

  it('an own function cannot be made again from what was saved', () => {
    expect(errorOf(() => resolveLoss({ type: 'custom', config: {} })).message).toContain('pass the function again');
  });
});
