// Recurrent layers beyond their golden values: both graphs say the same, padding changes nothing, states go on, mistakes are named.
import { describe, expect, it } from 'vitest';
import { expandGraph, portable, type Runs, toposort } from '../src/graph/index.ts';
import {
  adam,
  add,
  bidirectional,
  constant,
  dense,
  dropout,
  embedding,
  exportGraph,
  grad,
  graphInput,
  gru,
  importGraph,
  input,
  type Layer,
  type LayerOutput,
  load,
  lstm,
  masking,
  model,
  ops,
  resetStates,
  type Symbolic,
  sequential,
  sgd,
  simpleRNN,
  type Tensor,
  tensor,
  timeDistributed,
  type Value,
  zeros,
} from '../src/index.ts';
import { architecture, buildGraph, initialWeights } from '../src/nn/index.ts';
import { randomKey, saltOf, uniformAt } from '../src/tensor/index.ts';
import { runGraph } from './support/run-graph.ts';

const random = (name: string, shape: readonly number[]): Tensor => {
  const key = randomKey(saltOf(name));
  const size = shape.reduce((a, b) => a * b, 1);
  return tensor(
    Float32Array.from({ length: size }, (_, i) => uniformAt(key, i) * 2 - 1),
    { shape },
  );
};
const numbers = ({ data }: Tensor): number[] => Array.from(data as ArrayLike<number>, Number);
const far = (a: Tensor, b: Tensor): number => {
  expect(a.shape).toEqual(b.shape);
  const [p, q] = [numbers(a), numbers(b)];
  return Math.max(0, ...p.map((v, i) => Math.abs(v - q[i]!)));
};

interface Options {
  readonly training: boolean;
  readonly weights?: Readonly<Record<string, Tensor>>;
  readonly gradients?: boolean;
  /** Which kernels there are: not known unless told. */
  readonly runs?: Runs;
}
const open = (inputs: readonly Symbolic[], outputs: LayerOutput) => {
  const net = architecture({ inputs, outputs });
  return async (fed: readonly Tensor[], { training, weights, gradients = false, runs }: Options) => {
    const built = buildGraph(net, { training, runs });
    const values = weights ?? initialWeights(built.parameters, 1);
    const wanted: Record<string, Value> = { ...built.outputs };
    if (gradients) {
      const total = Object.values(built.outputs).map((y) => ops.reduceSum(ops.mul(y, y)));
      const ports = built.parameters.filter((p) => p.trainable);
      const of = grad(
        total.reduce((a, b) => ops.add(a, b)),
        ports.map((p) => p.value),
      );
      for (const [i, { name }] of ports.entries()) wanted[`d/${name}`] = of[i]!;
    }
    for (const [name, value] of Object.entries(built.updates)) wanted[`u/${name}`] = value;
    const [ports, params] = [Object.values(built.inputs), built.parameters];
    const keys = built.keys.map(({ value }, i) => [value.name!, tensor(Uint32Array.of(i + 1, 7))] as const);
    const feeds = {
      ...Object.fromEntries(ports.map((port, i) => [port.name!, fed[i]!])),
      ...Object.fromEntries(params.map(({ name }) => [name, values[name]!])),
      ...Object.fromEntries(keys),
    };
    const graph = {
      name: 'recurrent',
      inputs: [...ports, ...params.map((p) => p.value), ...built.keys.map((k) => k.value)],
      outputs: wanted,
    };
    return { outputs: await runGraph(graph, feeds), graph };
  };
};
const opsOf = (outputs: Readonly<Record<string, Value>>): Set<string> =>
  new Set(toposort(Object.values(outputs)).map(({ op }) => op.type));
const firstOf = (outputs: Readonly<Record<string, Tensor>>): Tensor => Object.values(outputs)[0]!;

