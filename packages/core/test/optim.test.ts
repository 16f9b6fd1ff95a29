import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createExecutor } from '#ort';
import { grad } from '../src/grad/index.ts';
import { type Graph, graphInput, toposort, type Value } from '../src/graph/index.ts';
import { regularizers } from '../src/nn/regularizers/index.ts';
import { exportGraph } from '../src/onnx/index.ts';
import {
  adam,
  adamw,
  lion,
  type Optimizer,
  type OptimizerName,
  optimizerFromConfig,
  optimizers,
  resolveOptimizer,
  rmsprop,
  type SavedConfig,
  sgd,
} from '../src/optim/index.ts';
import { type DType, full, type Nested, sameShape, type Tensor, tensor } from '../src/tensor/index.ts';

interface Case {
  readonly type: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly dtype: 'float32' | 'float64';
  /** Step -> the parameters after it. */
  readonly parameters: Readonly<Record<string, readonly Nested[]>>;
  readonly slots: readonly Readonly<Record<string, Nested>>[];
}
interface Golden {
  readonly start: readonly Nested[];
  readonly gradients: readonly (readonly Nested[])[];
  readonly rates: readonly number[];
  readonly cases: readonly Case[];
}
const golden = JSON.parse(readFileSync(new URL('../../../golden/optim.json', import.meta.url), 'utf8')) as Golden;
// Two, because a sum of ten steps of rounding errors is compared with numbers near zero too.
const tolerance = { float32: { relative: 1e-5, absolute: 1e-6 }, float64: { relative: 1e-10, absolute: 1e-12 } } as const;

const executor = await createExecutor({ threads: 1 });
type Tensors = Record<string, Tensor>;

/** Clips and updates all parameters in one graph, as training does. */
function updateGraph(
  optimizer: Optimizer,
  like: readonly Tensor[],
  { decay = true, rateDtype }: { decay?: boolean; rateDtype?: DType } = {},
): Graph {
  const inputs: Value[] = [];
  const input = (name: string, shape: readonly number[], dtype: DType): Value => {
    const value = graphInput(name, shape, dtype);
    inputs.push(value);
    return value;
  };
  const dtype = rateDtype ?? like[0]!.dtype;
  const learningRate = input('learningRate', [], dtype);
  const scalars = Object.fromEntries(Object.keys(optimizer.scalars(1)).map((name) => [name, input(name, [], dtype)]));
  const gradients = optimizer.clip(like.map((p, i) => input(`gradient${i}`, p.shape, p.dtype)));
  const outputs: Record<string, Value> = {};
  for (const [i, p] of like.entries()) {
    const slots = Object.fromEntries(Object.keys(optimizer.slots).map((name) => [name, input(`${name}${i}`, p.shape, p.dtype)]));
    const parameter = input(`parameter${i}`, p.shape, p.dtype);
    const next = optimizer.update({ parameter, gradient: gradients[i]!, slots, learningRate, scalars, decay });
    outputs[`parameter${i}`] = next.parameter;
    for (const [name, value] of Object.entries(next.slots)) outputs[`${name}${i}`] = value;
  }
  return {
    name: 'update',
    inputs,
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, value]) => [`${name}.next`, value])),
  };
}

/** Runs as many steps as there are gradients; the state after each. */
async function train(
  optimizer: Optimizer,
  start: readonly Tensor[],
  gradients: readonly (readonly Tensor[])[],
  { rates = [], ...options }: { rates?: readonly number[]; decay?: boolean; rateDtype?: DType } = {},
): Promise<Tensors[]> {
  const dtype = options.rateDtype ?? start[0]!.dtype;
  const program = await executor.compile(exportGraph(updateGraph(optimizer, start, options)));
  let state: Tensors = {};
  for (const [i, p] of start.entries()) {
    state[`parameter${i}`] = p;
    for (const [name, value] of Object.entries(optimizer.slots)) state[`${name}${i}`] = full(p.shape, value, p.dtype);
  }
  const states: Tensors[] = [];
  for (const [i, step] of gradients.entries()) {
    const scalar = (value: number): Tensor => full([], value, dtype);
    const rate = (optimizer.learningRate as number) * (rates[i] ?? 1);
    const next = await program.run({
      ...state,
      learningRate: scalar(rate),
      ...Object.fromEntries(Object.entries(optimizer.scalars(i + 1)).map(([name, value]) => [name, scalar(value)])),
      ...Object.fromEntries(step.map((g, n) => [`gradient${n}`, g])),
    });
    state = Object.fromEntries(Object.entries(next).map(([name, value]) => [name.replace('.next', ''), value]));
    states.push(state);
  }
  await program.release();
  return states;
}

