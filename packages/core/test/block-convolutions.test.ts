// Convolutions on channels in blocks: the same numbers, for every way windows can stand; what gains nothing stays as it was.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toposort } from '../src/graph/index.ts';
import * as core from '../src/index.ts';
import { constant, createExecutor, type Executor, type Graph, graphInput, ops, type Value } from '../src/index.ts';
import { blockConvolutions as inBlocks } from '../src/passes/index.ts';
import { channelBlock } from '../src/train/channel-block.ts';
import { draw } from './support/op-rows.ts';
import { runGraph } from './support/run-graph.ts';

const executor = await createExecutor({ threads: 1 });
const block = await channelBlock(executor);

/** For many samples, where windows are enough. */
const blockConvolutions = (graph: Graph, size: number, samples = 1000): Graph => inBlocks(graph, { size, samples });

const drawn = (name: string, shape: readonly number[]): core.Tensor =>
  core.tensor(draw(name, shape, [-1, 1]), { dtype: 'float32' }).reshape([...shape]);
const graphOf = (inputs: readonly Value[], y: Value): Graph => ({ name: 'net', inputs, outputs: { y } });
const opsOf = (graph: Graph): string[] =>
  toposort(Object.values(graph.outputs)).map(({ op }) => `${op.domain === '' ? '' : 'blocked '}${op.type}`);

async function same(graph: Graph, size = block!): Promise<Graph> {
  const after = blockConvolutions(graph, size);
  const feeds = Object.fromEntries(
    graph.inputs.map(({ name, shape }) => [
      name!,
      drawn(
        name!,
        shape.map((d) => (typeof d === 'string' ? 3 : d)),
      ),
    ]),
  );
  const [{ y: want }, { y: got }] = [await runGraph(graph, feeds), await runGraph(after, feeds)];
  expect(got!.shape).toEqual(want!.shape);
  const worst = (want!.data as Float32Array).reduce((most, v, i) => Math.max(most, Math.abs(v - (got!.data[i] as number))), 0);
  expect(worst).toBeLessThan(1e-4);
  return after;
}

