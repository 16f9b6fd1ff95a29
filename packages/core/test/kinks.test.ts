// Gradients where a slope jumps or a naive formula overflows. Central differences say nothing there, so the expected
// numbers are those of PyTorch 2.13 (torch.maximum, torch.abs, torch.clamp, ...), autograd of the sum of the result.
import { describe, expect, it } from 'vitest';
import { createExecutor } from '#ort';
import { grad } from '../src/grad/index.ts';
import { graphInput, type Value } from '../src/graph/index.ts';
import { exportGraph } from '../src/onnx/index.ts';
import * as ops from '../src/ops/index.ts';
import { type Tensor, tensor } from '../src/tensor/index.ts';

const executor = await createExecutor({ threads: 1 });

/** The gradients of the sum of `build(...)` at these points. */
async function gradients(build: (...xs: Value[]) => Value, ...points: readonly number[][]): Promise<number[][]> {
  const inputs = points.map((point, i) => graphInput(`x${i}`, [point.length]));
  const slopes = grad(build(...inputs), inputs);
  const outputs = Object.fromEntries(slopes.map((slope, i) => [`d${i}`, slope]));
  const program = await executor.compile(exportGraph({ name: 'slopes', inputs, outputs }));
  const feeds = Object.fromEntries(points.map((point, i) => [`x${i}`, tensor(point)]));
  const results: Record<string, Tensor> = await program.run(feeds);
  await program.release();
  return slopes.map((_, i) => Array.from(results[`d${i}`]!.data as Float32Array));
}

const rows: readonly { op: string; build: (...xs: Value[]) => Value; at: readonly number[][]; slopes: readonly number[][] }[] = [
  {
    op: 'max: half each on a tie',
    build: ops.max,
    at: [
      [1, 2, 0],
      [1, 1, 3],
    ],
    slopes: [
      [0.5, 1, 0],
      [0.5, 0, 1],
    ],
  },
  {
    op: 'min: half each on a tie',
    build: ops.min,
    at: [
      [1, 2, 0],
      [1, 1, 3],
    ],
    slopes: [
      [0.5, 0, 1],
      [0.5, 1, 0],
    ],
  },
  { op: 'max with a number', build: (x) => ops.max(x, 0), at: [[-1, 0, 2]], slopes: [[0, 0.5, 1]] },
  { op: 'abs', build: ops.abs, at: [[-3, 0, 3]], slopes: [[-1, 0, 1]] },
  { op: 'sign', build: ops.sign, at: [[-3, 0, 3]], slopes: [[0, 0, 0]] },
  { op: 'relu', build: ops.relu, at: [[-1, 0, 2]], slopes: [[0, 0, 1]] },
  {
    op: 'clip: the bounds are inside',
    build: (x) => ops.clip(x, { min: -1, max: 1 }),
    at: [[-2, -1, 0, 1, 2]],
    slopes: [[0, 1, 1, 1, 0]],
  },
  { op: 'leakyRelu', build: (x) => ops.leakyRelu(x, { alpha: 0.25 }), at: [[-1, 0, 2]], slopes: [[0.25, 0.25, 1]] },
  { op: 'elu', build: (x) => ops.elu(x, { alpha: 0.5 }), at: [[-100, 0, 100]], slopes: [[0, 0.5, 1]] },
  { op: 'selu', build: ops.selu, at: [[0, 100]], slopes: [[1.7580993, 1.050701]] },
  { op: 'hardSigmoid', build: (x) => ops.hardSigmoid(x), at: [[-3, 0, 3]], slopes: [[0, 1 / 6, 0]] },
  { op: 'softsign', build: ops.softsign, at: [[-1, 0, 1]], slopes: [[0.25, 1, 0.25]] },
  { op: 'softplus, far out', build: ops.softplus, at: [[-100, 0, 1000]], slopes: [[0, 0.5, 1]] },
  { op: 'gelu, far out', build: (x) => ops.gelu(x), at: [[-40, 0, 40]], slopes: [[0, 0.5, 1]] },
  { op: 'gelu tanh, far out', build: (x) => ops.gelu(x, { approximate: 'tanh' }), at: [[-40, 0, 40]], slopes: [[0, 0.5, 1]] },
  { op: 'sigmoid, far out', build: ops.sigmoid, at: [[-1000, 0, 1000]], slopes: [[0, 0.25, 0]] },
  { op: 'sqrt at 0', build: ops.sqrt, at: [[0, 4]], slopes: [[Infinity, 0.25]] },
  { op: 'pow: 2 at 0 and below', build: (x) => ops.pow(x, 2), at: [[-2, 0]], slopes: [[-4, 0]] },
  { op: 'pow: 0', build: (x) => ops.pow(x, 0), at: [[0, 2]], slopes: [[0, 0]] },
  {
    op: 'pow: given exponents',
    build: ops.pow,
    at: [
      [0, 0, 0, 2],
      [0, 2, 1, 0],
    ],
    slopes: [
      [0, 0, 1, 0],
      [0, 0, 0, Math.LN2],
    ],
  },
  { op: 'pow: no slope along the exponent of a negative', build: ops.pow, at: [[-2], [3]], slopes: [[12], [0]] },
  { op: 'stopGradient', build: (x) => ops.mul(ops.stopGradient(x), x), at: [[-1, 3]], slopes: [[-1, 3]] },
  {
    op: 'cast to an integer',
    build: (x) => ops.mul(ops.cast(ops.cast(x, 'int32'), 'float32'), x),
    at: [[2.5, -1.5]],
    slopes: [[2, -1]],
  },
];

