// What people do to a model that its author did not think of: odd data, odd names, several things at once.
import { getEventListeners } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import * as core from '../src/index.ts';
import {
  adam,
  add,
  type Callback,
  dense,
  dropout,
  flatten,
  input,
  load,
  type Model,
  meanMetric,
  metrics,
  model,
  ops,
  sequential,
  sgd,
  type Tensor,
  tensor,
} from '../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'stratus-traps-'));
const made: Model[] = [];
const keep = (net: Model): Model => {
  made.push(net);
  return net;
};
afterAll(async () => {
  await Promise.all(made.map((net) => net.release()));
  rmSync(folder, { recursive: true, force: true });
});

const x = tensor(
  Float32Array.from({ length: 40 }, (_, i) => Math.sin(i)),
  { shape: [20, 2] },
);
const labels = tensor(Int32Array.from({ length: 20 }, (_, i) => i % 3));
const values = tensor(Float32Array.from({ length: 20 }, (_, i) => Math.cos(i)));
const classifier = (): Model =>
  keep(sequential([input({ shape: [2] }), dense({ units: 3, activation: 'softmax' })])).compile({
    optimizer: sgd(),
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
  });
const regressor = (options: Partial<core.CompileOptions> = {}): Model =>
  keep(sequential([input({ shape: [2] }), dense({ units: 1 })])).compile({
    optimizer: sgd({ learningRate: 0.05 }),
    loss: 'mse',
    ...options,
  });
const list = (t: Tensor): unknown[] => [...(t.data as Float32Array)];
const difference = (a: Tensor, b: Tensor): number =>
  Math.max(...(a.data as Float32Array).map((value, i) => Math.abs(value - (b.data as Float32Array)[i]!)));
const quiet = { verbose: 0 } as const;

