// Every layer: golden values and gradients from PyTorch, JSON round trip, and a gradient that reaches every parameter.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as core from '../src/index.ts';
import {
  constant,
  type DType,
  defineLayer,
  grad,
  input,
  type Layer,
  model,
  ops,
  type Tensor,
  tensor,
  type Value,
} from '../src/index.ts';
import { withLayers } from '../src/nn/config.ts';
import { buildGraph } from '../src/nn/index.ts';
import { layers as saved } from '../src/nn/layers.ts';
import { runGraph } from './support/run-graph.ts';

interface Saved {
  readonly shape: readonly number[];
  readonly data: readonly number[];
  /** Of whole numbers. */
  readonly dtype?: DType;
}
interface Case {
  readonly layer: string;
  readonly config: Record<string, unknown>;
  readonly inputs: readonly Saved[];
  readonly parameters: Record<string, Saved>;
  readonly outputs: readonly Saved[];
  readonly seeds: readonly Saved[];
  /** Of float inputs, then of parameters that no rule updates. */
  readonly gradients: readonly Saved[];
  readonly training: boolean;
  readonly updates: Record<string, Saved>;
  readonly mask?: Saved;
}
const { cases } = JSON.parse(readFileSync(new URL('../../../golden/layers.json', import.meta.url), 'utf8')) as {
  cases: readonly Case[];
};

const load = ({ shape, data, dtype = 'float32' }: Saved): Tensor => tensor(data, { dtype }).reshape(shape);
const factories = core as unknown as Record<string, (config: object) => Layer>;
const near = (got: Tensor, want: Saved, what: string): void => {
  expect(got.shape, what).toEqual(want.shape);
  const scale = Math.max(1, ...want.data.map(Math.abs));
  for (const [i, x] of want.data.entries())
    expect(Math.abs(Number(got.data[i]) - x) / scale, `${what}[${i}]: ${got.data[i]} and ${x}`).toBeLessThan(1e-5);
};

/** Gives its input the mask that is its second input. */
const masked = defineLayer<object>({
  type: 'Masked',
  inputs: [2, 2],
  build: (_, [x]) => x!,
  mask: (_, [, mask]) => mask,
});

const build = ({ layer, config, inputs, mask }: Case) => {
  const xs = inputs.map(({ shape, dtype = 'float32' }, i) => input({ shape: shape.slice(1), dtype, name: `x${i}` }));
  const it = factories[layer]!({ ...withLayers(config, saved), name: 'it' });
  if (!mask) return model({ inputs: xs, outputs: it(xs) });
  const steps = input({ shape: mask.shape.slice(1), dtype: 'bool', name: 'mask' });
  return model({ inputs: [...xs, steps], outputs: it([masked({})([xs[0]!, steps]), ...xs.slice(1)]) });
};

describe('layers follow PyTorch', () => {
  for (const [i, golden] of cases.entries()) {
    const { layer, config, inputs, parameters, training, mask } = golden;
    it(`${layer} ${JSON.stringify(config)}${training ? ', training' : ''}${mask ? ', masked' : ''} (${i})`, async () => {
      const built = buildGraph(build(golden).architecture, { training });
      expect(built.parameters.map(({ name }) => name).sort()).toEqual(
        Object.keys(parameters)
          .map((name) => `it/${name}`)
          .sort(),
      );
      const outputs = Object.values(built.outputs);
      const given = new Map<string, Saved>(inputs.map((x, j) => [`x${j}`, x]));
      if (mask) given.set('mask', mask);
      for (const [name, value] of Object.entries(parameters)) given.set(`it/${name}`, value);
      const ports = [...Object.values(built.inputs), ...built.parameters.map(({ value }) => value)];
      const port = new Map(ports.map((value) => [value.name!, value]));
      const learnt = Object.keys(parameters).filter((name) => !Object.hasOwn(golden.updates, name));
      const moved = [
        ...inputs.flatMap((x, j) => (x.dtype ? [] : [`x${j}`])),
        ...learnt.filter((name) => !parameters[name]!.dtype).map((name) => `it/${name}`),
      ];
      const total = outputs
        .map((y, j) => ops.reduceSum(ops.mul(y, constant(load(golden.seeds[j]!)))))
        .reduce((a, b) => ops.add(a, b));
      const gradients = grad(
        total,
        moved.map((name) => port.get(name)!),
      );
      const wanted: Record<string, Value> = {
        ...Object.fromEntries(outputs.map((y, j) => [`y${j}`, y])),
        ...Object.fromEntries(gradients.map((g, j) => [`g${j}`, g])),
        ...Object.fromEntries(Object.keys(golden.updates).map((name) => [`u/${name}`, built.updates[`it/${name}`]!])),
      };
      const feeds = Object.fromEntries(ports.map(({ name }) => [name!, load(given.get(name!)!)]));
      const got = await runGraph({ name: 'layer', inputs: ports, outputs: wanted }, feeds);
      golden.outputs.forEach((want, j) => near(got[`y${j}`]!, want, `output ${j}`));
      golden.gradients.forEach((want, j) => near(got[`g${j}`]!, want, `gradient of ${moved[j]}`));
      for (const [name, want] of Object.entries(golden.updates)) near(got[`u/${name}`]!, want, `update of ${name}`);
    });
  }

  it('has a golden case for every layer', () => {
    // A graph of another tool is compared with ONNX Runtime on its file, in import-model.test.ts; bins, which are whole numbers, in preprocessing-steps.test.ts.
    const covered = new Set(['onnxgraph', 'discretization', ...cases.map(({ layer }) => layer.toLowerCase())]);
    expect(Object.keys(saved).filter((type) => !covered.has(type.toLowerCase()))).toEqual([]);
  });
});