describe('gradients at kinks', () => {
  for (const { op, build, at, slopes } of rows)
    it(op, async () => {
      const got = await gradients(build, ...at);
      got.forEach((row, i) =>
        row.forEach((slope, j) => expect(slope, `input ${i}, point ${at[i]![j]}`).toBeCloseTo(slopes[i]![j]!, 5)),
      );
      expect(got.map((row) => row.length)).toEqual(slopes.map((row) => row.length));
    });
});

describe('looking behind an activation', () => {
  const x = graphInput('x', ['batch', 4]);

  it('finds the logits of softmax, with the axis counted from 0', () => {
    expect(ops.softmaxInput(ops.softmax(x))).toEqual({ logits: x, axis: 1 });
    expect(ops.softmaxInput(ops.softmax(x, { axis: 0 }))?.axis).toBe(0);
    expect(ops.sigmoidInput(ops.sigmoid(x))).toBe(x);
  });

  it('finds nothing behind anything else', () => {
    expect(ops.softmaxInput(ops.logSoftmax(x))).toBeUndefined();
    expect(ops.sigmoidInput(ops.softmax(x))).toBeUndefined();
    expect(ops.softmaxInput(x)).toBeUndefined();
  });
});

describe('what elementwise ops refuse', () => {
  const x = graphInput('x', ['batch', 4]);
  const mask = graphInput('mask', [4], 'bool');
  const whole = graphInput('whole', [4], 'int32');
  const refused: readonly [string, () => Value, string][] = [
    ['floats for and', () => ops.and(x, mask), 'dtype-mismatch'],
    ['bool for greater', () => ops.greater(mask, mask), 'dtype-mismatch'],
    ['two dtypes', () => ops.div(x, whole), 'dtype-mismatch'],
    ['integers for exp', () => ops.exp(whole), 'dtype-mismatch'],
    ['bool for a fast power', () => ops.pow(mask, 2), 'dtype-mismatch'],
    ['a condition of floats', () => ops.where(x, x, 0), 'dtype-mismatch'],
    ['signed numbers for bitShift', () => ops.bitShift(whole, 2, { direction: 'left' }), 'dtype-mismatch'],
    ['floats for bitwiseXor', () => ops.bitwiseXor(x, 1), 'dtype-mismatch'],
    ['shapes that do not broadcast', () => ops.max(x, graphInput('y', [3])), 'shape-mismatch'],
    ['squeezing an axis that is not 1', () => ops.squeeze(x, { axes: [1] }), 'shape-mismatch'],
    ['unsqueezing an axis twice', () => ops.unsqueeze(x, { axes: [0, -4] }), 'bad-value'],
    ['an axis outside', () => ops.softmax(x, { axis: 2 }), 'bad-value'],
    ['bounds the wrong way round', () => ops.clip(x, { min: 2, max: 1 }), 'bad-value'],
    ['a dtype that does not exist', () => ops.cast(x, 'float23' as 'float32'), 'unknown-name'],
  ];
  for (const [what, build, code] of refused) it(what, () => expect(build).toThrow(expect.objectContaining({ code })));
});
