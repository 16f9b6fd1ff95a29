// Loops: against the same steps written out, in their gradients too; what runs; files; mistakes.
import { describe, expect, it } from 'vitest';
import { StratusError } from '../src/errors.ts';
import { grad } from '../src/grad/index.ts';
import {
  apply,
  checkGraph,
  constant,
  type Graph,
  graphInput,
  inScope,
  type Node,
  printGraph,
  type Value,
} from '../src/graph/index.ts';
import { exportGraph, graphToModel, importGraph, type ModelProto, type NodeProto, protoOfTensor } from '../src/onnx/index.ts';
import * as ops from '../src/ops/index.ts';
import { type Shape, type Tensor, tensor } from '../src/tensor/index.ts';
import { openGraph, runGraph } from './support/run-graph.ts';

const { add, matMul, mul, reduceSum, scan, sigmoid, split, tanh } = ops;

/** Numbers that look random and are the same every time. */
function drawn(shape: readonly number[], seed: number): Tensor {
  let state = seed * 7919 + 17;
  const data = Float64Array.from({ length: shape.reduce((n, d) => n * d, 1) }, () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 1073741824 - 1;
  });
  return tensor(data, { shape: [...shape] });
}

/** One step of an LSTM without biases: gates from `z` and what comes back from `h`. */
function lstmStep(h: Value, c: Value, z: Value, u: Value): [Value, Value] {
  const units = h.shape[1] as number;
  const [i, f, o, g] = split(add(z, matMul(h, u)), [units, units, units, units], { axis: 1 });
  const cell = add(mul(sigmoid(f!), c), mul(sigmoid(i!), tanh(g!)));
  return [mul(sigmoid(o!), tanh(cell)), cell];
}

type Options = (ins: readonly Value[]) => ops.ScanOptions;

const lstm =
  ({ reverse = false, outputs = true } = {}): Options =>
  ([h0, c0, z, u]) => ({
    states: [h0!, c0!],
    inputs: [z!],
    reverse,
    body: ([h, c], [now]) => {
      const [next, cell] = lstmStep(h!, c!, now!, u!);
      return { states: [next, cell], outputs: outputs ? [next] : [] };
    },
  });
const lstmShapes: readonly Shape[] = [
  ['batch', 3],
  ['batch', 3],
  ['time', 'batch', 12],
  [3, 12],
];

const squares = (values: readonly Value[]): Value =>
  values.map((y, k) => reduceSum(mul(mul(y, y), 0.3 + 0.2 * k))).reduce((a, b) => add(a, b));

const at = (x: Value, t: number): Value => ops.squeeze(ops.slice(x, { starts: [t], ends: [t + 1], axes: [0] }), { axes: [0] });
const stack = (xs: readonly Value[]): Value => ops.concat(xs.map((x) => ops.unsqueeze(x, { axes: [0] })));

/** A loop, written out. */
function unrolled(options: ops.ScanOptions, steps: number): ReturnType<typeof scan> {
  let { states } = options;
  const outputs: Value[][] = [];
  for (let i = 0; i < steps; i++) {
    const t = options.reverse ? steps - 1 - i : i;
    const inputs = options.inputs.map((x) => at(x, t));
    const made = options.body(states, inputs, options.captures ?? []);
    states = made.states;
    for (const [j, y] of made.outputs.entries()) (outputs[j] ??= [])[t] = y;
  }
  return { states, outputs: outputs.map(stack) };
}