describe('every layer', () => {
  const once = [...new Map(cases.filter(({ mask }) => !mask).map((golden) => [golden.layer, golden])).values()];
  for (const golden of once) {
    it(`${golden.layer} comes back from its file and predicts the same, bit for bit`, async () => {
      const net = build(golden);
      const byName = Object.fromEntries(golden.inputs.map((x, i) => [`x${i}`, load(x)]));
      const before = await net.predict(byName);
      const again = await core.load(await net.toBytes());
      const after = await again.predict(byName);
      expect(after).toEqual(before);
      await Promise.all([net.release(), again.release()]);
    });
  }
});

describe('dropout and noise', () => {
  const outputOf = async (layer: Layer, key: readonly number[]): Promise<Float32Array> => {
    const x = input({ shape: [1000], name: 'x' });
    const built = buildGraph(model({ inputs: x, outputs: layer(x) }).architecture, { training: true });
    const feeds = { x: core.full([4, 1000], 1), [built.keys[0]!.value.name!]: tensor(Uint32Array.from(key)) };
    const graph = {
      name: 'random',
      inputs: [built.inputs['x']!, built.keys[0]!.value],
      outputs: { y: Object.values(built.outputs)[0]! },
    };
    return (await runGraph(graph, feeds))['y']!.data as Float32Array;
  };

  it('drops the share it should and keeps the mean', async () => {
    const y = await outputOf(core.dropout({ rate: 0.25 }), [1, 2]);
    const zeros = y.filter((v) => v === 0).length / y.length;
    expect(Math.abs(zeros - 0.25)).toBeLessThan(0.03); // 4 standard deviations
    expect(new Set([...y].map((v) => v.toFixed(5)))).toEqual(new Set(['0.00000', (1 / 0.75).toFixed(5)]));
  });

  it('draws anew for another key, and the same for the same', async () => {
    const first = await outputOf(core.dropout({ rate: 0.5 }), [1, 2]);
    expect(await outputOf(core.dropout({ rate: 0.5 }), [1, 2])).toEqual(first);
    const other = await outputOf(core.dropout({ rate: 0.5 }), [1, 3]);
    const differ = other.filter((v, i) => v !== first[i]).length / first.length;
    expect(Math.abs(differ - 0.5)).toBeLessThan(0.04);
  });

  it('adds normal noise of the right width', async () => {
    const y = [...(await outputOf(core.gaussianNoise({ stddev: 0.5 }), [3, 4]))].map((v) => v - 1);
    const mean = y.reduce((a, b) => a + b, 0) / y.length;
    const deviation = Math.sqrt(y.reduce((a, b) => a + (b - mean) ** 2, 0) / y.length);
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(Math.abs(deviation - 0.5)).toBeLessThan(0.025);
  });
});

describe('errors name the layer', () => {
  const x = input({ shape: [28, 28], dtype: 'uint8' });
  it.each([
    ['units', () => core.dense({ units: 0 }), /Dense at dense: got units = 0, expected a whole number of at least 1/],
    [
      'activation',
      () => core.dense({ units: 1, activation: 'reluu' as 'relu' }),
      /no activation named 'reluu'. Did you mean 'relu'/,
    ],
    ['dtype', () => core.dense({ units: 3, name: 'first' })(x), /at first: got uint8 and float32/],
    ['rate', () => core.dropout({ rate: 1 }), /Dropout at dropout: got rate = 1/],
    ['inputs', () => core.add()([x]), /Add at add: got 1 inputs/],
    ['reshape', () => core.reshape({ targetShape: [5, 5] })(x), /reshape/i],
    [
      'shape',
      () => core.add({ name: 'sum' })([input({ shape: [3] }), input({ shape: [4] })]),
      /at sum: got \[batch, 3\] and \[batch, 4\]/,
    ],
    ['input shape', () => input({ shape: [0] }), /input: got shape \[0\]/],
    [
      'two of one name',
      () => core.sequential([input({ shape: [2] }), core.dense({ units: 1, name: 'a' }), core.dense({ units: 1, name: 'a' })]),
      /two layers named 'a'/,
    ],
    ['no input', () => core.sequential([core.dense({ units: 1 })] as never), /begins with a layer/],
    [
      'shared sizes',
      () => {
        const shared = core.dense({ units: 2 });
        const [a, b] = [input({ shape: [3] }), input({ shape: [4] })];
        return model({ inputs: [a, b], outputs: [shared(a), shared(b)] });
      },
      /as in the first call of this shared layer/,
    ],
    [
      'unlisted input',
      () => {
        const [a, b] = [input({ shape: [3] }), input({ shape: [3], name: 'other' })];
        return model({ inputs: a, outputs: core.add()([a, b]) });
      },
      /the input 'other', which is not listed/,
    ],
    [
      'unused input',
      () => {
        const [a, b] = [input({ shape: [3] }), input({ shape: [3], name: 'spare' })];
        return model({ inputs: [a, b], outputs: core.flatten()(a) });
      },
      /'spare', which no output depends on/,
    ],
  ])('%s', (_, build, message) => {
    expect(build).toThrow(message);
  });
});