describe('targets', () => {
  const want = classifier().evaluate(x, labels);
  it.each<[string, () => core.TensorSet]>([
    ['int64', () => tensor(BigInt64Array.from(labels.data as Int32Array, BigInt))],
    ['float32', () => tensor(Float32Array.from(labels.data as Int32Array))],
    ['uint8 [n, 1]', () => tensor(Uint8Array.from(labels.data as Int32Array), { shape: [20, 1] })],
    ['a list', () => [...(labels.data as Int32Array)]],
    ['a list of lists', () => [...(labels.data as Int32Array)].map((label) => [label])],
    ['a typed array', () => labels.data as Int32Array],
  ])('class numbers as %s', async (_, labelsAs) => {
    expect(await classifier().evaluate(x, labelsAs())).toEqual(await want);
  });

  it.each<[string, () => core.TensorSet]>([
    ['[n, 1]', () => values.reshape([20, 1])],
    ['float64', () => tensor(Float64Array.from(values.data as Float32Array))],
    ['a list', () => [...(values.data as Float32Array)]],
    ['a list of one tensor', () => [values]],
  ])('numbers as %s', async (_, valuesAs) => {
    expect(await regressor().evaluate(x, valuesAs())).toEqual(await regressor().evaluate(x, values));
  });

  it('that are true or false', async () => {
    const net = (): Model =>
      keep(sequential([input({ shape: [2] }), dense({ units: 1, activation: 'sigmoid' })])).compile({
        optimizer: 'sgd',
        loss: 'binaryCrossentropy',
        metrics: ['accuracy'],
      });
    const bits = tensor(Uint8Array.from({ length: 20 }, (_, i) => i % 2));
    const want = await net().evaluate(x, bits);
    expect(await net().evaluate(x, tensor(bits.data as Uint8Array, { dtype: 'bool' }))).toEqual(want);
    expect(
      await net().evaluate(
        x,
        [...(bits.data as Uint8Array)].map((bit) => bit === 1),
      ),
    ).toEqual(want);
  });

  it('class numbers along a time axis of any length, with an axis too many', async () => {
    const net = keep(sequential([input({ shape: ['time', 2] }), dense({ units: 3, activation: 'softmax' })])).compile({
      optimizer: 'sgd',
      loss: 'sparseCategoricalCrossentropy',
    });
    const steps = tensor(Int32Array.from({ length: 20 }, (_, i) => i % 3));
    const want = await net.evaluate(x.reshape([4, 5, 2]), steps.reshape([4, 5]));
    expect(await net.evaluate(x.reshape([4, 5, 2]), steps.reshape([4, 5, 1]))).toEqual(want);
    await net.fit(x.reshape([2, 10, 2]), steps.reshape([2, 10]), quiet);
    await net.fit(x.reshape([10, 2, 2]), steps.reshape([10, 2]), { ...quiet, batchSize: 3 });
    expect((await net.predict(x.reshape([4, 5, 2]), { batchSize: 3 })).shape).toEqual([4, 5, 3]);
    await expect(net.evaluate(x.reshape([4, 5, 2]), steps.reshape([5, 4]))).rejects.toMatchObject({ code: 'shape-mismatch' });
    await expect(net.evaluate(x.reshape([4, 5, 2]), steps.reshape([4, 5]).rows(0, 2))).rejects.toMatchObject({
      code: 'shape-mismatch',
    });
  });

  it.each<[string, () => Promise<unknown>]>([
    ['fractions among class numbers', () => classifier().fit(x, [0, 1.5, ...new Array<number>(18).fill(0)], quiet)],
    ['NaN among class numbers', () => classifier().fit(x, [0, Number.NaN, ...new Array<number>(18).fill(0)], quiet)],
    ['null', () => regressor().fit(x, null as never, quiet)],
    ['null inside', () => regressor().fit(x, [...new Array<number>(19).fill(1), null] as never, quiet)],
    ['undefined inside', () => regressor().predict([[1, undefined]] as never)],
    ['null for the inputs', () => regressor().predict(null as never)],
    ['nothing for the inputs', () => regressor().predict(undefined as never)],
    ['text among numbers', () => regressor().predict([[1, 'b']] as never)],
    ['a list of two tensors for one input', () => regressor().predict([x, x] as never)],
    ['text for numbers', () => regressor().fit([['a', 'b']], [1], quiet)],
    ['a number', () => regressor().predict(3)],
  ])('%s: an error of ours', async (_, act) => {
    await expect(act()).rejects.toMatchObject({ name: 'StratusError' });
  });

  it('whole numbers that an integer input cannot hold are refused, and those that it can are exact', async () => {
    const of = (dtype: core.DType): Model => {
      const at = input({ shape: [1], dtype });
      return keep(model({ inputs: at, outputs: core.rescaling({ scale: 1 })(at) }));
    };
    await expect(of('uint8').predict([[300]])).rejects.toMatchObject({ name: 'StratusError' });
    await expect(of('int64').predict([[0.5]])).rejects.toMatchObject({ code: 'dtype-mismatch' });
    await expect(of('uint8').predict(tensor(Int32Array.of(-1), { shape: [1, 1] }))).rejects.toMatchObject({
      name: 'StratusError',
    });
    expect(list(await of('uint8').predict([[255]]))).toEqual([255]);
    const ids = input({ shape: [1], dtype: 'int32', name: 'ids' });
    const parity = core.defineLayer<object>({ type: 'Last', build: (_, [v]) => ops.cast(ops.sub(v!, 16_777_216), 'float32') });
    expect(list(await keep(model({ inputs: ids, outputs: parity({})(ids) })).predict([[16_777_217]]))).toEqual([1]);
    expect(
      list(
        await keep(model({ inputs: ids, outputs: parity({})(ids) })).predict(
          tensor(Float64Array.of(16_777_219), { shape: [1, 1] }),
        ),
      ),
    ).toEqual([3]);
  });
});