/** Values, gradients, and gradients of gradients of both ways of writing a loop, in float64. */
async function compare(options: Options, shapes: readonly Shape[], sizes: Record<string, number> = {}, read?: readonly number[]) {
  const known = shapes.map((shape) => shape.map((d) => (typeof d === 'number' ? d : sizes[d]!)));
  const feeds = Object.fromEntries(known.map((shape, i) => [`x${i}`, drawn(shape, i + 1)]));
  const results = [];
  for (const loop of [true, false]) {
    const ins = (loop ? shapes : known).map((shape, i) => graphInput(`x${i}`, shape, 'float64'));
    const given = options(ins);
    const { states, outputs } = loop ? scan(given) : unrolled(given, given.inputs[0]!.shape[0] as number);
    const all = [...states, ...outputs].filter((_, k) => read?.includes(k) ?? true);
    const first = grad(squares(all), ins);
    const second = grad(squares(first), ins);
    const named = (letter: string, values: readonly Value[]) => values.map((v, k): [string, Value] => [`${letter}${k}`, v]);
    const outs = Object.fromEntries([...named('y', all), ...named('g', first), ...named('h', second)]);
    const graph: Graph = { name: 'loop', inputs: ins, outputs: outs };
    results.push(await runGraph(graph, feeds));
    if (!loop) continue;
    // A file comes back as it is but for Identity nodes, which it has where we need none.
    const back = importGraph(exportGraph(graph)).graph;
    expect(exportGraph(importGraph(exportGraph(back)).graph)).toEqual(exportGraph(back));
  }
  const [scanned, plain] = results;
  expect(Object.keys(scanned!)).toEqual(Object.keys(plain!));
  for (const [name, expected] of Object.entries(plain!)) {
    const actual = scanned![name]!;
    expect([name, ...actual.shape]).toEqual([name, ...expected.shape]);
    const wanted = expected.data as Float64Array;
    const error = Math.max(0, ...Array.from(actual.data as Float64Array, (v, i) => Math.abs(v - wanted[i]!)));
    expect.soft(error / Math.max(1, ...wanted.map(Math.abs)), name).toBeLessThan(1e-12);
  }
}

describe('a loop equals its steps written out, in value and in gradients of order 1 and 2', () => {
  const sizes = { batch: 2, time: 4 };
  it('LSTM', () => compare(lstm(), lstmShapes, sizes));
  it('from the last step to the first', () => compare(lstm({ reverse: true }), lstmShapes, sizes));
  it('last states only', () => compare(lstm({ outputs: false }), lstmShapes, sizes));
  it('one state of two read', () => compare(lstm(), lstmShapes, sizes, [1]));
  it('stacked outputs only', () => compare(lstm(), lstmShapes, sizes, [2]));
  it('one step', () => compare(lstm(), lstmShapes, { batch: 3, time: 1 }));

  it('a bias and a scale that broadcast, inside of the loop', () =>
    compare(
      ([h0, x, u, bias, scale]) => ({
        states: [h0!],
        inputs: [x!],
        body: ([h], [now]) => {
          const next = tanh(mul(add(add(matMul(h!, u!), now!), bias!), scale!));
          return { states: [next], outputs: [mul(next, bias!)] };
        },
      }),
      [['batch', 3], ['time', 'batch', 3], [3, 3], [3], ['batch', 1]],
      { batch: 2, time: 3 },
    ));

  it('a captured weight that is read in several ways', () =>
    compare(
      ([h0, x, u]) => ({
        states: [h0!],
        inputs: [x!],
        body: ([h], [now]) => {
          const back = matMul(h!, ops.transpose(u!)); // made once, outside
          const more = ops.gemm(ops.neg(now!), mul(u!, u!), ops.gemm(now!, u!, undefined, { transB: true, alpha: 0.5 }));
          const turned = ops.gemm(u!, more, undefined, { transA: true, transB: true });
          const next = tanh(add(matMul(now!, u!), ops.sub(back, ops.transpose(turned))));
          return { states: [next], outputs: [reduceSum(mul(u!, matMul(ops.transpose(next), now!)))] };
        },
      }),
      [
        ['batch', 3],
        ['time', 'batch', 3],
        [3, 3],
      ],
      { batch: 2, time: 3 },
    ));

  it('a matrix times a stack of matrices', () =>
    compare(
      ([x, u]) => ({
        states: [],
        inputs: [x!],
        body: (_, [now]) => ({ states: [], outputs: [tanh(matMul(now!, u!)), matMul(ops.transpose(u!), now!)] }),
      }),
      [
        ['time', 'batch', 2, 2],
        [2, 2],
      ],
      { batch: 2, time: 3 },
    ));

  it('states that mix, states without effect, states that only inputs set', () =>
    compare(
      ([a, b, c, x]) => ({
        states: [a!, b!, c!],
        inputs: [x!],
        body: ([p, q, r], [now]) => ({
          states: [mul(q!, now!), ops.sin(p!), ops.cos(now!)],
          outputs: [mul(r!, p!), now!, p!],
        }),
      }),
      [[2], [2], [2], ['time', 2]],
      { time: 4 },
    ));

  it('several inputs, some not differentiable', () =>
    compare(
      ([x, y]) => ({
        states: [],
        inputs: [x!, y!],
        body: (_, [p, q]) => {
          const mask = ops.cast(ops.greater(p!, 0), 'float64');
          return { states: [], outputs: [mul(mask, mul(p!, q!)), ops.stopGradient(mul(p!, p!))] };
        },
      }),
      [
        ['time', 2, 3],
        ['time', 3],
      ],
      { time: 5 },
    ));

  it('a loop in a loop', () =>
    compare(
      ([h0, x, w]) => ({
        states: [h0!],
        inputs: [x!],
        body: ([h], [row]) => {
          const { states, outputs } = scan({
            states: [h!],
            inputs: [row!],
            reverse: true,
            body: ([g], [cell]) => {
              const next = tanh(add(mul(g!, w!), mul(cell!, h!)));
              return { states: [next], outputs: [mul(next, cell!)] };
            },
          });
          return { states, outputs };
        },
      }),
      [[2], [3, 'inner', 2], [2]],
      { inner: 2 },
    ));
});