describe('the graph that predicts says what the one that trains does', () => {
  const layers: readonly [string, string, () => Layer<LayerOutput>][] = [
    ['LSTM', 'lstm', () => lstm({ units: 24, returnSequences: true, returnState: true })],
    ['LSTM', 'lstm backwards, relu', () => lstm({ units: 24, activation: 'relu', goBackwards: true, returnSequences: true })],
    ['LSTM', 'lstm without bias', () => lstm({ units: 24, useBias: false })],
    ['GRU', 'gru', () => gru({ units: 24, returnSequences: true, returnState: true })],
    ['GRU', 'gru, reset before', () => gru({ units: 24, resetAfter: false, returnSequences: true })],
    ['RNN', 'simpleRNN', () => simpleRNN({ units: 24, returnSequences: true, returnState: true })],
    ['LSTM', 'bidirectional', () => bidirectional({ layer: lstm({ units: 24, returnSequences: true }) })],
  ];
  it.each(layers)('by the kernel %s: %s', async (type, _, make) => {
    const x = input({ shape: ['time', 10] });
    const run = open([x], make()(x));
    const fed = [random('sequence', [5, 40, 10])];
    const [predicted, trained] = [await run(fed, { training: false }), await run(fed, { training: true })];
    expect(opsOf(predicted.graph.outputs)).toContain(type);
    expect(opsOf(predicted.graph.outputs)).not.toContain('Scan');
    expect([...opsOf(trained.graph.outputs)].some((op) => ['Scan', 'GruSteps', 'LstmSteps'].includes(op))).toBe(true);
    for (const [name, value] of Object.entries(predicted.outputs)) expect(far(value, trained.outputs[name]!)).toBeLessThan(1e-5);
  });

  it('with gradients, where input and state go through one product', async () => {
    const x = input({ shape: [7, 10] });
    const stacked = (make: () => Layer) => open([x], make()(dense({ units: 12 })(x)));
    for (const make of [() => lstm({ units: 96 }), () => simpleRNN({ units: 96, returnSequences: true, useBias: false })]) {
      const run = stacked(make);
      const fed = [random('stacked', [3, 7, 10])];
      const predicted = (await run(fed, { training: false, gradients: true })).outputs;
      const trained = (await run(fed, { training: true, gradients: true })).outputs;
      for (const [name, value] of Object.entries(predicted)) {
        const size = Math.max(1, ...numbers(value).map(Math.abs));
        expect(far(value, trained[name]!) / size, name).toBeLessThan(1e-5);
      }
    }
  });

  it('step by step where no kernel knows the activation', async () => {
    const x = input({ shape: [3, 10] });
    const run = open([x], gru({ units: 4, activation: 'gelu' })(x));
    expect(opsOf((await run([random('x', [2, 3, 10])], { training: false })).graph.outputs)).toContain('Scan');
  });
});

describe('what a layer trains as goes by the kernels that there are', () => {
  const own = ({ op }: Parameters<Runs>[0]): boolean => ['LstmSteps', 'GruSteps'].includes(op.type);
  const without: Runs = (node) => portable(node) && node.op.type !== 'Scan'; // as an engine that has no loops
  const layers: readonly [string, string, () => Layer<LayerOutput>][] = [
    ['LstmSteps', 'lstm', () => lstm({ units: 6, returnSequences: true, returnState: true })],
    ['LstmSteps', 'lstm backwards', () => lstm({ units: 6, goBackwards: true })],
    ['GruSteps', 'gru', () => gru({ units: 6, returnSequences: true, returnState: true })],
    ['GruSteps', 'gru backwards', () => gru({ units: 6, goBackwards: true })],
    ['LstmSteps', 'bidirectional', () => bidirectional({ layer: lstm({ units: 6, returnSequences: true }) })],
  ];
  it.each(layers)('%s: %s', async (steps, _, make) => {
    const x = input({ shape: [5, 4] });
    const run = open([x], make()(dense({ units: 4 })(x)));
    const fed = [random('kernels', [3, 5, 4])];
    const trained = async (runs?: Runs) => await run(fed, { training: true, gradients: true, ...(runs && { runs }) });
    const [known, ours, loops, none] = [
      await trained(),
      await trained((n) => portable(n) || own(n)),
      await trained(portable),
      await trained(without),
    ];
    for (const { graph } of [known, ours, none]) {
      expect(opsOf(graph.outputs)).toContain(steps);
      expect(opsOf(graph.outputs)).not.toContain('Scan');
    }
    expect(opsOf(loops.graph.outputs)).toContain('Scan');
    expect(opsOf(loops.graph.outputs)).not.toContain(steps);
    // Where there are neither loops nor our kernels, the op comes apart into its steps.
    const unrolled = opsOf(expandGraph(none.graph, without).outputs);
    expect([unrolled.has(steps), unrolled.has('Scan'), unrolled.has('MatMul')]).toEqual([false, false, true]);
    for (const [name, value] of Object.entries(loops.outputs)) {
      const size = Math.max(1, ...numbers(value).map(Math.abs));
      for (const { outputs } of [known, ours, none]) expect(far(value, outputs[name]!) / size, name).toBeLessThan(1e-5);
    }
  });
});