describe('several inputs and outputs', () => {
  const make = (): Model => {
    const [a, b] = [input({ shape: [2], name: 'a' }), input({ shape: [2], name: 'b' })];
    const h = add()([a, b]);
    return keep(
      model({
        inputs: [a, b],
        outputs: { first: dense({ units: 1 })(h), second: dense({ units: 3, activation: 'softmax' })(h) },
      }),
    ).compile({
      optimizer: 'sgd',
      loss: { first: 'mse', second: 'sparseCategoricalCrossentropy' },
      metrics: { first: ['mae'], second: ['accuracy'] },
    });
  };

  it('go by name or in order', async () => {
    const byName = await make().evaluate({ a: x, b: x }, { first: values, second: labels });
    expect(Object.keys(byName).sort()).toEqual(['firstLoss', 'firstMae', 'loss', 'secondAccuracy', 'secondLoss']);
    expect(await make().evaluate([x, x], [values, labels])).toEqual(byName);
    await expect(make().evaluate([x], [values, labels])).rejects.toMatchObject({ code: 'bad-value' });
    expect(Object.keys(await make().predictAll([x, x]))).toEqual(['first', 'second']);
    const table = make().summary();
    expect(table).toMatch(/Connected to/);
    expect(table).toMatch(/add \(Add\).*a, b/);
    expect(table).toMatch(/Outputs: first \[batch, 1\], second \[batch, 3\]/);
  });

  it('a validation split cuts all of them', async () => {
    const { history } = await make().fit([x, x], [values, labels], { ...quiet, validationSplit: 0.2 });
    expect(Object.keys(history)).toContain('valSecondAccuracy');
  });
});

describe('names', () => {
  it.each<[string, () => unknown, RegExp]>([
    ['two metrics of one name', () => regressor({ metrics: ['mae', 'mae'] }), /two figures named 'mae'.*name/s],
    [
      'a metric called loss',
      () => regressor({ metrics: [meanMetric({ type: 'loss', better: 'lower', of: (t, p) => ops.sub(p, t) })] }),
      /two figures named 'loss'/,
    ],
    [
      'a metric called valLoss',
      () => regressor({ metrics: [meanMetric({ type: 'valLoss', better: 'lower', of: (t, p) => ops.sub(p, t) })] }),
      /two figures named 'valLoss'/,
    ],
    ['a slash', () => sequential([input({ shape: [1] }), dense({ units: 1, name: 'a/b' })]), /the layer name 'a\/b'/],
    ['an at sign', () => sequential([input({ shape: [1], name: '@loss' }), dense({ units: 1 })]), /the input name '@loss'/],
    [
      'an at sign in an output',
      () => {
        const a = input({ shape: [1] });
        return model({ inputs: a, outputs: { '@loss': dense({ units: 1 })(a) } });
      },
      /the output name '@loss'/,
    ],
    ['__proto__', () => sequential([input({ shape: [1], name: '__proto__' }), dense({ units: 1 })]), /__proto__/],
    [
      'one input twice',
      () => {
        const a = input({ shape: [1] });
        return model({ inputs: [a, a], outputs: dense({ units: 1 })(a) });
      },
      /the same input twice/,
    ],
    ['a size that is no name', () => input({ shape: ['a b'] }), /shape \[a b\]/],
    ['lossWeights', () => regressor({ lossWeights: { dense: Number.NaN } }), /lossWeights/],
    ['metrics as one name', () => regressor({ metrics: 'mae' as never }), /metrics/],
    ['no loss', () => regressor({ loss: undefined as never }), /loss/],
    ['no options', () => sequential([input({ shape: [1] }), dense({ units: 1 })]).compile(undefined as never), /compile/],
  ])('%s', (_, act, message) => {
    expect(act).toThrow(core.StratusError as never);
    expect(act).toThrow(message);
  });

  it.each(['constructor', 'toString', 'dense', 'key', 'hasOwnProperty'])(
    '%s is a fine name for an input, a layer and an output',
    async (name) => {
      const at = input({ shape: [2], name });
      const net = keep(model({ inputs: at, outputs: dropout({ rate: 0.5, name })(dense({ units: 1 })(at)) })).compile({
        optimizer: 'sgd',
        loss: 'mse',
      });
      await net.fit(x, values, quiet);
      const again = keep(await load(await net.toBytes()));
      expect(list(await again.predict(x))).toEqual(list(await net.predict(x)));
      const made = input({ shape: [2] });
      expect(
        Object.keys(
          await keep(model({ inputs: made, outputs: { [name]: dense({ units: 1, name })(made) } })).predictAll({ input: x }),
        ),
      ).toEqual([name]);
    },
  );

  it('metrics keep theirs in the file', async () => {
    const net = classifier().compile({
      optimizer: 'sgd',
      loss: 'sparseCategoricalCrossentropy',
      metrics: [
        'acc',
        metrics.sparseTopKCategoricalAccuracy({ k: 2, name: 'top2' }),
        metrics.sparseTopKCategoricalAccuracy({ k: 1, name: 'top1' }),
      ],
    });
    const want = await net.evaluate(x, labels);
    expect(Object.keys(want)).toEqual(['loss', 'acc', 'top2', 'top1']);
    expect(await keep(await load(await net.toBytes())).evaluate(x, labels)).toEqual(want);
  });

  it('a model with an own metric comes back from its file, to be compiled', async () => {
    const net = regressor({ metrics: [meanMetric({ type: 'bias', better: 'lower', of: (t, p) => ops.sub(p, t) })] });
    const again = keep(await load(await net.toBytes()));
    expect(difference(await again.predict(x), await net.predict(x))).toBeLessThan(1e-6); // as a constant, a matrix is packed and read in another order
    await expect(again.fit(x, values, quiet)).rejects.toMatchObject({ code: 'not-compiled' });
  });

  it('a model that only predicts knows of weights that it is given, and of what it learns', async () => {
    const net = keep(sequential([input({ shape: [2] }), dense({ units: 1 })]));
    const before = await net.predict(x);
    const weights = await net.getWeights();
    const zero = Object.fromEntries(Object.entries(weights).map(([name, { shape }]) => [name, core.full(shape, 0)]));
    await net.setWeights(zero);
    expect(list(await net.predict(x)).every((value) => value === 0)).toBe(true);
    await net.setWeights(weights);
    expect(difference(await net.predict(x), before)).toBeLessThan(1e-6);
    net.compile({ optimizer: sgd({ learningRate: 0.05 }), loss: 'mse' });
    await net.fit(x, values, quiet);
    expect(difference(await net.predict(x), before)).toBeGreaterThan(1e-3);
  });
});