describe('what runs', () => {
  const types = (model: ModelProto): string[] => (model.graph?.node ?? []).map(({ opType = '' }) => opType);
  const count = (list: readonly string[], what: string): number => list.filter((type) => type === what).length;
  const bodyOf = ({ attribute = [] }: NodeProto): readonly NodeProto[] => attribute.find(({ g }) => g)?.g?.node ?? [];
  const scansOf = (graph: Graph): NodeProto[] =>
    (graphToModel(graph).graph?.node ?? []).filter(({ opType }) => opType === 'Scan');
  const trained = (options: Options = lstm()): Graph => {
    const inputs = lstmShapes.map((shape, i) => graphInput(`x${i}`, shape));
    const { states, outputs } = scan(options(inputs));
    const loss = squares([...states, ...outputs]);
    const gradients = grad(loss, inputs).map((g, i): [string, Value] => [`g${i}`, g]);
    return { name: 'train', inputs, outputs: { loss, ...Object.fromEntries(gradients) } };
  };

  it('in training, one loop forward and one back', () => {
    const graph = trained();
    const [forward, back, ...more] = scansOf(graph);
    expect(more).toEqual([]);
    expect(bodyOf(forward!).map(({ opType }) => opType)).not.toContain('Transpose');
    // Products with weights that change nothing from step to step: one forward, one back; the weights' own is outside.
    expect(
      count(
        bodyOf(forward!).map(({ opType = '' }) => opType),
        'MatMul',
      ),
    ).toBe(1);
    expect(
      count(
        bodyOf(back!).map(({ opType = '' }) => opType),
        'MatMul',
      ),
    ).toBe(1);
    expect(
      count(
        bodyOf(back!).map(({ opType = '' }) => opType),
        'Transpose',
      ),
    ).toBe(0);
    expect(
      count(
        bodyOf(back!).map(({ opType = '' }) => opType),
        'ReduceSum',
      ),
    ).toBe(0);
    expect(count(types(graphToModel(graph)), 'Gemm')).toBe(1);
    // The printer shows what runs.
    expect(printGraph(graph).split('Scan(').length).toBe(3);
    expect(scansOf(importGraph(exportGraph(graph)).graph)).toHaveLength(2);
  });

  it('gradients of several values share the loop forward', () => {
    const inputs = lstmShapes.map((shape, i) => graphInput(`x${i}`, shape));
    const { states } = scan(lstm()(inputs));
    const outputs = Object.fromEntries(states.map((y, k) => [`g${k}`, grad(reduceSum(y), [inputs[3]!])[0]!]));
    expect(scansOf({ name: 'two', inputs, outputs })).toHaveLength(3);
  });

  it('nothing is stacked that nobody reads, and nothing calculated for it', () => {
    const x = graphInput('x', ['time', 2]);
    const unread = graphInput('w', [2]);
    const { states } = scan({
      states: [constant(tensor([0, 0]), 'h0')],
      inputs: [x],
      body: ([h], [now]) => {
        const next = add(h!, now!);
        return { states: [next], outputs: [mul(next, ops.exp(unread))] };
      },
    });
    const graph: Graph = { name: 'last', inputs: [x, unread], outputs: { y: states[0]! } };
    const model = graphToModel(graph);
    expect(types(model)).toEqual(['Scan']);
    expect(model.graph?.node?.[0]).toMatchObject({ input: ['h0', 'x'], output: ['y'] });
    expect(bodyOf(model.graph!.node![0]!).map(({ opType }) => opType)).toEqual(['Add']);
  });

  it('no state is kept that nobody reads, nor what it alone needs, also not of the loop before', async () => {
    const [h, k, x, w] = [graphInput('h', [2]), graphInput('k', [2]), graphInput('x', ['time', 2]), graphInput('w', [2])];
    const first = scan({
      states: [h, k],
      inputs: [x],
      body: ([a, b], [now]) => ({ states: [add(a!, now!), mul(b!, w)], outputs: [tanh(a!)] }),
    });
    const second = scan({
      states: [first.states[1]!, h, h],
      inputs: [first.outputs[0]!, x],
      // The second state feeds the third, which is read; the first feeds itself alone.
      body: ([a, b, c], [now, other]) => ({ states: [mul(a!, now!), add(b!, other!), add(c!, b!)], outputs: [] }),
    });
    const graph: Graph = { name: 'g', inputs: [h, k, x, w], outputs: { y: second.states[2]! } };
    const loops = graphToModel(graph).graph!.node!.filter(({ opType }) => opType === 'Scan');
    expect(loops.length).toBe(1);
    const body = loops[0]!.attribute!.find(({ name }) => name === 'body')!.g!;
    expect([loops[0]!.input!.length, body.input!.length, body.output!.length]).toEqual([3, 3, 2]);
    expect(body.node!.map(({ opType }) => opType).sort()).toEqual(['Add', 'Add']);
    const feeds = { h: drawn([2], 1), k: drawn([2], 2), x: drawn([3, 2], 3), w: drawn([2], 4) };
    const floats = Object.fromEntries(
      Object.entries(feeds).map(([name, { data, shape }]) => [
        name,
        tensor(Float32Array.from(data as Float64Array)).reshape([...shape]),
      ]),
    );
    const { y } = await runGraph(graph, floats);
    const [a, rows] = [floats['h']!.data as Float32Array, floats['x']!.data as Float32Array];
    // c = h + sum over steps of the second state before each step
    for (const i of [0, 1]) expect(y!.data[i]).toBeCloseTo(a[i]! + 3 * a[i]! + 2 * rows[i]! + rows[2 + i]!, 5);
  });

  it('a loop counts its steps by what is read step by step, also where nobody reads it', async () => {
    const [h, x] = [graphInput('h', [2]), graphInput('x', ['time', 3])];
    const { states } = scan({ states: [h], inputs: [x, x], body: ([a], [now]) => ({ states: [add(a!, a!)], outputs: [now!] }) });
    const graph: Graph = { name: 'g', inputs: [h, x], outputs: { y: states[0]! } };
    const [loop] = graphToModel(graph).graph!.node!;
    expect(loop!.input).toEqual(['h', 'x']);
    const { y } = await runGraph(graph, { h: tensor([1, 2]), x: tensor(new Float32Array(12)).reshape([4, 3]) });
    expect([...(y!.data as Float32Array)]).toEqual([16, 32]);
  });

  it('what does not depend on the step is calculated once, before the loop', () => {
    const x = graphInput('x', ['time', 2]);
    const w = graphInput('w', [2]);
    const { outputs } = scan({
      states: [],
      inputs: [x],
      body: (_, [now]) => ({ states: [], outputs: [mul(now!, ops.exp(ops.neg(w)))] }),
    });
    expect(types(graphToModel({ name: 'g', inputs: [x, w], outputs: { y: outputs[0]! } }))).toEqual(['Neg', 'Exp', 'Scan']);
  });

  it('parameters stay initializers of the whole model', () => {
    const x = graphInput('x', ['time', 2]);
    const scale = constant(tensor(2), 'scale');
    const axes = constant(tensor([0n]), 'axes');
    const { outputs } = scan({
      states: [],
      inputs: [x],
      body: (_, [now]) => ({ states: [], outputs: [ops.reduceSumOp({ data: mul(now!, scale), axes }).reduced] }),
    });
    const model = graphToModel({ name: 'g', inputs: [x], outputs: { y: outputs[0]! } });
    expect(model.graph?.initializer?.map(({ name }) => name)).toEqual(['scale']);
  });

  it('one program takes sequences and batches of any size', async () => {
    const program = await openGraph(trained(), 'all');
    for (const [batch, time] of [
      [2, 3],
      [1, 5],
    ] as const) {
      const feeds = [
        [batch, 3],
        [batch, 3],
        [time, batch, 12],
        [3, 12],
      ].map((shape, i): [string, Tensor] => [
        `x${i}`,
        tensor(Float32Array.from(drawn(shape, i).data as Float64Array), { shape }),
      ]);
      expect((await program.run(Object.fromEntries(feeds)))['g2']?.shape).toEqual([time, batch, 12]);
    }
    await program.release();
  });
});

