// Convolution where tables of cases do not reach: sizes known only at run time, all ways to the gradients of one convolution, initial
// kernels, and input that does not fit.
import { describe, expect, it } from 'vitest';
import {
  constant,
  conv1d,
  conv2d,
  conv2dTranspose,
  conv3d,
  dense,
  depthwiseConv2d,
  flatten,
  grad,
  graphInput,
  initializers,
  input,
  model,
  ops,
  randomKey,
  type Tensor,
  tensor,
  type Value,
} from '../src/index.ts';
import { kernelInitializer } from '../src/nn/convolution/convolution.ts';
import { convTransposeOp } from '../src/ops/conv-transpose.ts';
import type { Shape } from '../src/tensor/index.ts';
import { runGraph } from './support/run-graph.ts';

const filled = (shape: readonly number[], seed: number): Tensor => {
  const size = shape.reduce((n, d) => n * d, 1);
  return tensor(
    Float32Array.from({ length: size }, (_, i) => Math.sin(1.7 * i + seed)),
    { shape },
  );
};
const numbers = (t: Tensor): number[] => Array.from(t.data as Float32Array);

/** The result and its gradients, for inputs declared by these shapes and fed with these tensors. */
async function resultOf(build: (x: Value, w: Value) => Value, feeds: { readonly x: Tensor; readonly w: Tensor }, shape: Shape) {
  const x = graphInput('x', shape);
  const w = graphInput('w', feeds.w.shape);
  const y = build(x, w);
  const [dx, dw] = grad(ops.reduceSum(ops.mul(y, y)), [x, w]);
  const [ddx] = grad(ops.reduceSum(ops.mul(dw!, dw!)), [x]);
  return runGraph({ name: 'conv', inputs: [x, w], outputs: { y, dx: dx!, dw: dw!, ddx: ddx! } }, feeds);
}

const near = (a: Tensor, b: Tensor, what: string): void => {
  expect(a.shape, what).toEqual(b.shape);
  const scale = Math.max(1, ...numbers(b).map(Math.abs));
  const worst = Math.max(...numbers(a).map((v, i) => Math.abs(v - numbers(b)[i]!)));
  expect(worst / scale, what).toBeLessThan(1e-5);
};

describe('sizes known only at run time', () => {
  const rows: readonly {
    name: string;
    x: readonly number[];
    w: readonly number[];
    names: Shape;
    build: (x: Value, w: Value) => Value;
    shape: Shape;
  }[] = [
    {
      name: 'one axis',
      x: [2, 3, 9],
      w: [4, 3, 3],
      names: ['batch', 3, 'time'],
      build: (x, w) => ops.conv(x, w),
      shape: ['batch', 4, '(time - 2)'],
    },
    {
      name: 'one axis, same',
      x: [2, 3, 9],
      w: [4, 3, 4],
      names: ['batch', 3, 'time'],
      build: (x, w) => ops.conv(x, w, { autoPad: 'SAME_UPPER' }),
      shape: ['batch', 4, 'time'],
    },
    {
      name: 'strides: windows that end with the input, and that do not',
      x: [2, 8, 8],
      w: [4, 8, 3],
      names: ['batch', 8, 'time'],
      build: (x, w) => ops.conv(x, w, { strides: [2], pads: [[1, 0]] }),
      shape: ['batch', 4, 'ceil((time - 1) / 2)'],
    },
    {
      name: 'images of any size',
      x: [2, 2, 7, 6],
      w: [3, 2, 3, 2],
      names: ['batch', 2, 'rows', 'columns'],
      build: (x, w) => ops.conv(x, w, { strides: [2, 3] }),
      shape: ['batch', 3, 'ceil((rows - 2) / 2)', 'ceil((columns - 1) / 3)'],
    },
    {
      name: 'groups',
      x: [2, 4, 5, 6],
      w: [4, 2, 3, 3],
      names: ['batch', 4, 'rows', 'columns'],
      build: (x, w) => ops.conv(x, w, { group: 2 }),
      shape: ['batch', 4, '(rows - 2)', '(columns - 2)'],
    },
    {
      name: 'depthwise',
      x: [2, 3, 5, 6],
      w: [3, 1, 3, 3],
      names: ['batch', 3, 'rows', 'columns'],
      build: (x, w) => ops.conv(x, w, { group: 3 }),
      shape: ['batch', 3, '(rows - 2)', '(columns - 2)'],
    },
    {
      name: 'transposed',
      x: [2, 3, 5],
      w: [3, 2, 4],
      names: ['batch', 3, 'time'],
      build: (x, w) => ops.convTranspose(x, w, { strides: [2], outputPadding: [1] }),
      shape: ['batch', 2, '(time * 2 + 3)'],
    },
  ];
  it.each(rows)('$name', async ({ x, w, names, build, shape }) => {
    const feeds = { x: filled(x, 0), w: filled(w, 1) };
    expect(build(graphInput('x', names), graphInput('w', w)).shape).toEqual(shape);
    const [open, known] = [await resultOf(build, feeds, names), await resultOf(build, feeds, x)];
    for (const name of ['y', 'dx', 'dw', 'ddx']) near(open[name]!, known[name]!, name);
  });

  it('a margin that depends on the size has no gradient, and says so', () => {
    const x = graphInput('x', ['batch', 2, 'time']);
    const y = ops.conv(x, graphInput('w', [3, 2, 4]), { autoPad: 'SAME_UPPER', strides: [2] });
    expect(y.shape).toEqual(['batch', 3, 'ceil(time / 2)']);
    expect(() => grad(ops.reduceSum(y), [x])).toThrow(/Conv: got auto_pad SAME_UPPER with a stride/);
  });
});

