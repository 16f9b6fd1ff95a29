// Small ONNX models for the tests of executors, written message by message: also such as no builder of ours would make.
import { type AttributeProto, encodeModel, type GraphProto, type ModelProto, protoOfTensor } from '../src/onnx/index.ts';
import { type DType, dtypes, type Shape, Tensor, tensor } from '../src/tensor/index.ts';

/** dtype and shape; a shape of null says nothing, not even the rank. */
type Type = readonly [DType, Shape | null];

interface Description {
  readonly inputs?: Readonly<Record<string, Type>>;
  readonly outputs: Readonly<Record<string, Type>>;
  readonly constants?: Readonly<Record<string, Tensor>>;
  /** Op, inputs, outputs, and attributes if any. */
  readonly nodes: readonly (readonly [string, readonly string[], readonly string[], (readonly AttributeProto[])?])[];
}

const ports = (types: Readonly<Record<string, Type>> = {}) =>
  Object.entries(types).map(([name, [dtype, shape]]) => ({
    name,
    type: {
      tensorType: {
        elemType: dtypes[dtype].onnx,
        ...(shape && { shape: { dim: shape.map((d) => (typeof d === 'number' ? { dimValue: d } : d ? { dimParam: d } : {})) } }),
      },
    },
  }));

const graph = ({ inputs, outputs, constants = {}, nodes }: Description): GraphProto => ({
  name: 'test',
  node: nodes.map(([opType, input, output, attribute], i) => ({
    opType,
    input,
    output,
    name: `${opType}_${i}`,
    domain: opType === 'FusedMatMul' ? 'com.microsoft' : '',
    ...(attribute && { attribute }),
  })),
  initializer: Object.entries(constants).map(([name, t]) => protoOfTensor(t, name)),
  input: ports(inputs),
  output: ports(outputs),
});

/** The bytes of a model. */
export const model = (description: Description): Uint8Array =>
  encodeModel({
    irVersion: 10,
    opsetImport: [
      { domain: '', version: 21 },
      { domain: 'com.microsoft', version: 1 },
    ],
    graph: graph(description),
  } satisfies ModelProto);

const int = (name: string, i: number): AttributeProto => ({ name, type: 2, i: BigInt(i) });

/** y = a · x + b over a batch. */
export const affine = model({
  inputs: { x: ['float32', ['batch', 2]], a: ['float32', []], b: ['float32', [2]] },
  outputs: { y: ['float32', ['batch', 2]] },
  nodes: [
    ['Mul', ['x', 'a'], ['ax']],
    ['Add', ['ax', 'b'], ['y']],
  ],
});

/** next = count + by; seen = 10 · count. */
export const counter = model({
  inputs: { count: ['float32', []], by: ['float32', []] },
  outputs: { next: ['float32', []], seen: ['float32', []] },
  constants: { ten: tensor(10) },
  nodes: [
    ['Add', ['count', 'by'], ['next']],
    ['Mul', ['count', 'ten'], ['seen']],
  ],
});

/** a and b change places. */
export const swap = model({
  inputs: { a: ['float32', [3]], b: ['float32', [3]] },
  outputs: { newA: ['float32', [3]], newB: ['float32', [3]] },
  nodes: [
    ['Identity', ['b'], ['newA']],
    ['Identity', ['a'], ['newB']],
  ],
});

/** rows = at (any number of them), values = to · by; seen = the table; next = count + by. A wrong `pick` fails the run. */
export const rowWriter = (to: DType = 'float32', at: DType = 'int64'): Uint8Array =>
  model({
    inputs: {
      table: [to, [5, 2]],
      at: [at, ['n']],
      to: [to, ['n', 2]],
      count: ['float32', []],
      by: ['float32', []],
      pick: ['int64', ['k']],
    },
    outputs: {
      rows: [at, ['n']],
      values: [to, ['n', 2]],
      seen: [to, [5, 2]],
      next: ['float32', []],
      picked: ['float32', ['k']],
    },
    constants: { three: tensor([1, 2, 3]) },
    nodes: [
      ['Identity', ['at'], ['rows']],
      ['Identity', ['to'], ['values']],
      ['Identity', ['table'], ['seen']],
      ['Add', ['count', 'by'], ['next']],
      ['Gather', ['three', 'pick'], ['picked']],
    ],
  });

/** Positions of what is not zero: only the run can tell how many. `columns` is what the model claims. */
export const nonZero = (columns: string): Uint8Array =>
  model({
    inputs: { x: ['float32', ['n']] },
    outputs: { at: ['int64', [1, columns]] },
    nodes: [['NonZero', ['x'], ['at']]],
  });

/** The input as it is, in any dtype. */
export const echo = (dtype: DType, shape: Shape | null): Uint8Array =>
  model({ inputs: { x: [dtype, shape] }, outputs: { y: [dtype, shape] }, nodes: [['Identity', ['x'], ['y']]] });

/** Fails at run time where `at` is outside of x; next = w + 1 comes before. */
export const picky = model({
  inputs: { w: ['float32', []], x: ['float32', [3]], at: ['int64', []] },
  outputs: { next: ['float32', []], y: ['float32', []] },
  constants: { one: tensor(1) },
  nodes: [
    ['Add', ['w', 'one'], ['next']],
    ['Gather', ['x', 'at'], ['y']],
  ],
});