describe('padding', () => {
  const makers = {
    lstm: (all: boolean) => lstm({ units: 6, returnSequences: all }),
    gru: (all: boolean) => gru({ units: 6, returnSequences: all }),
    simpleRNN: (all: boolean) => simpleRNN({ units: 6, returnSequences: all }),
    bidirectional: (all: boolean) => bidirectional({ layer: lstm({ units: 6, returnSequences: all }) }),
  } as const;
  const lengths = [4, 7, 2];
  const rows = lengths.map((length, i) => random(`row ${i}`, [1, length, 3]));
  const padded = (before: boolean): Tensor => {
    const batch = zeros([3, 7, 3]);
    for (const [i, row] of rows.entries())
      (batch.data as Float32Array).set(numbers(row), (i * 7 + (before ? 7 - lengths[i]! : 0)) * 3);
    return batch;
  };

  const cases = Object.keys(makers).flatMap((name) =>
    [true, false].map((before) => [name, before ? 'before' : 'after'] as const),
  );
  it.each(cases)('%s: a batch padded %s gives what its rows give alone', async (name, where) => {
    const make = makers[name as keyof typeof makers];
    const x = input({ shape: ['time', 3] });
    for (const [all, training] of [
      [true, true],
      [false, true],
      [false, false],
    ] as const) {
      const layer = make(all);
      const [alone, together] = [open([x], layer(x)), open([x], layer(masking()(x)))];
      const batch = firstOf((await together([padded(where === 'before')], { training })).outputs);
      const size = batch.shape.at(-1)!;
      for (const [i, length] of lengths.entries()) {
        const one = numbers(firstOf((await alone([rows[i]!], { training })).outputs));
        const from = all ? (i * 7 + (where === 'before' ? 7 - length : 0)) * size : i * size;
        const same = numbers(batch).slice(from, from + one.length);
        expect(Math.max(...one.map((v, j) => Math.abs(v - same[j]!)))).toBeLessThan(2e-6);
      }
    }
  });

  it('has no part in the gradients', async () => {
    const x = input({ shape: ['time', 3] });
    const layer = lstm({ units: 6 });
    const short = await open([x], layer(x))([rows[0]!], { training: true, gradients: true });
    const long = tensor([...numbers(rows[0]!), ...Array<number>(9).fill(0)], { dtype: 'float32' }).reshape([1, 7, 3]);
    const both = await open([x], layer(masking()(x)))([long], { training: true, gradients: true });
    const names = Object.keys(short.outputs).filter((name) => name.startsWith('d/'));
    expect(names).toHaveLength(3);
    for (const name of names) expect(far(short.outputs[name]!, both.outputs[name]!)).toBeLessThan(1e-5);
  });

  it('of all steps leaves the initial state, and gradients of zero', async () => {
    const [x, h, c] = [input({ shape: [5, 3] }), input({ shape: [6], name: 'h' }), input({ shape: [6], name: 'c' })];
    const layer = lstm({ units: 6, returnSequences: true });
    const run = open([x, h, c], layer([masking()(x), h, c]));
    const first = random('h', [2, 6]);
    const { outputs } = await run([zeros([2, 5, 3]), first, random('c', [2, 6])], { training: true, gradients: true });
    const y = numbers(firstOf(outputs));
    for (let t = 0; t < 5; t++) expect(y.slice(t * 6, t * 6 + 6)).toEqual(numbers(first).slice(0, 6));
    for (const name of Object.keys(outputs).filter((key) => key.startsWith('d/')))
      expect(numbers(outputs[name]!).every((v) => v === 0)).toBe(true);
  });

  it('comes from embedding with maskZero, in training and in prediction', async () => {
    const net = sequential([
      input({ shape: ['time'], dtype: 'int32' }),
      embedding({ inputDim: 9, outputDim: 4, maskZero: true }),
      bidirectional({ layer: gru({ units: 3, returnSequences: true }) }),
      lstm({ units: 3 }),
    ]);
    const [short, long] = [await net.predict([[5, 3, 8]]), await net.predict([[5, 3, 8, 0, 0]])];
    expect(far(short, long)).toBeLessThan(1e-6);
    await net.release();
  });
});