describe('one convolution, several ways to its gradients', () => {
  // The same numbers as a dense convolution: a group of one is no group, and a grouped kernel is a dense one with zeros.
  it('in groups equals dense kernels with zeros between', async () => {
    const x = filled([2, 4, 5, 5], 0);
    const grouped = filled([4, 2, 3, 3], 1);
    const whole = new Float32Array(4 * 4 * 9);
    for (let out = 0; out < 4; out++)
      whole.set(numbers(grouped).slice(out * 18, out * 18 + 18), out * 36 + Math.floor(out / 2) * 18);
    const one = await resultOf((a, b) => ops.conv(a, b, { group: 2 }), { x, w: grouped }, [2, 4, 5, 5]);
    const other = await resultOf((a, b) => ops.conv(a, b), { x, w: tensor(whole, { shape: [4, 4, 3, 3] }) }, [2, 4, 5, 5]);
    near(one['y']!, other['y']!, 'y');
    near(one['dx']!, other['dx']!, 'dx');
  });

  it('in a loop over steps equals all steps at once', async () => {
    const feeds = { x: filled([3, 2, 2, 12], 0), w: filled([3, 2, 3], 1) };
    const build = (v: Value, w: Value): Value => ops.conv(v, w, { strides: [2], group: 1 });
    const looped = (x: Value, w: Value): Value =>
      ops.scan({ states: [], inputs: [x], captures: [w], body: (_, [now], [k]) => ({ states: [], outputs: [build(now!, k!)] }) })
        .outputs[0]!;
    const atOnce = (x: Value, w: Value): Value => ops.reshape(build(ops.reshape(x, [6, 2, 12]), w), [3, 2, 3, 5]);
    const [a, b] = [await resultOf(looped, feeds, [3, 2, 2, 12]), await resultOf(atOnce, feeds, [3, 2, 2, 12])];
    for (const name of ['y', 'dx', 'dw', 'ddx']) near(a[name]!, b[name]!, name);
    const long = { x: filled([3, 2, 1, 131], 0), w: filled([3, 1, 3], 1) }; // with a loop of its own in the gradient
    const flat = (x: Value, w: Value): Value => ops.reshape(build(ops.reshape(x, [6, 1, 131]), w), [3, 2, 3, 65]);
    const [c, d] = [await resultOf(looped, long, [3, 2, 1, 131]), await resultOf(flat, long, [3, 2, 1, 131])];
    for (const name of ['y', 'dx', 'dw', 'ddx']) near(c[name]!, d[name]!, name);
  });

  it('ConvTranspose with output_shape or auto_pad equals the same with pads', async () => {
    const feeds = { x: filled([2, 3, 4], 0), w: filled([3, 2, 3], 1) };
    const run = (attrs: object): ReturnType<typeof resultOf> =>
      resultOf((x, w) => convTransposeOp({ X: x, W: w }, { strides: [2], ...attrs }).Y, feeds, [2, 3, 4]);
    for (const [given, same] of [
      [{ output_shape: [8] }, { pads: [1, 0] }],
      [{ output_shape: [8], auto_pad: 'SAME_UPPER' }, { pads: [0, 1] }],
      [{ auto_pad: 'SAME_UPPER' }, { pads: [0, 1] }],
      [{ auto_pad: 'SAME_LOWER' }, { pads: [1, 0] }],
    ] as const) {
      const [a, b] = [await run(given), await run(same)];
      for (const name of ['y', 'dx', 'dw', 'ddx']) near(a[name]!, b[name]!, `${JSON.stringify(given)} ${name}`);
    }
  });
});

