// Tables of which a step updates only the rows that it has read.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createExecutor } from '#ort';
import { toposort } from '../src/graph/index.ts';
import * as core from '../src/index.ts';
import { tensor } from '../src/index.ts';
import { buildGraph } from '../src/nn/index.ts';
import { decodeModel } from '../src/onnx/index.ts';
import type { Executor } from '../src/runtime/executor.ts';
import { createExecutor as createWebExecutor } from '../src/runtime/web/index.ts';
import { trainGraph } from '../src/train/graphs.ts';
import { plan } from '../src/train/plan.ts';

const { dense, embedding, flatten, input, sequential } = core;

interface Golden {
  readonly start: number[][];
  readonly ids: number[][][];
  readonly targets: number[][][];
  readonly cases: readonly {
    readonly type: string;
    readonly options: Record<string, unknown>;
    readonly torch: string;
    readonly tables: number[][][];
  }[];
}
const golden = JSON.parse(readFileSync(new URL('../../../golden/sparse_rows.json', import.meta.url), 'utf8')) as Golden;

const made: core.Model[] = [];
afterAll(() => Promise.all(made.map((model) => model.release())));
const kept = (model: core.Model): core.Model => {
  made.push(model);
  return model;
};

/** Look-ups and nothing else: 4 ids of 7, in rows of 3. */
const bare = (options: object, { executor, ...more }: { executor?: Executor; sparse?: boolean } & object = {}): core.Model => {
  const table = embedding({ inputDim: 7, outputDim: 3, sparse: true, name: 'table', ...more });
  const model = sequential([input({ shape: [4], dtype: 'int32' }), table, flatten()], { seed: 4, ...(executor && { executor }) });
  return kept(model.compile({ optimizer: 'sgd', loss: 'mse', ...options } as core.CompileOptions));
};
const ids = (rows: readonly (readonly number[])[]) => tensor(rows as number[][], { dtype: 'int32' });
const tableOf = async (model: core.Model): Promise<number[]> => [
  ...((await model.getWeights())['table/embeddings']!.data as Float32Array),
];