/** The largest error, in units of what is tolerated. */
function errorOf(got: Tensor, want: Nested, dtype: 'float32' | 'float64'): number {
  const { relative, absolute } = tolerance[dtype];
  const wanted = tensor(want, { dtype: 'float64' }).data;
  return Math.max(...Array.from(wanted, (w, i) => Math.abs(Number(got.data[i]) - w) / (relative * Math.abs(w) + absolute)));
}

const make = (type: string, options: object): Optimizer =>
  optimizerFromConfig({ type, config: options as SavedConfig['config'] });
const vector = (values: readonly number[], dtype: DType = 'float32'): Tensor => tensor(values, { dtype });
const afterSteps = async (
  optimizer: Optimizer,
  start: readonly number[],
  gradients: readonly (readonly number[])[],
): Promise<number[]> => {
  const states = await train(
    optimizer,
    [vector(start)],
    gradients.map((g) => [vector(g)]),
  );
  return Array.from(states.at(-1)!['parameter0']!.data as Float32Array);
};

describe('ten steps against PyTorch', () => {
  const rows = golden.cases.map((c) => [`${c.type} ${JSON.stringify(c.options)} ${c.dtype}`, c] as const);
  it.each(rows)('%s', async (_, { type, options, dtype, parameters, slots }) => {
    const all = (values: readonly Nested[]): Tensor[] => values.map((v) => tensor(v, { dtype }));
    const optimizer = make(type, options);
    const states = await train(optimizer, all(golden.start), golden.gradients.map(all), { rates: golden.rates });
    for (const [step, wanted] of Object.entries(parameters))
      for (const [i, want] of wanted.entries())
        expect
          .soft(errorOf(states[Number(step) - 1]![`parameter${i}`]!, want, dtype), `parameter ${i} after step ${step}`)
          .toBeLessThan(1);
    for (const [i, wanted] of slots.entries()) {
      expect(new Set(Object.keys(wanted))).toEqual(new Set(Object.keys(optimizer.slots)));
      for (const [name, want] of Object.entries(wanted))
        expect.soft(errorOf(states.at(-1)![`${name}${i}`]!, want, dtype), `slot ${name} ${i}`).toBeLessThan(1);
    }
  });

  it('covers every optimizer', () => {
    const made = new Set(Object.values(optimizers).map((factory) => factory().type));
    expect(new Set(golden.cases.map(({ type }) => type))).toEqual(made);
  });
});