describe('dropout', () => {
  const identity = tensor(
    Float32Array.from({ length: 64 * 64 }, (_, i) => (i % 65 === 0 ? 1 : 0)),
    { shape: [64, 64] },
  );
  const ones = tensor(new Float32Array(2 * 3 * 64).fill(1), { shape: [2, 3, 64] });
  const weights = (recurrent: Tensor): Record<string, Tensor> => ({
    'it/kernel': identity,
    'it/recurrentKernel': recurrent,
  });
  const steps = (y: Tensor): number[][] => [0, 1, 2].map((t) => numbers(y).slice(t * 64, t * 64 + 64));

  it('of the input hides the same features at all steps, and others in another row', async () => {
    const x = input({ shape: [3, 64] });
    const rate = { dropout: 0.25, name: 'it' };
    const run = open([x], simpleRNN({ units: 64, activation: 'linear', useBias: false, returnSequences: true, ...rate })(x));
    const y = firstOf((await run([ones], { training: true, weights: weights(zeros([64, 64])) })).outputs);
    const [a, b, c] = steps(y);
    expect(b).toEqual(a);
    expect(c).toEqual(a);
    expect(new Set(a!.map((v) => v.toFixed(4)))).toEqual(new Set(['0.0000', (1 / 0.75).toFixed(4)]));
    expect(Math.abs(numbers(y).filter((v) => v === 0).length / 384 - 0.25)).toBeLessThan(0.12);
    expect(numbers(y).slice(192, 256)).not.toEqual(a);
    const still = firstOf((await run([ones], { training: false, weights: weights(zeros([64, 64])) })).outputs);
    expect(new Set(numbers(still))).toEqual(new Set([1]));
  });

  it('of the state hides the same units from all products, and not the state itself', async () => {
    const x = input({ shape: [3, 64] });
    const rate = { recurrentDropout: 0.5, name: 'it' };
    const run = open([x], simpleRNN({ units: 64, activation: 'linear', useBias: false, returnSequences: true, ...rate })(x));
    const y = firstOf((await run([ones], { training: true, weights: weights(identity) })).outputs);
    // 1 + hidden: 1, 1 + 2, 1 + 6 where the unit is shown (times 2), 1 throughout where it is not.
    const units = steps(y)[0]!.map((_, i) => steps(y).map((step) => step[i]!));
    expect(new Set(units.map((u) => u.join()))).toEqual(new Set(['1,1,1', '1,3,7']));
  });
});

describe('stateful layers', () => {
  const make = () =>
    sequential([input({ shape: ['time', 2] }), lstm({ units: 3, stateful: true, batchSize: 2, name: 'memory' })]).compile({
      optimizer: sgd({ learningRate: 0 }),
      loss: 'meanSquaredError',
    });
  const cut = (x: Tensor, from: number, to: number): Tensor => {
    const [batch, time, size] = x.shape as [number, number, number];
    const rows = Array.from({ length: batch }, (_, i) => numbers(x).slice((i * time + from) * size, (i * time + to) * size));
    return tensor(Float32Array.from(rows.flat()), { shape: [batch, to - from, size] });
  };

  it('go on where the batch before ended, until they are reset', async () => {
    const net = make();
    const x = random('long', [2, 7, 2]);
    const y = zeros([2, 3]);
    await net.trainOnBatch(x, y);
    const whole = await net.getWeights();
    expect(numbers(whole['memory/stateH']!).some((v) => v !== 0)).toBe(true);
    await resetStates(net);
    expect(numbers((await net.getWeights())['memory/stateC']!)).toEqual([0, 0, 0, 0, 0, 0]);
    await net.trainOnBatch(cut(x, 0, 3), y);
    // A prediction begins with the state, and leaves it.
    const [first, second] = [await net.predict(cut(x, 3, 7)), await net.predict(cut(x, 3, 7))];
    expect(far(first, whole['memory/stateH']!)).toBeLessThan(1e-6);
    expect(far(second, first)).toBe(0);
    await net.trainOnBatch(cut(x, 3, 7), y);
    const parts = await net.getWeights();
    expect(far(parts['memory/stateH']!, whole['memory/stateH']!)).toBeLessThan(1e-6);
    expect(far(parts['memory/stateC']!, whole['memory/stateC']!)).toBeLessThan(1e-6);
    await net.release();
  });

  it('can be reset by a callback between epochs', async () => {
    const net = make();
    const x = random('long', [4, 3, 2]);
    const seen: number[] = [];
    const callbacks = [
      {
        onEpochEnd: async (run: Parameters<typeof resetStates>[0] & { weights(): Promise<Record<string, Tensor>> }) => {
          await resetStates(run);
          seen.push(...numbers((await run.weights())['memory/stateH']!));
        },
      },
    ];
    await net.fit(x, zeros([4, 3]), { epochs: 1, batchSize: 2, shuffle: false, verbose: 0, callbacks });
    expect(seen).toEqual([0, 0, 0, 0, 0, 0]);
    await net.release();
  });
});