describe('files of others', () => {
  const name = (port: string) => ({ name: port });
  const f32 = (port: string, ...dims: string[]) => ({
    name: port,
    type: {
      tensorType: { elemType: 1, shape: { dim: dims.map((d) => (/\d/.test(d) ? { dimValue: Number(d) } : { dimParam: d })) } },
    },
  });
  const node = (opType: string, input: string[], output: string[], attribute: NodeProto['attribute'] = []): NodeProto => ({
    opType,
    input,
    output,
    attribute,
  });
  const body: ModelProto['graph'] = {
    name: 'body',
    // Types are left out, names are numbers, and a name of the outer graph is used again by a constant in it.
    input: [name('10'), name('now')],
    node: [
      node('MatMul', ['10', 'W'], ['11']),
      node('Add', ['11', 'now'], ['12']),
      node('Add', ['12', 'bias'], ['13']),
      node('Tanh', ['13'], ['2']),
      node('ReduceSum', ['2', 'axes'], ['1'], [{ name: 'keepdims', type: 2, i: 1 }]),
      node('Identity', ['2'], ['3']),
    ],
    output: [name('2'), name('3'), name('1')],
  };
  const ints = (key: string, ...values: number[]) => ({ name: key, type: 7, ints: values });
  const model: ModelProto = {
    irVersion: 9,
    opsetImport: [{ version: 19 }],
    graph: {
      name: 'g',
      input: [f32('h0', 'b', '2'), f32('x', 'b', 't', '2')],
      initializer: [
        protoOfTensor(
          tensor([
            [0.5, -0.25],
            [0.125, 0.75],
          ]),
          'w0',
        ),
        protoOfTensor(tensor([0.1, 0.2]), 'bias'),
        protoOfTensor(tensor([1n]), 'axes'),
      ],
      node: [
        node('Add', ['w0', 'w0'], ['W']),
        node(
          'Scan',
          ['h0', 'x'],
          ['last', 'all', 'sums'],
          [
            { name: 'body', type: 5, g: body },
            { name: 'num_scan_inputs', type: 2, i: 1 },
            ints('scan_input_axes', 1),
            ints('scan_input_directions', 1),
            ints('scan_output_axes', 1, -1),
            ints('scan_output_directions', 1, 0),
          ],
        ),
      ],
      output: [name('last'), name('all'), name('sums')],
    },
  };

  it('are read, whatever they leave out, and can be trained', async () => {
    const { graph } = importGraph(model);
    expect(printGraph(graph)).toContain(
      'body=graph body(port_10: float32[b, 2], now: float32[b, 2], captured captured_0: float32[2, 2], ',
    );
    expect(graph.outputs['sums']!.shape).toEqual(['b', 1, 't']);
    const loss = squares(Object.values(graph.outputs));
    const [dh, dx] = grad(loss, graph.inputs);
    const program = await openGraph({ ...graph, outputs: { ...graph.outputs, loss, dh: dh!, dx: dx! } }, 'all');
    const h0 = [0.3, -0.4];
    const x = [0.5, -0.1, 0.2, 0.7, -0.6, 0.9];
    const feed = (h: readonly number[], xs: readonly number[]) => ({
      h0: tensor(Float32Array.from(h), { shape: [1, 2] }),
      x: tensor(Float32Array.from(xs), { shape: [1, 3, 2] }),
    });
    const result = await program.run(feed(h0, x));
    // By hand: steps 2, 1, 0.
    let [p, q] = h0 as [number, number];
    const steps: number[][] = [];
    for (const t of [2, 1, 0]) {
      [p, q] = [Math.tanh(p * 1 + q * 0.25 + x[2 * t]! + 0.1), Math.tanh(p * -0.5 + q * 1.5 + x[2 * t + 1]! + 0.2)];
      steps[t] = [p, q];
    }
    const close = (actual: Tensor | undefined, expected: readonly number[], digits = 5) =>
      expected.forEach((v, i) => expect(actual!.data[i]).toBeCloseTo(v, digits));
    close(result['last'], [p, q]);
    close(result['all'], steps.flat());
    close(
      result['sums'],
      [2, 1, 0].map((t) => steps[t]![0]! + steps[t]![1]!),
    ); // stacked in the order in which they are made
    const slope = async (change: (eps: number) => ReturnType<typeof feed>): Promise<number> => {
      const [a, b] = [await program.run(change(1e-2)), await program.run(change(-1e-2))];
      return (a!['loss']!.item() - b!['loss']!.item()) / 2e-2;
    };
    close(result['dh'], [await slope((e) => feed([h0[0]! + e, h0[1]!], x))], 3);
    close(result['dx'], [await slope((e) => feed(h0, x.with(0, x[0]! + e)))], 3);
    await program.release();
  });

  it('are refused when the body does not fit', () => {
    const codeOf = (change: (scanNode: NodeProto) => NodeProto): string | undefined => {
      const [sum, loop] = model.graph!.node!;
      try {
        importGraph({ ...model, graph: { ...model.graph, node: [sum!, change(loop!)] } });
      } catch (e) {
        return StratusError.is(e) ? e.code : String(e);
      }
      return undefined;
    };
    expect(codeOf((loop) => loop)).toBe(undefined);
    expect(codeOf((loop) => ({ ...loop, input: ['h0'] }))).toBe('not-onnx');
    expect(codeOf((loop) => ({ ...loop, input: ['h0', 'x', 'x'] }))).toBe('shape-mismatch');
    expect(codeOf((loop) => ({ ...loop, attribute: loop.attribute!.slice(1) }))).toBe('bad-value');
    expect(codeOf((loop) => ({ ...loop, attribute: loop.attribute!.toSpliced(1, 1) }))).toBe('bad-value');
    expect(
      codeOf((loop) => ({
        ...loop,
        attribute: [{ ...loop.attribute![0]!, g: { ...body, output: [] } }, ...loop.attribute!.slice(1)],
      })),
    ).toBe('bad-value');
    expect(codeOf((loop) => ({ ...loop, attribute: loop.attribute!.with(2, ints('scan_input_axes', 3)) }))).toBe('bad-value');
    const reads = (what: string): string | undefined =>
      codeOf((loop) => ({
        ...loop,
        attribute: [{ ...loop.attribute![0]!, g: { ...body, node: [node('Neg', [what], ['2'])] } }, ...loop.attribute!.slice(1)],
      }));
    expect(reads('nowhere')).toBe('not-onnx');
  });
});

