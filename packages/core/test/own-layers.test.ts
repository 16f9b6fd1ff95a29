// A user's own layers: one with parameters in one small declaration, and lambdas. They train, are saved, and come back.
import { describe, expect, it } from 'vitest';
import {
  defineLayer,
  dense,
  type InitializerLike,
  input,
  type LayerFactory,
  type LayerOptions,
  lambda,
  load,
  model,
  ops,
  type StratusError,
  sequential,
  sgd,
  type Tensor,
  tensor,
  type Value,
} from '../src/index.ts';

/** `gain · x + shift`, feature by feature: what a user writes. */
const affine = defineLayer<{ readonly gainInitializer?: InitializerLike }>({
  type: 'Affine',
  mask: 'pass',
  build({ gainInitializer = 'ones' }, [x], scope) {
    const features = x!.shape.at(-1) as number;
    const gain = scope.parameter('gain', [features], { initializer: gainInitializer });
    const shift = scope.parameter('shift', [features], { initializer: 'zeros' });
    return ops.add(ops.mul(x!, gain), shift);
  },
});

const line = tensor(
  Array.from({ length: 64 }, (_, i) => [i / 32 - 1, Math.sin(i)]),
  { dtype: 'float32' },
);
/** 3 a - 1, -2 b + 0.5 */
const wanted = tensor(
  Array.from({ length: 64 }, (_, i) => [3 * (i / 32 - 1) - 1, -2 * Math.sin(i) + 0.5]),
  { dtype: 'float32' },
);

describe('an own layer', () => {
  it('learns, is saved with its numbers and options, and learns on', async () => {
    const net = sequential([input({ shape: [2] }), affine({ gainInitializer: 'zeros', name: 'fit' })]);
    net.compile({ optimizer: sgd({ learningRate: 0.3 }), loss: 'meanSquaredError' });
    await net.fit(line, wanted, { epochs: 100, batchSize: 64, verbose: 0 });
    const weights = await net.getWeights();
    const gain = Array.from(weights['fit/gain']!.data as Float32Array);
    expect([gain[0]! - 3, gain[1]! + 2].map(Math.abs).every((error) => error < 1e-2)).toBe(true);

    const bytes = await net.toBytes();
    const again = await load(bytes, { layers: { Affine: affine } });
    expect(again.architecture.layers.map(({ layer }) => layer.config)).toEqual([{ gainInitializer: 'zeros' }]);
    expect(await again.predict(line)).toEqual(await net.predict(line));
    const { history } = await again.fit(line, wanted, { epochs: 1, batchSize: 64, verbose: 0 });
    expect(history['loss']![0] as number).toBeLessThan(1e-3);
    await Promise.all([net.release(), again.release()]);
  });
});

const apart = (a: Value, b: Value): Value => ops.abs(ops.sub(a, b));

describe('lambda', () => {
  const build = (options: { type?: string } = {}) => {
    const [a, b] = [input({ shape: [3], name: 'a' }), input({ shape: [3], name: 'b' })];
    const shared = dense({ units: 4, name: 'shared' });
    const distance = lambda({ apply: apart, name: 'distance', ...options })([shared(a), shared(b)]);
    return model({ inputs: [a, b], outputs: dense({ units: 1, name: 'score' })(distance), seed: 1 });
  };
  const pairs = {
    a: tensor(
      [
        [1, 2, 3],
        [0, 0, 1],
      ],
      { dtype: 'float32' },
    ),
    b: tensor(
      [
        [1, 2, 3],
        [1, 0, 0],
      ],
      { dtype: 'float32' },
    ),
  };

  it('takes several inputs, and gradients go through it', async () => {
    const net = build();
    net.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
    const before = (await net.getWeights())['shared/kernel']!.data.slice();
    await net.fit(pairs, [[0], [1]], { epochs: 2, verbose: 0 });
    expect((await net.getWeights())['shared/kernel']!.data).not.toEqual(before);
    const [same] = ((await net.predict(pairs)) as Tensor).data as Float32Array;
    expect(same).toBe(((await net.getWeights())['score/bias']!.data as Float32Array)[0]); // of equal inputs nothing but the bias is left
    await net.release();
  });

  it('is given again when the model is read', async () => {
    const net = build({ type: 'Apart' });
    const bytes = await net.toBytes();
    const layers: Record<string, LayerFactory> = {
      Apart: (options: LayerOptions) => lambda({ ...options, type: 'Apart', apply: apart }),
    };
    const again = await load(bytes, { layers });
    expect(await again.predict(pairs)).toEqual(await net.predict(pairs));
    await Promise.all([net.release(), again.release()]);
  });

  it.each([
    ['Apart', { type: 'Apart' }],
    ['Lambda', {}],
  ])('and if it is not, the error says how: %s', async (type, options) => {
    const net = build(options);
    const error = await load(await net.toBytes()).then(
      () => undefined,
      (e: StratusError) => e,
    );
    expect(error).toMatchObject({ code: 'unknown-name', details: { kind: 'layer', name: type } });
    expect(error!.message).toContain(`load(file, { layers: { '${type}': … } })`);
    await net.release();
  });

  it('refuses what is no function, and names itself when its ops fail', () => {
    expect(() => lambda({ apply: 'relu' as never })).toThrow(/Lambda: got apply = relu, expected a function/);
    const x = input({ shape: [3] });
    expect(() => lambda({ type: 'Wrong', apply: (v) => ops.softmax(v, { axis: 5 }), name: 'wrong' })(x)).toThrow(/at wrong/);
    expect(() => lambda({ apply: (v) => v })([])).toThrow(/got 0 inputs/);
    expect(() => lambda({ apply: () => undefined as never, name: 'wrong' })(x)).toThrow(
      /at wrong: got nothing, expected a value/,
    );
    expect(() => lambda({ apply: () => 3 as never })(x)).toThrow(/got 3, expected a value of the graph/);
  });
});