/** Fails at run time where `to` is another size than x has; next = w + 1 comes before. */
export const reshaping = model({
  inputs: { w: ['float32', []], x: ['float32', [3]], to: ['int64', [1]] },
  outputs: { next: ['float32', []], y: ['float32', ['n']] },
  constants: { one: tensor(1) },
  nodes: [
    ['Add', ['w', 'one'], ['next']],
    ['Reshape', ['x', 'to'], ['y']],
  ],
});

/** An update in another shape than the held tensor has, which only the run can tell. */
export const growing = model({
  inputs: { x: ['float32', ['n']] },
  outputs: { y: ['float32', ['m']] },
  nodes: [['Concat', ['x', 'x'], ['y'], [int('axis', 0)]]],
});

/** Half of x is dropped, in training mode, and nobody reads the mask: what ONNX Runtime likes to remove. */
export const dropout = model({
  inputs: { x: ['float32', [1000]] },
  outputs: { y: ['float32', [1000]] },
  constants: { ratio: tensor(0.5), training: tensor(true) },
  nodes: [
    ['Sqrt', ['x'], ['root']],
    ['Dropout', ['root', 'ratio', 'training'], ['dropped'], [int('seed', 7)]],
    ['Mul', ['dropped', 'dropped'], ['y']],
  ],
});

export const trapLayers = 6;
const [width, rows] = [8, 4];

/**
 * A step of a tanh MLP whose updates all come at the end, first layer first: written over the parameters themselves, it gives
 * wrong numbers, because the engine may update w before the backward pass has read it.
 */
export const aliasTrap = ((): Uint8Array => {
  const nodes: (readonly [string, readonly string[], readonly string[], (readonly AttributeProto[])?])[] = [];
  const layers = Array.from({ length: trapLayers }, (_, l) => l);
  for (const l of layers) {
    nodes.push(['MatMul', [`h${l}`, `w${l}`], [`z${l}`]], ['Tanh', [`z${l}`], [`h${l + 1}`]]);
  }
  for (const l of layers.toReversed()) {
    const dy = l === trapLayers - 1 ? `h${trapLayers}` : `dh${l + 1}`;
    nodes.push(
      ['Mul', [`h${l + 1}`, `h${l + 1}`], [`sq${l}`]],
      ['Sub', ['one', `sq${l}`], [`slope${l}`]],
      ['Mul', [dy, `slope${l}`], [`dz${l}`]],
      ['FusedMatMul', [`h${l}`, `dz${l}`], [`dw${l}`], [int('transA', 1)]],
    );
    if (l > 0) nodes.push(['FusedMatMul', [`dz${l}`, `w${l}`], [`dh${l}`], [int('transB', 1)]]);
  }
  for (const l of layers) nodes.push(['Mul', [`dw${l}`, 'rate'], [`step${l}`]], ['Sub', [`w${l}`, `step${l}`], [`new_w${l}`]]);
  const weights = (prefix: string) =>
    Object.fromEntries(layers.map((l) => [`${prefix}${l}`, ['float32', [width, width]] as Type]));
  return model({
    inputs: { h0: ['float32', [rows, width]], ...weights('w') },
    outputs: weights('new_w'),
    constants: { one: tensor(1), rate: tensor(0.5) },
    nodes,
  });
})();

/** Feeds and parameters of the trap. */
export const trapTensors = (): { readonly feeds: Record<string, Tensor>; readonly weights: Record<string, Tensor> } => ({
  feeds: {
    h0: new Tensor(
      'float32',
      [rows, width],
      new Float32Array(rows * width).map((_, i) => Math.sin(i)),
    ),
  },
  weights: Object.fromEntries(
    Array.from({ length: trapLayers }, (_, l) => [
      `w${l}`,
      new Tensor(
        'float32',
        [width, width],
        new Float32Array(width * width).map((_, i) => Math.cos(i * 7 + l) * 0.6),
      ),
    ]),
  ),
});

/** Side of the matrices of the heavy model. */
export const heavySide = 256;

/** Multiplies x by itself `turns` times: takes as long as one likes, whatever the shapes. newW = w + 1, also as row 1 of a list. */
export const heavy = ((): Uint8Array => {
  const matrix: Type = ['float32', [heavySide, heavySide]];
  const body = graph({
    inputs: { i: ['int64', []], go: ['bool', []], h: matrix },
    outputs: { goOn: ['bool', []], next: matrix },
    nodes: [
      ['Identity', ['go'], ['goOn']],
      ['MatMul', ['h', 'x'], ['next']],
    ],
  });
  return model({
    inputs: { x: matrix, turns: ['int64', []], w: ['float32', []] },
    outputs: { y: matrix, newW: ['float32', []], row: ['int64', [1]], newRow: ['float32', [1]] },
    constants: { one: tensor(1), yes: tensor(true), second: tensor([1n]) },
    nodes: [
      ['Add', ['w', 'one'], ['newW']],
      ['Identity', ['second'], ['row']],
      ['Reshape', ['newW', 'second'], ['newRow']],
      ['Loop', ['turns', 'yes', 'x'], ['y'], [{ name: 'body', type: 5, g: body }]],
    ],
  });
})();

/** Feeds for `heavy` that leave x as it is. */
export const heavyFeeds = (turns: number): Record<string, Tensor> => ({
  x: new Tensor(
    'float32',
    [heavySide, heavySide],
    new Float32Array(heavySide ** 2).map((_, i) => (i % (heavySide + 1) === 0 ? 1 : 0)),
  ),
  turns: tensor(BigInt(turns)),
});