describe('mistakes', () => {
  const x = graphInput('x', [4, 2]);
  const h = graphInput('h', [2]);
  const errorOf = (build: () => unknown): { code: string; message: string } => {
    try {
      build();
    } catch (e) {
      if (StratusError.is(e)) return e;
      throw e;
    }
    return { code: '', message: '' };
  };
  const one = (states: readonly Value[], inputs: readonly Value[], step: ops.ScanOptions['body']) => () =>
    scan({ states, inputs, body: step });

  it.each<[string, () => unknown, string, string]>([
    ['no inputs', one([h], [], (s) => ({ states: s, outputs: [] })), 'bad-value', 'how many steps'],
    ['a scalar to be read in steps', one([h], [ops.reduceSum(x)], (s) => ({ states: s, outputs: [] })), 'bad-value', 'scalar'],
    [
      'different numbers of steps',
      one([h], [x, graphInput('y', [5, 2])], (s) => ({ states: s, outputs: [] })),
      'shape-mismatch',
      'values of 4 and of 5 steps',
    ],
    ['a state lost', one([h], [x], () => ({ states: [], outputs: [] })), 'bad-value', '0 states after a step'],
    [
      'a state that changes its shape',
      one([h], [x], ([s]) => ({ states: [ops.concat([s!, s!])], outputs: [] })),
      'shape-mismatch',
      'state 0 as float32[2] before a step and float32[4] after it',
    ],
    [
      'a state that changes its dtype',
      one([h], [x], ([s]) => ({ states: [ops.cast(s!, 'int32')], outputs: [] })),
      'dtype-mismatch',
      'int32[2] after it',
    ],
  ])('%s', (_, build, code, part) => {
    const { code: actual, message } = errorOf(build);
    expect(actual).toBe(code);
    expect(message).toContain(part);
  });

  it('name the place in the body', () => {
    const { message } = errorOf(one([h], [x], ([s], [now]) => ({ states: [matMul(s!, now!)], outputs: [] })));
    expect(message).toContain('MatMul');
  });

  it('in a body are found by checkGraph', () => {
    const [y] = scan({ states: [h], inputs: [x], body: ([s], [now]) => ({ states: [add(s!, now!)], outputs: [] }) }).states;
    const loop = y!.node!;
    const body = loop.attrs['body'] as Graph;
    const broken = (change: Partial<Graph>): string => {
      const node: Node = { ...loop, attrs: { ...loop.attrs, body: { ...body, ...change } }, outs: [] };
      const out: Value = { ...y!, node };
      (node.outs as Value[]).push(out);
      return errorOf(() => checkGraph({ name: 'g', inputs: [h, x], outputs: { y: out } })).message;
    };
    expect(broken({})).toBe('');
    expect(broken({ captured: 1 })).toContain('Scan');
    expect(broken({ captured: 5 })).toContain('5 captured inputs');
    expect(broken({ inputs: body.inputs.slice(1) })).toContain("graph 'body'");
    expect(broken({ inputs: [graphInput('state_0', [3]), body.inputs[1]!] })).toContain("graph 'body'");
    expect(broken({ outputs: {} })).toContain('no outputs');
    expect(broken({ outputs: { next_0: h } })).toContain("the input 'h'");
    expect(errorOf(() => apply(loop.op, [h, x], { body, num_scan_inputs: 3 })).code).toBe('bad-value');
  });

  it('an empty sequence is refused, and the place named', async () => {
    const empty = graphInput('x', ['time', 2]);
    const { states } = inScope('encoder', () =>
      scan({ states: [h], inputs: [empty], body: ([s], [now]) => ({ states: [add(s!, now!)], outputs: [] }) }),
    );
    const feeds = { h: tensor([1, 2]), x: tensor(new Float32Array(0), { shape: [0, 2] }) };
    const run = runGraph({ name: 'g', inputs: [h, empty], outputs: { last: states[0]! } }, feeds);
    await expect(run).rejects.toMatchObject({ code: 'shape-mismatch', details: { at: 'encoder', want: 'at least one step' } });
  });
});