describe('initial kernels', () => {
  const key = randomKey(3);
  const most = (t: Tensor): number => Math.max(...numbers(t).map(Math.abs));

  it('count windows times channels on both sides', () => {
    // 16 channels in, 32 out, 9 places: Glorot's limit is sqrt(6 / (9 * 16 + 9 * 32)).
    const limit = Math.sqrt(6 / (9 * 48));
    const drawn = most(kernelInitializer('glorotUniform').make([32, 16, 3, 3], key));
    expect(drawn).toBeLessThanOrEqual(limit);
    expect(drawn).toBeGreaterThan(0.99 * limit);
    // He's counts inputs alone, which a transposed kernel has first.
    const he = most(kernelInitializer('heUniform', true).make([16, 32, 3, 3], key));
    expect(he / Math.sqrt(6 / (9 * 16))).toBeGreaterThan(0.99);
    expect(he / Math.sqrt(6 / (9 * 16))).toBeLessThanOrEqual(1);
  });

  it('are orthogonal as a matrix of filters', () => {
    const filters = numbers(kernelInitializer('orthogonal').make([4, 3, 2, 2], key));
    const dot = (a: number, b: number): number =>
      Array.from({ length: 12 }, (_, i) => filters[a * 12 + i]! * filters[b * 12 + i]!).reduce((p, q) => p + q);
    for (let a = 0; a < 4; a++) for (let b = 0; b < 4; b++) expect(dot(a, b)).toBeCloseTo(a === b ? 1 : 0, 5);
  });

  it('hold every number of what was drawn once', () => {
    const sorted = (t: Tensor): number[] => numbers(t).sort((a, b) => a - b);
    const drawn = initializers.randomNormal().make([2, 2, 3, 4], key);
    expect(sorted(kernelInitializer('randomNormal').make([4, 3, 2, 2], key))).toEqual(sorted(drawn));
    expect(numbers(kernelInitializer('randomNormal').make([4, 3, 2, 2], key))[0 * 12 + 2 * 4 + 1]).toBe(
      numbers(drawn)[(0 * 2 + 1) * 12 + 2 * 4 + 0], // filter 0, channel 2, row 0, column 1
    );
  });

  it('take axes of the stored kernel when told', () => {
    const told = initializers.heUniform({ inputAxes: [1, 2], outputAxes: [0] });
    expect(kernelInitializer(told)).toBe(told);
  });
});