describe('what PyTorch does not tell', () => {
  it('weight decay spares parameters that are not to decay', async () => {
    for (const make of [sgd, adamw]) {
      const run = async (optimizer: Optimizer, decay: boolean): Promise<Tensor> =>
        (await train(optimizer, [vector([1, -2])], [[vector([0.5, 0.25])]], { decay }))[0]!['parameter0']!;
      const without = await run(make({ weightDecay: 0 }), true);
      expect(await run(make({ weightDecay: 0.5 }), false)).toEqual(without);
      expect((await run(make({ weightDecay: 0.5 }), true)).data).not.toEqual(without.data);
    }
  });

  it('names say which parameters are spared', () => {
    const optimizer = adamw({ weightDecay: 0.1, excludeFromWeightDecay: ['bias', 'gamma'] });
    expect(['dense/kernel', 'dense/bias', 'norm/gamma'].map((name) => optimizer.decays(name))).toEqual([true, false, false]);
    expect(adamw().decays('dense/bias')).toBe(true);
    const again = optimizerFromConfig(JSON.parse(JSON.stringify({ type: optimizer.type, config: optimizer.config })));
    expect([again.decays('dense/bias'), again.config]).toEqual([false, optimizer.config]);
    expect(() => adamw({ excludeFromWeightDecay: 'bias' as never })).toThrow(/excludeFromWeightDecay/);
  });

  it('a learning rate in float32 serves parameters in float64', async () => {
    for (const optimizer of [sgd({ momentum: 0.9 }), adamw({ learningRate: 0.25 })]) {
      const run = async (options: { rateDtype?: DType }): Promise<Float64Array> =>
        (await train(optimizer, [vector([1, -2], 'float64')], [[vector([0.5, 0.25], 'float64')]], options))[0]!['parameter0']!
          .data as Float64Array;
      const [mixed, pure] = [await run({ rateDtype: 'float32' }), await run({})];
      for (const [i, x] of mixed.entries()) expect(x).toBeCloseTo(pure[i]!, 6);
    }
  });

  it('gradients of zero move nothing, with any clipping', async () => {
    for (const name of Object.keys(optimizers) as OptimizerName[])
      for (const clipping of [{}, { clipValue: 1 }, { clipNorm: 1 }, { globalClipNorm: 1 }])
        expect(
          await afterSteps(
            optimizers[name]({ weightDecay: 0, ...clipping }),
            [1, -2],
            [
              [0, 0],
              [0, 0],
            ],
          ),
          name,
        ).toEqual([1, -2]);
  });

  it('small gradients pass all norms unchanged, large ones are cut to size', async () => {
    const plain = await afterSteps(sgd(), [0, 0], [[0.3, -0.4]]);
    for (const clipping of [{ clipNorm: 1 }, { globalClipNorm: 1 }, { clipValue: 1 }])
      expect(await afterSteps(sgd(clipping), [0, 0], [[0.3, -0.4]])).toEqual(plain);
    const [x, y] = await afterSteps(sgd({ learningRate: 1, globalClipNorm: 1 }), [0, 0], [[3e10, -4e10]]);
    expect([x, y].map((v) => Math.round(v! * 1e5) / 1e5)).toEqual([-0.6, 0.8]);
  });

  it('centred RMSprop stays finite when gradients do not vary', async () => {
    // The variance is 0 but for rounding, which makes it negative half of the time.
    const steps = Array.from({ length: 300 }, () => [0.1, -0.7, 3.3]);
    for (const x of await afterSteps(rmsprop({ centered: true, rho: 0.9 }), [0, 0, 0], steps))
      expect(x).toSatisfy(Number.isFinite);
  });

  it('Lion takes full steps for gradients of any size, none for zero', async () => {
    const step = Math.fround(0.001);
    expect(await afterSteps(lion(), [0, 0, 0, 0, 0], [[1e-20, -1e-20, 0, 3e38, -7]])).toEqual([-step, step, 0, -step, step]);
  });

  it('Adam’s first step is the learning rate, whatever the gradient', async () => {
    const [a, b] = await afterSteps(adam({ learningRate: 0.01 }), [0, 0], [[1e-3, -50]]);
    expect(a).toBeCloseTo(-0.01, 6);
    expect(b).toBeCloseTo(0.01, 6);
  });

  it('Adam’s scalars reach their limits', () => {
    const { rate, floor } = adam().scalars(1_000_000);
    expect(rate).toBeCloseTo(0.1 / Math.sqrt(0.001), 12);
    expect(floor).toBeCloseTo(1e-8 / Math.sqrt(0.001), 18);
    expect(adam().scalars(1)).toEqual({ rate: 1, floor: 1e-8 });
  });
});

describe('passes over memory', () => {
  // ONNX Runtime fuses no elementwise ops: this is the price of a step, in ops on tensors of the parameter's size.
  const passes = {
    sgd: 2,
    momentum: 4,
    nesterov: 6,
    adagrad: 7,
    rmsprop: 8,
    adam: 10,
    amsgrad: 11,
    adamw: 11,
    adadelta: 13,
    lion: 8,
  } as const;
  it.each(Object.entries(passes))('%s: %i', (name, count) => {
    const { outputs } = updateGraph(resolveOptimizer(name as OptimizerName), [full([64, 32], 0)]);
    const nodes = toposort(Object.values(outputs)).filter(({ outs }) => outs.some(({ shape }) => sameShape(shape, [64, 32])));
    expect(nodes.length).toBe(count);
  });
});