describe('recurrent models', () => {
  it('learn to say what stood first', async () => {
    const x = random('first', [256, 6, 2]);
    const y = tensor(
      Float32Array.from({ length: 256 }, (_, i) => Number(numbers(x)[i * 12]! > 0)),
      { shape: [256, 1] },
    );
    const net = sequential([input({ shape: [6, 2] }), gru({ units: 8 }), dense({ units: 1, activation: 'sigmoid' })], {
      seed: 1,
    }).compile({ optimizer: adam({ learningRate: 0.03 }), loss: 'binaryCrossentropy' });
    const { history } = await net.fit(x, y, { epochs: 12, verbose: 0 });
    expect(history['loss']!.at(-1)).toBeLessThan(0.25);
    await net.release();
  });

  it('transpose nothing between recurrent layers, embedding, dropout and sums', async () => {
    const x = input({ shape: ['time'], dtype: 'int32' });
    const a = bidirectional({ layer: lstm({ units: 4, returnSequences: true }) })(embedding({ inputDim: 9, outputDim: 8 })(x));
    const b = gru({ units: 8, returnSequences: true })(dropout({ rate: 0.5 })(a));
    const net = architecture({ inputs: x, outputs: simpleRNN({ units: 2 })(add()([a, b])) });
    const { outputs } = buildGraph(net, { training: true });
    const moved = toposort(Object.values(outputs)).filter(({ op }) => op.type === 'Transpose');
    expect(moved.map(({ ins }) => ins[0]!.dtype)).toEqual(['int32']);
  });

  it('come back from a file with the layers inside of layers', async () => {
    const x = input({ shape: ['time', 3] });
    const both = bidirectional({ layer: gru({ units: 2, returnSequences: true, resetAfter: false }), mergeMode: 'ave' });
    const net = model({ inputs: x, outputs: timeDistributed({ layer: dense({ units: 1 }) })(both(x)) });
    const fed = random('file', [2, 4, 3]);
    const again = await load(await net.toBytes());
    expect(far(await again.predict(fed), await net.predict(fed))).toBe(0);
    expect(Object.keys(await again.getWeights()).sort()).toEqual(
      ['backward', 'forward']
        .flatMap((way) => ['bias', 'kernel', 'recurrentKernel'].map((name) => `bidirectional/${way}/${name}`))
        .concat('timeDistributed/bias', 'timeDistributed/kernel')
        .sort(),
    );
    await Promise.all([net.release(), again.release()]);
  });

  it('begin with orthogonal products of the state, and remember', () => {
    const x = input({ shape: [4, 3] });
    const net = architecture({ inputs: x, outputs: lstm({ units: 2, name: 'it' })(x) });
    const first = initialWeights(buildGraph(net, { training: true }).parameters, 3);
    expect(numbers(first['it/bias']!)).toEqual([0, 0, 1, 1, 0, 0, 0, 0]);
    const [a, b] = [0, 1].map((row) => numbers(first['it/recurrentKernel']!).slice(row * 8, row * 8 + 8)) as [number[], number[]];
    expect(Math.abs(a.reduce((sum, v, i) => sum + v * b[i]!, 0))).toBeLessThan(1e-6);
  });

  it.each([
    ['lstm', lstm({ units: 2 })],
    ['gru', gru({ units: 2 })],
    ['gru', gru({ units: 2, activation: 'gelu' })],
    ['simpleRNN', simpleRNN({ units: 2, returnSequences: true })],
  ])('%s refuses sequences without steps', async (name, layer) => {
    const x = input({ shape: ['time', 3] });
    const message = `input at ${name}: got an axis of size 0, expected at least one step. Leave empty sequences out, or pad them.`;
    for (const training of [true, false])
      await expect(open([x], layer(x))([zeros([2, 0, 3])], { training })).rejects.toThrow(message);
  });
});