describe('weights of samples and classes', () => {
  const half = tensor(Float32Array.from({ length: 20 }, (_, i) => (i < 10 ? 2 : 0)));

  it('count in the loss and in weightedMetrics, and not in metrics, as in Keras', async () => {
    const net = regressor({ metrics: ['mae'], weightedMetrics: [metrics.meanAbsoluteError({ name: 'weightedMae' })] });
    const [all, firsts, weighted] = [
      await net.evaluate(x, values),
      await net.evaluate(x.rows(0, 10), values.rows(0, 10)),
      await net.evaluate(x, values, { sampleWeight: half }),
    ];
    expect(weighted['mae']).toBe(all['mae']);
    expect(weighted['weightedMae']).toBeCloseTo(firsts['mae'] as number, 6);
    expect(weighted['loss']).toBeCloseTo(firsts['loss'] as number, 6); // mean over 20 of twice the loss of 10
    const again = keep(await load(await net.toBytes()));
    expect(await again.evaluate(x, values, { sampleWeight: half })).toEqual(weighted);
  });

  it('come in the batches of a stream, in training and in validation', async () => {
    const stream = [
      { x: x.rows(0, 8), y: values.rows(0, 8), sampleWeight: half.rows(0, 8) },
      { x: x.rows(8, 20), y: values.rows(8, 20), sampleWeight: half.rows(8, 20) },
    ];
    const iterable = { [Symbol.iterator]: () => stream[Symbol.iterator]() };
    const [a, b] = [regressor(), regressor()];
    const first = await a.fit(iterable, { ...quiet, validationData: { stream: iterable } });
    expect(first.history['valLoss']![0]).toBeCloseTo((await a.evaluate(x, values, { sampleWeight: half }))['loss'] as number, 6);
    for (const batch of stream) await b.trainOnBatch(batch.x, batch.y, { sampleWeight: batch.sampleWeight });
    expect(await a.getWeights()).toEqual(await b.getWeights());
  });

  it('of classes, with streams, one-hot and yes-or-no targets', async () => {
    const classWeight = { 0: 3, 2: 0.5 };
    const want = classifier();
    await want.fit(x, labels, { ...quiet, classWeight });
    const batch = { x, y: labels };
    const streamed = classifier();
    await streamed.fit({ [Symbol.iterator]: () => [batch][Symbol.iterator]() }, { ...quiet, classWeight });
    const whole = classifier();
    await whole.fit(x, labels, { ...quiet, batchSize: 20, shuffle: false, classWeight });
    expect(await streamed.getWeights()).toEqual(await whole.getWeights());

    const oneHot = tensor(
      Float32Array.from({ length: 60 }, (_, i) => (i % 3 === Math.floor(i / 3) % 3 ? 1 : 0)),
      { shape: [20, 3] },
    );
    const categorical = classifier().compile({ optimizer: sgd(), loss: 'categoricalCrossentropy' });
    await categorical.fit(x, oneHot, { ...quiet, classWeight });
    const got = await categorical.getWeights();
    for (const [name, weight] of Object.entries(await want.getWeights()))
      for (const [i, w] of (weight.data as Float32Array).entries())
        expect(Math.abs(w - Number(got[name]!.data[i]))).toBeLessThan(1e-6);

    const binary = (): Model =>
      keep(sequential([input({ shape: [2] }), dense({ units: 1, activation: 'sigmoid' })])).compile({
        optimizer: 'sgd',
        loss: 'binaryCrossentropy',
      });
    const bits = tensor(Float32Array.from({ length: 20 }, (_, i) => i % 2));
    const [byClass, bySample] = [binary(), binary()];
    await byClass.fit(x, bits, { ...quiet, classWeight: { 1: 4 } });
    await bySample.fit(x, bits, { ...quiet, sampleWeight: tensor(Float32Array.from({ length: 20 }, (_, i) => (i % 2 ? 4 : 1))) });
    expect(await byClass.getWeights()).toEqual(await bySample.getWeights());
    await expect(regressor().fit(x, values, { ...quiet, classWeight: { 0: 2 } })).rejects.toThrow(/classWeight/);
    await expect(classifier().fit(x, labels, { ...quiet, classWeight: { 7: 2 } })).rejects.toThrow(/classWeight/);
  });
});