describe('optimizers as names and configs', () => {
  it.each(Object.keys(optimizers) as OptimizerName[])('%s survives JSON', (name) => {
    const optimizer = optimizers[name]({ learningRate: 0.5, weightDecay: 0.25, globalClipNorm: 2 });
    const saved = JSON.parse(JSON.stringify({ type: optimizer.type, config: optimizer.config })) as SavedConfig;
    const again = optimizerFromConfig(saved);
    expect(again.config).toEqual(optimizer.config);
    expect(again.config).toMatchObject({ learningRate: 0.5, weightDecay: 0.25, globalClipNorm: 2 });
    expect(again.slots).toEqual(optimizer.slots);
    expect(again.scalars(7)).toEqual(optimizer.scalars(7));
  });

  it('names stand for settings', () => {
    expect(resolveOptimizer('momentum').config).toMatchObject({ momentum: 0.9, nesterov: false });
    expect(resolveOptimizer('nesterov').config).toMatchObject({ momentum: 0.9, nesterov: true });
    expect(resolveOptimizer('amsgrad').slots).toEqual({ momentum: 0, velocity: 0, velocityMax: 0 });
    expect(resolveOptimizer('sgd').slots).toEqual({});
    const own = adam();
    expect(resolveOptimizer(own)).toBe(own);
  });

  it('learning rates are those of Keras, but for Adadelta', () => {
    const rates = Object.fromEntries(Object.entries(optimizers).map(([name, factory]) => [name, factory().learningRate]));
    expect(rates).toEqual({
      sgd: 0.01,
      momentum: 0.01,
      nesterov: 0.01,
      adagrad: 0.001,
      rmsprop: 0.001,
      adam: 0.001,
      amsgrad: 0.001,
      adamw: 0.001,
      adadelta: 1,
      lion: 0.001,
    });
  });

  const refused: readonly (readonly [string, () => unknown, string, string])[] = [
    ['an unknown name', () => resolveOptimizer('Adam' as never), 'unknown-name', "'adam'"],
    ['an unknown option', () => adam({ learningrate: 1 } as never), 'unknown-name', "'learningRate'"],
    ['an unknown option of its own', () => sgd({ momentun: 0.9 } as never), 'unknown-name', "'momentum'"],
    ['a beta of 1', () => adam({ beta1: 1 }), 'bad-value', 'beta1 = 1'],
    ['a negative rate', () => sgd({ learningRate: -0.1 }), 'bad-value', 'learningRate = -0.1'],
    ['an infinite decay', () => sgd({ weightDecay: Infinity }), 'bad-value', 'weightDecay = Infinity'],
    ['clipping to nothing', () => sgd({ clipNorm: 0 }), 'bad-value', 'clipNorm = 0'],
    ['two kinds of clipping', () => sgd({ clipNorm: 1, clipValue: 1 }), 'bad-value', 'clipValue and clipNorm'],
    ['Nesterov at rest', () => sgd({ nesterov: true }), 'bad-value', 'nesterov without momentum'],
    ['a text for a number', () => rmsprop({ rho: '0.9' as never }), 'bad-value', 'rho = 0.9'],
    ['a number for a flag', () => rmsprop({ centered: 1 as never }), 'bad-value', 'true or false'],
  ];
  it.each(refused)('refuses %s', (_, build, code, part) => {
    expect(build).toThrow(expect.objectContaining({ code, message: expect.stringContaining(part) as string }));
  });
});

describe('regularizers', () => {
  const w = [
    [1, -2, 0.5],
    [0, 3, -0.25],
  ];
  const rows = [
    ['l1', regularizers.l1(0.1), 0.1 * 6.75, (x: number) => 0.1 * Math.sign(x)],
    ['l2', regularizers.l2(0.1), 0.1 * 14.3125, (x: number) => 0.2 * x],
    ['l1l2', regularizers.l1l2({ l1: 0.1, l2: 0.2 }), 0.1 * 6.75 + 0.2 * 14.3125, (x: number) => 0.1 * Math.sign(x) + 0.4 * x],
  ] as const;
  it.each(rows)('%s and its gradient', async (_, regularizer, penalty, slope) => {
    const x = graphInput('w', [2, 3]);
    const y = regularizer.apply(x);
    expect(y.shape).toEqual([]);
    const program = await executor.compile(exportGraph({ name: 'penalty', inputs: [x], outputs: { y, dx: grad(y, [x])[0]! } }));
    const { y: got, dx } = await program.run({ w: tensor(w) });
    expect(got!.item()).toBeCloseTo(penalty, 5);
    for (const [i, value] of w.flat().entries()) expect(dx!.data[i]).toBeCloseTo(slope(value), 6);
    await program.release();
  });
});