describe('models of other tools', () => {
  const x = graphInput('x', [3, 'batch', 2]);
  const w = constant(random('w', [1, 8, 2]), 'w');
  const r = constant(random('r', [1, 8, 2]), 'r');

  it('have gradients through the kernel', () => {
    const bytes = exportGraph({ name: 'net', inputs: [x], outputs: { y: ops.lstm(x, w, r).h } });
    const { graph } = importGraph(bytes);
    expect(grad(graph.outputs['y']!, [graph.inputs[0]!])[0]!.shape).toEqual([3, 'batch', 2]);
  });

  it.each([
    ['clip', () => ops.lstmOp({ x, w, r }, { clip: 1 }).y, /LSTM with clip has no gradient rule/],
    [
      'an activation',
      () => ops.lstm(x, w, r, { activations: ['Sigmoid', 'Elu', 'Tanh'] }).y,
      /LSTM with Elu has no gradient rule/,
    ],
  ])('with %s say that there is no gradient', (_, build, message) => {
    expect(() => grad(build(), [x])).toThrow(message);
  });

  it.each([
    ['layout', () => ops.lstmOp({ x, w, r }, { layout: 1 }), /layout 1, expected layout 0/],
    ['direction', () => ops.gruOp({ x, w, r }, { direction: 'back' }), /direction 'back'/],
    ['weights', () => ops.gru(x, w, r), /GRU: got w \[1, 8, 2\], expected \[1, 6, 2\]/],
    ['lengths', () => ops.lstm(x, w, r, { lengths: graphInput('n', ['batch'], 'int64') }), /lengths of int64, expected int32/],
    ['rank', () => ops.rnn(graphInput('flat', [3, 2]), w, r), /RNN: got x \[3, 2\], expected \[steps, batch, features\]/],
    ['hidden size', () => ops.lstmOp({ x, w, r }, { hidden_size: 3 }), /with hidden_size 3/],
    ['state', () => ops.lstm(x, w, r, { initialH: graphInput('h', [1, 'batch', 3]) }), /initialH \[1, batch, 3\]/],
  ])('with a wrong %s are refused', (_, build, message) => {
    expect(build).toThrow(message);
  });
});

describe('mistakes', () => {
  const x = input({ shape: [4, 3] });
  it.each([
    ['units', () => lstm({ units: 0 }), /LSTM at lstm: got units = 0/],
    ['dropout', () => gru({ units: 2, dropout: 1 }), /dropout = 1/],
    ['activation', () => lstm({ units: 2, recurrentActivation: 'sigmoidal' as 'sigmoid' }), /Did you mean 'sigmoid'/],
    ['flag', () => simpleRNN({ units: 2, returnSequences: 'yes' as never }), /returnSequences = yes, expected true or false/],
    ['rank', () => lstm({ units: 2, name: 'a' })(input({ shape: [4] })), /LSTM at a: got input \[batch, 4\].*embedding/],
    [
      'token ids',
      () => gru({ units: 2, name: 'a' })(input({ shape: [4, 3], dtype: 'int32' })),
      /input of int32, expected floats/,
    ],
    ['one state of two', () => lstm({ units: 2 })([x, input({ shape: [2] })]), /1 initial states, expected none, or 2/],
    ['state size', () => gru({ units: 2 })([x, input({ shape: [3] })]), /initial state \[batch, 3\], expected \[batch, 2\]/],
    ['states', () => gru({ units: 2 })([x, x, x]), /got 3 inputs, expected 1 to 2/],
    ['batchSize missing', () => lstm({ units: 2, stateful: true }), /batchSize = undefined/],
    ['batchSize', () => lstm({ units: 2, batchSize: 4 }), /batchSize without stateful/],
    ['inner layer', () => bidirectional({ layer: dense({ units: 2 }) }), /layer = Dense, expected a recurrent layer/],
    ['no inner layer', () => bidirectional({} as never), /layer = undefined, expected a recurrent layer/],
    ['merge', () => bidirectional({ layer: lstm({ units: 2 }), mergeMode: 'cat' as 'sum' }), /no mergeMode named 'cat'/],
    ['odd states', () => bidirectional({ layer: lstm({ units: 2 }) })([x, input({ shape: [2] })]), /1 initial states/],
    ['no sequence', () => masking()(input({ shape: [4] })), /Masking at masking: got input \[batch, 4\]/],
    ['maskValue', () => masking({ maskValue: Number.NaN }), /maskValue = NaN/],
    ['no layer', () => timeDistributed({ layer: 3 as never }), /layer = number, expected a layer/],
    ['nothing a step', () => timeDistributed({ layer: dense({ units: 2 }) })(input({ shape: [4] })), /\[batch, 4\], expected/],
    [
      'two outputs a step',
      () => timeDistributed({ layer: lstm({ units: 2, returnState: true }) })(input({ shape: [2, 4, 3] })),
      /a layer with 3 outputs, expected one/,
    ],
  ])('%s', (_, build, message) => {
    expect(build).toThrow(message);
  });
});