describe('input that does not fit', () => {
  const image = input({ shape: [8, 8, 3] });
  it.each([
    [
      'a kernel larger than its input',
      () => conv2d({ filters: 4, kernelSize: 3, name: 'third' })(conv2d({ filters: 4, kernelSize: 7 })(image)),
      /Conv2D at third: got a kernel of \[3, 3\] for the input \[batch, 2, 2, 4\], expected a kernel no larger than the input. .*'same'/,
    ],
    [
      'a kernel larger by its dilation',
      () => conv1d({ filters: 1, kernelSize: 3, dilationRate: 4 })(input({ shape: [8, 2] })),
      /Conv1D at conv1D: got a kernel of \[3\], dilated to \[9\], for the input \[batch, 8, 2\]/,
    ],
    ['too few axes', () => conv2d({ filters: 1, kernelSize: 2 })(input({ shape: [8, 8] })), /Conv2D.*got input \[batch, 8, 8\]/],
    [
      'too many axes',
      () => conv1d({ filters: 1, kernelSize: 2 })(image),
      /Conv1D.*got input \[batch, 8, 8, 3\], expected \[batch, steps/,
    ],
    [
      'channels known only at run time',
      () => conv2d({ filters: 1, kernelSize: 2 })(input({ shape: [8, 8, 'depth'] })),
      /expected a known number of channels/,
    ],
    [
      'groups that do not divide the channels',
      () => conv2d({ filters: 4, kernelSize: 1, groups: 2 })(image),
      /Conv2D.*3 channels, groups = 2, expected groups that divide the channels/,
    ],
    ['groups that do not divide the filters', () => conv2d({ filters: 3, kernelSize: 1, groups: 2 }), /filters = 3, groups = 2/],
    ['filters', () => conv3d({ filters: 0, kernelSize: 1 }), /Conv3D at conv3D: got filters = 0/],
    ['kernel size', () => conv2d({ filters: 1, kernelSize: [3] }), /kernelSize = \[3\], expected a whole number of at least 1/],
    ['strides', () => conv2d({ filters: 1, kernelSize: 3, strides: 0 }), /strides = 0/],
    ['padding', () => conv2d({ filters: 1, kernelSize: 3, padding: 'sane' as 'same' }), /'sane'. Did you mean 'same'/],
    ['causal images', () => conv2d({ filters: 1, kernelSize: 3, padding: 'causal' as 'same' }), /no padding named 'causal'/],
    ['negative padding', () => conv2d({ filters: 1, kernelSize: 3, padding: -1 }), /padding = -1/],
    ['data format', () => conv2d({ filters: 1, kernelSize: 3, dataFormat: 'nchw' as 'channelsFirst' }), /'nchw'/],
    ['activation', () => conv2d({ filters: 1, kernelSize: 3, activation: 'relo' as 'relu' }), /'relo'. Did you mean 'relu'/],
    ['depth multiplier', () => depthwiseConv2d({ kernelSize: 3, depthMultiplier: 0 }), /depthMultiplier = 0/],
    [
      'output padding',
      () => conv2dTranspose({ filters: 1, kernelSize: 3, strides: 2, outputPadding: 2 }),
      /outputPadding = 2 for strides \[2, 2\]/,
    ],
    [
      'same, with strides, of unknown sizes',
      () => conv1d({ filters: 1, kernelSize: 3, strides: 2, padding: 'same' })(input({ shape: ['time', 2] })),
      /padding 'same' with a stride of 2 for the input \[batch, time, 2\]/,
    ],
    [
      'channels first and last confused',
      () => ops.conv(graphInput('x', [1, 8, 8, 3]), graphInput('w', [4, 3, 2, 2])),
      /Conv: got input \[1, 8, 8, 3\] and kernels \[4, 3, 2, 2\], expected 3 input channels, on axis 1/,
    ],
    [
      'a wrong bias',
      () => ops.conv(graphInput('x', [1, 3, 4]), graphInput('w', [2, 3, 1]), { bias: graphInput('b', [3]) }),
      /a bias of shape \[3\]/,
    ],
    [
      'groups of an op',
      () => ops.conv(graphInput('x', [1, 3, 4]), graphInput('w', [2, 1, 1]), { group: 3 }),
      /3 groups for 2 output channels/,
    ],
    [
      'margins that leave nothing',
      () => ops.convTranspose(graphInput('x', [1, 1, 2]), graphInput('w', [1, 1, 2]), { pads: [[2, 1]] }),
      /margins that leave \[0\]/,
    ],
    ['dtypes', () => ops.conv(graphInput('x', [1, 1, 4], 'uint8'), graphInput('w', [1, 1, 2])), /uint8 and float32/],
  ])('%s', (_, build, message) => {
    expect(build).toThrow(message);
  });

  it('an image of another size than the dense layer behind was made for', async () => {
    const net = model({ inputs: image, outputs: dense({ units: 2 })(flatten()(conv2d({ filters: 2, kernelSize: 3 })(image))) });
    await expect(net.predict(filled([1, 10, 10, 3], 0))).rejects.toThrow(
      /\[batch, 8, 8, 3\].*\[1, 10, 10, 3\]|\[1, 10, 10, 3\].*8, 8, 3/,
    );
    await expect(net.predict(filled([1, 8, 8, 1], 0))).rejects.toThrow(/8, 8, 3/);
    await net.release();
    const open = input({ shape: ['rows', 'columns', 3] });
    expect(() => dense({ units: 2 })(flatten()(conv2d({ filters: 2, kernelSize: 3 })(open)))).toThrow(
      /Dense at dense: got input \[batch, .*known number of features/,
    );
  });

  it('images of any size go through convolutions alone', async () => {
    const open = input({ shape: ['rows', 'columns', 1], name: 'x' });
    const net = model({ inputs: open, outputs: conv2d({ filters: 2, kernelSize: 3, padding: 'same' })(open) });
    expect((await net.predict(filled([1, 4, 6, 1], 0))).shape).toEqual([1, 4, 6, 2]);
    expect((await net.predict(filled([2, 5, 3, 1], 0))).shape).toEqual([2, 5, 3, 2]);
    await net.release();
  });
});

describe('layout', () => {
  const transposes = (build: (x: Value) => Value): number => {
    const seen = new Set<Value>();
    let found = 0;
    const walk = (v: Value): void => {
      if (seen.has(v)) return;
      seen.add(v);
      if (v.node?.op.type === 'Transpose') found++;
      for (const next of v.node?.ins ?? []) if (next) walk(next);
    };
    walk(build(graphInput('x', [1, 8, 8, 3])));
    return found;
  };
  it('a chain of channels-last layers transposes at its two ends only', () => {
    const scope = {
      training: false,
      trainable: true,
      masks: [],
      parameter: (_: string, shape: readonly number[]) => constant(filled(shape, 0)),
      key: () => graphInput('key', [2], 'uint32'),
      update: () => undefined,
      penalty: () => undefined,
    };
    const chain = [
      conv2d({ filters: 4, kernelSize: 3, activation: 'relu' }),
      depthwiseConv2d({ kernelSize: 3, padding: 'same', activation: 'tanh' }),
      conv2dTranspose({ filters: 2, kernelSize: 2, strides: 2 }),
    ];
    expect(transposes((x) => chain.reduce((y, layer) => layer.build([y], scope)[0]!, x))).toBe(2);
  });
});