describe.skipIf(block === undefined)('blockConvolutions (where the engine convolves in blocks of channels: x64)', () => {
  const image = (channels: number): Value => graphInput('x', ['batch', channels, 7, 6]);
  const kernels = (...shape: number[]): Value => graphInput('w', shape);
  const bias = (size: number): Value => graphInput('b', [size]);

  it('equals convolutions of any shape', async () => {
    const size = fc.integer({ min: 1, max: 3 });
    const margin = fc.tuple(fc.nat(2), fc.nat(2));
    const shapes = fc.record({
      width: fc.integer({ min: 4, max: 11 }).map((n) => 4 * n),
      out: fc.integer({ min: 11, max: 48 }),
      window: fc.tuple(size, size),
      strides: fc.tuple(size, size),
      dilations: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 })),
      pads: fc.tuple(margin, margin),
      biased: fc.boolean(),
    });
    let blocked = 0;
    await fc.assert(
      fc.asyncProperty(shapes, async ({ width, out, window, biased, ...options }) => {
        const [x, w, b] = [image(width), kernels(out, width, ...window), bias(out)];
        const after = await same(
          graphOf(biased ? [x, w, b] : [x, w], ops.conv(x, w, { ...options, ...(biased && { bias: b }) })),
        );
        if (opsOf(after).includes('blocked Conv')) blocked++;
      }),
      { numRuns: 60, seed: 7 },
    );
    expect(blocked).toBeGreaterThan(20);
  });

  it.each<[string, Parameters<typeof ops.convTranspose>[2]]>([
    ['plain', {}],
    ['with margins', { pads: [[1, 0] as const, [2, 1] as const] }],
    ['dilated', { dilations: [2, 1] }],
  ])('turns transposed convolutions round: %s', async (_, options) => {
    const [x, w, b] = [image(32), kernels(32, 16, 3, 3), bias(16)];
    const after = await same(graphOf([x, w, b], ops.convTranspose(x, w, { ...options, bias: b })));
    expect(opsOf(after)).toContain('blocked Conv');
    expect(opsOf(after)).not.toContain('ConvTranspose');
  });

  it('leaves a transposed convolution with strides', async () => {
    const [x, w] = [image(32), kernels(32, 16, 3, 3)];
    const after = await same(graphOf([x, w], ops.convTranspose(x, w, { strides: [2, 1] })));
    expect(opsOf(after)).toEqual(['ConvTranspose']);
  });

  it('follows one convolution with the next', async () => {
    const [x, w, v] = [image(16), kernels(32, 16, 3, 3), graphInput('v', [16, 32, 2, 2])];
    const after = await same(graphOf([x, w, v], ops.conv(ops.relu(ops.conv(x, w)), v)));
    expect(opsOf(after).filter((op) => op === 'blocked Conv').length).toBe(2);
  });

  it.each<[string, () => Graph]>([
    ['few channels', () => one(image(3), kernels(32, 3, 3, 3))],
    ['channels that would fill less than two thirds', () => one(image(32), kernels(3, 32, 3, 3))],
    ['windows of one element', () => one(image(32), kernels(32, 32, 1, 1))],
    ['channels that are no multiple of four', () => one(image(30), kernels(32, 30, 3, 3))],
    ['groups', () => one(image(64), kernels(64, 32, 3, 3), { group: 2 })],
    ['kernels that are constants', () => one(image(32), constant(drawn('w', [32, 32, 3, 3])))],
    ['channels known only at run time', () => one(graphInput('x', ['batch', 'channels', 7, 6]), kernels(32, 32, 3, 3))],
    ['windows known only at run time', () => one(graphInput('x', ['batch', 32, 'height', 6]), kernels(32, 32, 3, 3))],
    ['one axis', () => one(graphInput('x', ['batch', 32, 9]), kernels(32, 32, 3))],
  ])('leaves %s', (_, make) => {
    const graph = make();
    expect(blockConvolutions(graph, 16)).toBe(graph);
  });
  it('leaves few windows', () => {
    const graph = one(image(32), kernels(32, 32, 3, 3)); // 20 windows a sample
    expect(blockConvolutions(graph, 16, 25)).toBe(graph);
    expect(opsOf(blockConvolutions(graph, 16, 26))).toContain('blocked Conv');
  });
  const one = (x: Value, w: Value, options = {}): Graph => graphOf(w.data ? [x] : [x, w], ops.conv(x, w, options));

  it('finds out which size the processor wants', async () => {
    const [x, w] = [graphInput('x', [1, 32, 5, 5]), graphInput('w', [32, 32, 3, 3])];
    const wrong = block === 16 ? 8 : 16;
    const plain = graphOf([x, w], ops.conv(x, w));
    const feeds = { x: drawn('x', [1, 32, 5, 5]), w: drawn('w', [32, 32, 3, 3]) };
    const [{ y: want }, { y: got }] = [await runGraph(plain, feeds), await runGraph(blockConvolutions(plain, wrong), feeds)];
    expect(got!.data).not.toEqual(want!.data);
    const trying = (channelBlocks: readonly number[]): Executor => ({
      device: executor.device,
      description: executor.description,
      channelBlocks,
      compile: (...args) => executor.compile(...args),
      hold: (tensors) => executor.hold(tensors),
      release: () => executor.release(),
    });
    expect(await channelBlock(trying([wrong, block!]))).toBe(block);
    expect(await channelBlock(trying([wrong]))).toBeUndefined();
    expect(await channelBlock(trying([]))).toBeUndefined();
  });

  it('trains as it does without', async () => {
    const without: Executor = {
      device: executor.device,
      description: executor.description,
      compile: (...args) => executor.compile(...args),
      hold: (tensors) => executor.hold(tensors),
      release: () => executor.release(),
    };
    const x = drawn('pictures', [8, 6, 6, 16]);
    const y = core.tensor(Int32Array.from({ length: 8 }, (_, i) => i % 3));
    const trained = async (by: Executor): Promise<Float32Array> => {
      const net = core
        .sequential(
          [
            core.input({ shape: [6, 6, 16] }),
            core.conv2d({ filters: 16, kernelSize: 3, padding: 'same', activation: 'relu' }),
            core.conv2d({ filters: 20, kernelSize: 3, activation: 'tanh' }),
            core.maxPooling2d({ poolSize: 2 }),
            core.flatten(),
            core.dense({ units: 3, activation: 'softmax' }),
          ],
          { executor: by, seed: 3 },
        )
        .compile({ optimizer: core.sgd({ learningRate: 0.1 }), loss: 'sparseCategoricalCrossentropy' });
      await net.fit(x, y, { epochs: 3, batchSize: 4, verbose: 0 });
      const { data } = await net.predict(x);
      await net.release();
      return data as Float32Array;
    };
    const [want, got] = [await trained(without), await trained(executor)];
    for (const [i, v] of want.entries()) expect(got[i]).toBeCloseTo(v, 4);
  });
});