describe('options', () => {
  const stream = {
    *[Symbol.iterator]() {
      yield { x, y: values };
    },
  };
  it.each<[string, () => Promise<unknown>, RegExp]>([
    ['epochs', () => regressor().fit(x, values, { ...quiet, epochs: 1.5 }), /epochs 1.5/],
    ['epochs as NaN', () => regressor().fit(x, values, { ...quiet, epochs: Number.NaN }), /epochs NaN/],
    [
      'everyBatches',
      () => regressor().fit(x, values, { ...quiet, checkpoint: { directory: join(folder, 'never'), everyBatches: 0 } }),
      /everyBatches 0/,
    ],
    [
      'both kinds of validation',
      () => regressor().fit(x, values, { ...quiet, validationSplit: 0.5, validationData: [x, values] }),
      /validationSplit and validationData/,
    ],
    ['a split of a stream', () => regressor().fit(stream, { ...quiet, validationSplit: 0.5 }), /validationSplit/],
    ['sampleWeight beside a stream', () => regressor().fit(stream, { ...quiet, sampleWeight: values }), /sampleWeight/],
    ['batchSize of predict', () => regressor().predict(x, { batchSize: 0 }), /predict.*batchSize 0/],
    ['ema without one', () => regressor().predict(x, { weights: 'ema' }), /emaMomentum/],
    ['ema without one, saving', () => regressor().toBytes({ weights: 'ema' }), /emaMomentum/],
    ['ema without one, weights', () => regressor().getWeights({ weights: 'ema' }), /emaMomentum/],
    ['as many labels as classes', () => classifier().toBytes({ labels: ['a', 'b'] }), /2 labels.*3/s],
    ['units of an unknown input', () => classifier().toBytes({ units: { inptu: 'm' } }), /inptu/],
    ['seed', async () => sequential([input({ shape: [1] }), dense({ units: 1 })], { seed: -1 }), /seed -1/],
    [
      'seed too large',
      async () => sequential([input({ shape: [1] }), dense({ units: 1 })], { seed: 2 ** 53 }),
      /seed 9007199254740992/,
    ],
    ['a frequency of 0', async () => core.modelCheckpoint({ path: 'x', saveFrequency: 0 }), /saveFrequency/],
    [
      'the best within an epoch',
      async () => core.modelCheckpoint({ path: 'x', saveFrequency: 5, saveBestOnly: true }),
      /saveBestOnly/,
    ],
  ])('%s', async (_, act, message) => {
    await expect(act()).rejects.toThrow(message);
    await expect(act()).rejects.toMatchObject({ name: 'StratusError' });
  });

  it('the largest seed works, and differs from its neighbours', async () => {
    const of = async (seed: number): Promise<unknown> =>
      (await sequential([input({ shape: [3] }), dense({ units: 3 })], { seed }).getWeights())['dense/kernel']!.data;
    expect(await of(2 ** 53 - 1)).not.toEqual(await of(2 ** 53 - 2));
    expect(await of(2 ** 32)).not.toEqual(await of(0));
  });

  it('the split keeps as many for training as Keras does', async () => {
    const net = regressor();
    const sizes: number[] = [];
    const count: Callback = { onEpochEnd: (run) => void sizes.push(run.batches!) };
    for (const [n, share] of [
      [7, 0.2],
      [5, 0.3],
      [10, 0.1],
      [10, 0.9],
      [20, 0.25],
    ] as const)
      await net.fit(x.rows(0, n), values.rows(0, n), { ...quiet, batchSize: 1, validationSplit: share, callbacks: [count] });
    expect(sizes).toEqual([5, 3, 9, 1, 15]);
  });

  it('an abort of evaluate and predict is an error of ours', async () => {
    const net = regressor();
    await expect(net.evaluate(x, values, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' });
    await expect(net.predict(x, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' });
  });
});

describe('a model', () => {
  it('with nothing to train goes through fit unchanged', async () => {
    for (const gradientAccumulationSteps of [1, 2]) {
      const frozen = keep(sequential([input({ shape: [2] }), dense({ units: 1, trainable: false })])).compile({
        optimizer: adam({ globalClipNorm: 1 }),
        loss: 'mse',
        gradientAccumulationSteps,
        emaMomentum: 0.9,
      });
      const before = await frozen.getWeights();
      await frozen.fit(x, values, { ...quiet, batchSize: 4 });
      expect(await frozen.getWeights()).toEqual(before);
      expect(await frozen.getWeights({ weights: 'ema' })).toEqual(before);
      const none = keep(sequential([input({ shape: [2] }), flatten()])).compile({
        optimizer: 'sgd',
        loss: 'mse',
        gradientAccumulationSteps,
      });
      expect((await none.fit(x, x, quiet)).history['loss']).toEqual([0]);
    }
  });

  it('is trained on one sample, in batches of one', async () => {
    const { history } = await regressor().fit(x.rows(0, 1), values.rows(0, 1), { ...quiet, batchSize: 1, epochs: 3 });
    expect(history['loss']![2]).toBeLessThan(history['loss']![0] as number);
  });

  it('whose output is an input, or the same value twice, works', async () => {
    const a = input({ shape: [2] });
    expect(list(await keep(model({ inputs: a, outputs: a })).predict(x))).toEqual(list(x));
    const y = dense({ units: 1 })(a);
    const twice = keep(model({ inputs: a, outputs: { one: y, two: y } }));
    const { one, two } = await twice.predictAll(x);
    expect(list(one!)).toEqual(list(two!));
    expect(Object.keys(await keep(await load(await twice.toBytes())).predictAll(x))).toEqual(['one', 'two']);
  });

  it('gives and takes copies of its weights', async () => {
    const net = regressor();
    const before = list(await net.predict(x));
    const fresh = regressor();
    ((await fresh.getWeights())['dense/kernel']!.data as Float32Array).fill(9);
    expect(list(await fresh.predict(x))).toEqual(before);
    const other = regressor();
    const bias = Float32Array.of(1);
    await other.setWeights({ 'dense/bias': tensor(bias) });
    bias[0] = 100;
    expect((await other.getWeights())['dense/bias']!.data[0]).toBe(1);
    await expect(regressor().setWeights({ 'dense/bias': tensor(Float64Array.of(1)) })).rejects.toMatchObject({
      code: 'dtype-mismatch',
    });
    await expect(regressor().setWeights({ 'dense/bais': tensor([1]) })).rejects.toThrow(/Did you mean 'dense\/bias'/);
  });

  it('keeps weights that are set after compile, and its summary knows what was frozen since', async () => {
    const net = regressor();
    await net.setWeights({ 'dense/bias': tensor([7]) });
    net.compile({ optimizer: 'sgd', loss: 'mse' });
    expect((await net.getWeights())['dense/bias']!.data[0]).toBe(7);
    net.getLayer('dense').trainable = false;
    expect(net.summary()).toMatch(/trainable: 0, not trainable: 3/);
  });

  it('does not keep its training data', async () => {
    const net = regressor();
    let data: Tensor | undefined = tensor(new Float32Array(40), { shape: [20, 2] });
    const weak = new WeakRef(data.data as Float32Array);
    await net.fit(data, values, quiet);
    data = undefined;
    const { setFlagsFromString } = await import('node:v8');
    const { runInNewContext } = await import('node:vm');
    setFlagsFromString('--expose-gc');
    const gc = runInNewContext('gc') as () => void;
    for (let i = 0; i < 20 && weak.deref(); i++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      gc();
    }
    expect(weak.deref()).toBeUndefined();
    expect((await core.decodeArtifact(await net.toBytes())).manifest.baseline!['input']!.count).toBe(40);
  });

  it('describes numbers in half precision, missing numbers and wide data as they are', async () => {
    const of = async (data: Tensor, dtype: core.DType): Promise<core.Manifest> => {
      const at = input({ shape: data.shape.slice(1), dtype });
      const sum = core.defineLayer<object>({
        type: 'Sum',
        build: (_, [v]) => ops.reduceSum(ops.cast(v!, 'float32'), { axes: [1], keepDims: true }),
      });
      const net = keep(model({ inputs: at, outputs: dense({ units: 1 })(sum({})(at)) })).compile({
        optimizer: sgd({ learningRate: 0 }),
        loss: 'mse',
      });
      await net.fit(data, tensor(new Float32Array(data.shape[0]!)), quiet).catch((e: unknown) => {
        if (!core.StratusError.is(e)) throw e;
      });
      return (await core.decodeArtifact(await net.toBytes())).manifest;
    };
    expect((await of(tensor([[1], [2], [3]], { dtype: 'float16' }), 'float16')).baseline!['input']).toMatchObject({
      count: 3,
      mean: 2,
      minimum: 1,
      maximum: 3,
    });
    const wide = await of(tensor(new Float32Array(2 * 400_000), { shape: [2, 400_000] }), 'float32');
    expect(wide.samples).toEqual([]);
  });
});

describe('at the same time', () => {
  it('two predictions share one set of weights', async () => {
    let holds = 0;
    const real = await core.executor();
    const counting: core.Executor = {
      ...real,
      device: real.device,
      description: real.description,
      compile: (m, o) => real.compile(m, o),
      hold(tensors) {
        holds++;
        return real.hold(tensors);
      },
      release: () => real.release(),
    };
    const net = keep(sequential([input({ shape: [2] }), dense({ units: 1 })], { executor: counting })).compile({
      optimizer: 'sgd',
      loss: 'mse',
      emaMomentum: 0.5,
    });
    const all = await Promise.all([
      net.predict(x),
      net.predict(x),
      net.evaluate(x, values),
      net.predict(x, { weights: 'ema' }),
      net.predict(x, { weights: 'ema' }),
    ]);
    expect(list(all[0])).toEqual(list(all[1] as Tensor));
    expect(holds).toBe(2); // the weights and their averages
  });

  it('a second training, a compile or a release during a training is refused, and does no harm', async () => {
    const net = regressor();
    const errors: unknown[] = [];
    const meddle: Callback = {
      async onBatchEnd() {
        for (const act of [
          () => net.fit(x, values, quiet),
          () => net.trainOnBatch(x, values),
          () => net.compile({ optimizer: 'adam', loss: 'mae' }),
          () => net.release(),
        ])
          try {
            await act();
            errors.push('nothing');
          } catch (e) {
            errors.push((e as core.StratusError).code);
          }
      },
    };
    await net.fit(x, values, { ...quiet, batchSize: 20, callbacks: [meddle] });
    expect(errors).toEqual(['bad-value', 'bad-value', 'bad-value', 'bad-value']);
    const alone = regressor();
    await alone.fit(x, values, { ...quiet, batchSize: 20 });
    expect(await net.getWeights()).toEqual(await alone.getWeights());
    await net.fit(x, values, quiet); // and again, after a failed one too
    await expect(net.fit([[1]], values, quiet)).rejects.toThrow();
    await net.fit(x, values, quiet);
  });

  it('predictions that are under way when the model is compiled or released come to their end', async () => {
    const net = regressor();
    const want = list(await net.predict(x));
    for (const act of [() => net.compile({ optimizer: 'adam', loss: 'mse' }), () => net.release()]) {
      const pending = [net.predict(x, { batchSize: 1 }), net.predict(x, { batchSize: 7 })];
      const done = act();
      pending.push(net.predict(x));
      for (const got of await Promise.all(pending)) expect(list(got)).toEqual(want);
      await done;
    }
  });

  it('predictions during a training see whole steps', async () => {
    const net = regressor();
    const seen: Promise<Tensor>[] = [];
    const watch: Callback = { onBatchEnd: () => void seen.push(net.predict(x.rows(0, 1))) };
    await net.fit(x, values, { ...quiet, batchSize: 5, epochs: 3, callbacks: [watch] });
    expect((await Promise.all(seen)).every(({ data }) => Number.isFinite(data[0]))).toBe(true);
  });

  it('a signal that outlives many trainings gathers no listeners', async () => {
    const [own, shared] = [new AbortController(), new AbortController()];
    const defaults = core.trainingDefaults();
    defaults.signal = shared.signal;
    try {
      const net = regressor();
      for (let i = 0; i < 5; i++) await net.fit(x, values, { ...quiet, signal: own.signal, validationData: [x, values] });
      for (const { signal } of [own, shared]) expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    } finally {
      delete defaults.signal;
    }
  });
});

describe('a file', () => {
  const sampleHolds = async (bytes: Uint8Array): Promise<void> => {
    const { manifest } = await core.decodeArtifact(bytes);
    const [sample] = manifest.samples;
    const got = await keep(await load(bytes)).predict(sample!.inputs['input'] as number[][]);
    expect(got.toArray()).toEqual(Object.values(sample!.outputs)[0]);
  };

  it('answers its sample request as it says, whichever weights are saved', async () => {
    const net = regressor({ emaMomentum: 0.9 });
    await net.fit(x, values, { ...quiet, batchSize: 2, epochs: 3 });
    await sampleHolds(await net.toBytes());
    await sampleHolds(await net.toBytes({ weights: 'ema' }));
    await net.setWeights({ 'dense/bias': tensor([3]) });
    await sampleHolds(await net.toBytes());
    const again = keep(await load(await net.toBytes()));
    await again.setWeights({ 'dense/bias': tensor([-3]) });
    await sampleHolds(await again.toBytes());
    await again.fit({ [Symbol.iterator]: () => [{ x, y: values }][Symbol.iterator]() }, quiet);
    await sampleHolds(await again.toBytes());
  });

  it('keeps labels and units when it is loaded and saved again', async () => {
    const first = await classifier().toBytes({ labels: ['a', 'b', 'c'], units: { input: 'metres' } });
    const second = await keep(await load(first)).toBytes();
    const [a, b] = [(await core.decodeArtifact(first)).manifest, (await core.decodeArtifact(second)).manifest];
    expect(b.postprocessing).toEqual(a.postprocessing);
    expect(b.signature).toEqual(a.signature);
  });

  it('saved at the end of an epoch says how many epochs it was trained', async () => {
    const net = regressor();
    const path = join(folder, 'epochs.onnx');
    await net.fit(x, values, { ...quiet, epochs: 2, callbacks: [core.modelCheckpoint({ path, monitor: 'loss' })] });
    expect((await core.decodeArtifact(readFileSync(path))).manifest.training!.epochs).toBe(2);
  });
});