/** A table, a recurrent layer that leaves padding out, dropout. */
const text = (options: object, own: object = {}): core.Model => {
  const layers = [
    input({ shape: [5], dtype: 'int32' }),
    embedding({ inputDim: 40, outputDim: 4, sparse: true, maskZero: true, name: 'table', ...own }),
    core.lstm({ units: 6, name: 'lstm' }),
    core.dropout({ rate: 0.2 }),
    dense({ units: 3, activation: 'softmax' }),
  ] as const;
  const model = sequential(layers, { seed: 7 });
  return kept(model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', ...options } as core.CompileOptions));
};
const some = (count: number, below: number, step = 7): Int32Array =>
  Int32Array.from({ length: count }, (_, i) => (i * i * step + i) % below);
const x = tensor(some(60 * 5, 30)).reshape([60, 5]);
const y = tensor(some(60, 3, 5));
const all = async (model: core.Model): Promise<unknown> =>
  Object.entries(await model.getWeights()).map(([name, { data }]) => [name, [...(data as Float32Array)]]);

describe('a sparse embedding is updated as PyTorch updates one', () => {
  const executors: Record<string, () => Promise<Executor | undefined>> = {
    capi: async () => undefined,
    'capi without kernels of our own': () => createExecutor({ threads: 2, kernels: false }),
    binding: () => createExecutor({ driver: 'binding', threads: 1 }),
    web: () => createWebExecutor({ threads: 1 }),
  };
  it.each(Object.entries(executors))('%s', async (_, make) => {
    const executor = await make();
    for (const { type, options, torch, tables } of golden.cases) {
      const optimizer = core.optimizers[type as 'adam'](options as object);
      const model = bare({ optimizer }, { ...(executor && { executor }) });
      await model.setWeights({ 'table/embeddings': tensor(golden.start) });
      for (const [step, rows] of golden.ids.entries()) {
        await model.trainOnBatch(ids(rows), tensor(golden.targets[step]!));
        const [got, want] = [await tableOf(model), tables[step]!.flat()];
        for (const [i, v] of want.entries())
          expect(Math.abs(got[i]! - v), `${torch} ${JSON.stringify(options)}, step ${step}, ${i}`).toBeLessThan(
            2e-5 * (1 + Math.abs(v)),
          );
      }
      await model.release();
    }
    await executor?.release();
  });
});

describe('beside a dense one', () => {
  const train = async (model: core.Model): Promise<unknown> => {
    const losses: unknown[] = [];
    for (const [step, rows] of golden.ids.entries())
      losses.push((await model.trainOnBatch(ids(rows), tensor(golden.targets[step]!)))['loss']);
    return [losses, await tableOf(model)];
  };

  it('plain SGD gives the same bits, with clipped values as well', async () => {
    for (const optimizer of [core.sgd({ learningRate: 0.5 }), core.sgd({ learningRate: 0.5, clipValue: 0.01 })])
      expect(await train(bare({ optimizer }))).toEqual(await train(bare({ optimizer }, { sparse: false })));
  });

  it('norms are those of the same gradient', async () => {
    for (const clip of [{ clipNorm: 0.05 }, { globalClipNorm: 0.05 }]) {
      const optimizer = core.sgd({ learningRate: 0.5, ...clip });
      const [got, want] = [await train(bare({ optimizer })), await train(bare({ optimizer }, { sparse: false }))] as [
        [unknown, number[]],
        [unknown, number[]],
      ];
      for (const [i, v] of want[1].entries()) expect(got[1][i]).toBeCloseTo(v, 5);
    }
  });

  it.each(Object.keys(core.optimizers).filter((name) => name !== 'adamw'))(
    '%s: a row that is read in each step moves as if all were',
    async (name) => {
      const make = (sparse: boolean) => bare({ optimizer: core.optimizers[name as 'adam']({ learningRate: 0.05 }) }, { sparse });
      const [one, other] = [make(true), make(false)];
      const before = await tableOf(one);
      for (
        let i = 0;
        i < 3;
        i++ // an odd number: steps of one length may take back each other
      )
        for (const model of [one, other])
          await model.trainOnBatch(
            ids([
              [0, 2, 2, 5],
              [5, 2, 0, 0],
            ]),
            tensor(golden.targets[i]!),
          );
      const [got, want] = [await tableOf(one), await tableOf(other)];
      for (const row of [0, 2, 5])
        for (let i = row * 3; i < row * 3 + 3; i++) {
          expect(got[i]).toBeCloseTo(want[i]!, 6);
          expect(got[i]).not.toBe(before[i]);
        }
      for (const row of [1, 3, 4, 6]) expect(got.slice(row * 3, row * 3 + 3)).toEqual(before.slice(row * 3, row * 3 + 3));
    },
  );

  it('momentum leaves rows that are not read where they are', async () => {
    const model = bare({ optimizer: core.sgd({ learningRate: 0.1, momentum: 0.9 }) });
    await model.trainOnBatch(ids([[1, 2, 3, 4]]), tensor([golden.targets[0]![0]!]));
    const between = await tableOf(model);
    await model.trainOnBatch(ids([[5, 5, 5, 6]]), tensor([golden.targets[1]![0]!]));
    const after = await tableOf(model);
    expect(after.slice(0, 15)).toEqual(between.slice(0, 15));
    expect(after.slice(15)).not.toEqual(between.slice(15));
  });
});

describe('what a training does with it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stratus-sparse-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const options = { batchSize: 10, epochs: 3, verbose: 0 } as const;

  it('no tensor of the graph but what is held is as large as the table', () => {
    const model = text({});
    const built = buildGraph(model.architecture, { training: true });
    const chosen = plan({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' }, built);
    const { graph, rowUpdates, updates } = trainGraph(model.architecture, chosen, false);
    expect(Object.keys(rowUpdates!).sort()).toEqual([
      '@slot/momentum/table/embeddings',
      '@slot/velocity/table/embeddings',
      'table/embeddings',
    ]);
    expect(Object.values(updates).filter((held) => held.includes('table'))).toEqual([]);
    const large = toposort(Object.values(graph.outputs)).flatMap(({ outs }) => outs.filter(({ shape }) => shape[0] === 40));
    expect(large).toEqual([]);
  });

  it('the loss falls, ids of padding are left out, and recompute gives the same bits', async () => {
    const model = text({ optimizer: core.adam({ learningRate: 0.02 }) });
    const { history } = await model.fit(x, y, { ...options, epochs: 10 });
    expect(Number(history['loss']!.at(-1))).toBeLessThan(Number(history['loss']![0]) * 0.8);
    const [plain, again] = [text({}), text({ recompute: true })];
    for (const one of [plain, again]) await one.fit(x, y, options);
    expect(await all(again)).toEqual(await all(plain));
  });

  it('goes on from a checkpoint bit by bit', async () => {
    const whole = text({});
    await whole.fit(x, y, options);
    const checkpoint = { directory: join(folder, 'run'), everyBatches: 4 };
    const controller = new AbortController();
    const stop: core.Callback = { onBatchEnd: ({ epoch, batch }) => void (epoch === 1 && batch === 3 && controller.abort()) };
    const run = text({}).fit(x, y, { ...options, checkpoint, callbacks: [stop], signal: controller.signal });
    await expect(run).rejects.toMatchObject({ code: 'aborted' });
    const resumed = text({});
    await resumed.fit(x, y, { ...options, checkpoint, resume: true });
    expect(await all(resumed)).toEqual(await all(whole));
  });

  it('a step that fails or is stopped changes nothing', async () => {
    const model = text({});
    await model.trainOnBatch(x, y);
    const before = await all(model);
    const wrong = tensor(some(60 * 5, 50)).reshape([60, 5]);
    await expect(model.trainOnBatch(wrong, y)).rejects.toMatchObject({ code: 'index-range' });
    expect(await all(model)).toEqual(before);
  });

  it('is saved as an ordinary ONNX file, and told sparse when it is loaded', async () => {
    const model = text({});
    await model.fit(x, y, { ...options, epochs: 1 });
    const path = join(folder, 'model.onnx');
    await model.save(path);
    const types = decodeModel(new Uint8Array(readFileSync(path))).graph!.node!.map(({ opType }) => opType);
    expect(types).toContain('Gather');
    expect(types).not.toContain('Unique');
    const loaded = kept(await core.load(path));
    expect(await all(loaded)).toEqual(await all(model));
    expect(loaded.architecture.layers.find(({ name }) => name === 'table')!.layer.config['sparse']).toBe(true);
    const predicted = await Promise.all([model, loaded].map(async (one) => (await one.predict(x)).data));
    expect(predicted[1]).toEqual(predicted[0]);
  });

  it('a frozen table stays', async () => {
    const model = text({}, { trainable: false });
    const before = (await model.getWeights())['table/embeddings'];
    await model.fit(x, y, { ...options, epochs: 1 });
    expect((await model.getWeights())['table/embeddings']).toEqual(before);
  });

  it('a table that is looked up in twice gets the sum of both gradients; two tables do not disturb each other', async () => {
    const build = async (sparse: boolean): Promise<unknown> => {
      const [a, b] = [input({ shape: [3], dtype: 'int32', name: 'a' }), input({ shape: [2], dtype: 'int32', name: 'b' })];
      const shared = embedding({ inputDim: 9, outputDim: 2, sparse, name: 'shared' });
      const own = embedding({ inputDim: 30, outputDim: 4, sparse, name: 'own' });
      const joined = core.concatenate({})([flatten()(shared(a)), flatten()(shared(b)), flatten()(own(b))]);
      const model = kept(core.model({ inputs: [a, b], outputs: dense({ units: 1 })(joined), seed: 2 }));
      model.compile({ optimizer: core.sgd({ learningRate: 0.2 }), loss: 'mse' });
      const feeds = {
        a: ids([
          [1, 2, 1],
          [8, 0, 1],
          [3, 3, 3],
        ]),
        b: ids([
          [1, 7],
          [1, 2],
          [4, 8],
        ]),
      };
      for (let i = 0; i < 3; i++) await model.trainOnBatch(feeds, tensor([[1], [2], [3]]));
      return (await all(model)) as [string, number[]][];
    };
    const [got, want] = (await Promise.all([build(true), build(false)])) as [string, number[]][][];
    for (const [k, [name, values]] of want!.entries())
      for (const [i, v] of values.entries()) expect(got![k]![1][i], `${name} ${i}`).toBeCloseTo(v, 5);
  });
});

describe('compile says what does not go together with it', () => {
  const refused: [string, () => unknown, RegExp][] = [
    [
      'gradient accumulation',
      () => text({ gradientAccumulationSteps: 2 }),
      /gradientAccumulationSteps 2 with the sparse table 'table\/embeddings'/,
    ],
    [
      'moving averages',
      () => text({ emaMomentum: 0.99 }),
      /emaMomentum 0.99.*Leave emaMomentum out; or make the embedding without sparse/,
    ],
    [
      'weight decay',
      () => text({ optimizer: 'adamw' }),
      /adamw with weightDecay 0.01.*excludeFromWeightDecay: \['table\/embeddings'\]/,
    ],
    [
      'a regularizer',
      () => text({}, { embeddingsRegularizer: 'l2' }),
      /reads as a whole.*Leave out sparse: true; or the regularizer/,
    ],
    [
      'another reader',
      () => {
        const tied = core.defineLayer<object>({
          type: 'Tied',
          build: (_, [ids], scope) => {
            const table = scope.parameter('table', [6, 2], { initializer: 'zeros', sparse: true });
            return core.ops.matMul(core.ops.gather(table, ids!), core.ops.transpose(table));
          },
        });
        const model = sequential([input({ shape: [4], dtype: 'int32' }), tied({})]);
        return model.compile({ optimizer: 'sgd', loss: 'mse' });
      },
      /the sparse table 'tied\/table', which Transpose of 'tied' reads as a whole/,
    ],
  ];
  it.each(refused)('%s', (_, make, message) => {
    expect(make).toThrow(message);
    expect(make).toThrow(expect.objectContaining({ code: 'bad-value' }));
  });

  it('but not where the table is left out of the decay, or frozen', async () => {
    const model = text({ optimizer: core.adamw({ excludeFromWeightDecay: ['table/embeddings'] }) });
    await model.trainOnBatch(x, y);
    text({ gradientAccumulationSteps: 2, emaMomentum: 0.9 }, { trainable: false });
  });

  it('a device that cannot write rows is refused before anything is compiled', async () => {
    const executor = await createExecutor({ threads: 1 });
    const other = new Proxy(executor, {
      get: (target, key) => {
        if (key === 'updatesRows') return false;
        const value = Reflect.get(target, key, target) as unknown;
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const model = bare({}, { executor: other });
    await expect(model.trainOnBatch(ids([[1, 2, 3, 4]]), tensor([golden.targets[0]![0]!]))).rejects.toThrow(
      /without sparse: true/,
    );
    expect((await model.predict(ids([[1, 2, 3, 4]]))).shape).toEqual([1, 12]);
    await model.release();
    await executor.release();
  });
});
