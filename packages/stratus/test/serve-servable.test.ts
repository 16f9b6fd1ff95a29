import {
  constant,
  createExecutor,
  decodeArtifact,
  decodeModel,
  encodeModel,
  exportGraph,
  graphInput,
  importGraph,
  leanModel,
  ops,
  printGraph,
  tensor,
} from '@stratus/core';
import { describe, expect, it } from 'vitest';
import { encodeArtifact } from '../../core/src/artifact/index.ts';
import { openServable } from '../src/serve/index.ts';
import { answer, echoModel, failure, labels, plainModel, smallBytes, smallModel } from './serving.ts';

describe('openServable', () => {
  it('opens what Stratus wrote, with ports, units and labels', async () => {
    const servable = await openServable(await smallBytes(), { name: 'small' });
    expect(servable.inputs).toEqual([
      { name: 'x', dtype: 'float32', shape: [-1, 3], dims: ['batch', 3], anyRank: false, unit: 'centimetres' },
    ]);
    expect(servable.outputs).toEqual([{ name: 'y', dtype: 'float32', shape: [-1, 3], dims: ['batch', 3], anyRank: false }]);
    expect(servable.labels).toEqual({ y: labels });
    expect([servable.name, servable.version, servable.manifest?.name, servable.batched]).toEqual(['small', '1', 'small', true]);
    const { y } = await servable.infer({ x: tensor([[1, 2, 3]]) });
    expect(y!.toArray()).toEqual([answer([1, 2, 3])]);
    await servable.release();
    await servable.release();
    expect((await failure(servable.infer({ x: tensor([[1, 2, 3]]) }))).code).toBe('released');
  });

  it('serves models without a manifest, and with operators that are not in the table', async () => {
    const plain = await openServable(echoModel('int64'), { name: 'echo', version: '7' });
    expect([plain.version, plain.manifest, plain.labels, plain.inputs[0]!.dtype]).toEqual(['7', undefined, {}, 'int64']);

    const model = decodeModel(plainModel(['n', 4], (x) => ({ y: ops.softmax(x) })));
    const node = model.graph!.node!.map((n) => (n.opType === 'Softmax' ? { ...n, opType: 'Hardmax' } : n));
    const foreign = await openServable(encodeModel({ ...model, graph: { ...model.graph, node } }), { name: 'foreign' });
    const { y } = await foreign.infer({ x: tensor([[1, 5, 2, 3]]) });
    expect(y!.toArray()).toEqual([[0, 1, 0, 0]]);
  });

  it('refuses what is no model, naming the file', async () => {
    const text = await failure(openServable(new TextEncoder().encode('{"a": 1}'), { name: 'm', file: 'm.onnx' }));
    expect([text.code, text.message]).toEqual(['not-onnx', expect.stringContaining('m.onnx')]);
    expect((await failure(openServable(new Uint8Array(), { name: 'm' }))).code).toBe('not-onnx');
    const bytes = await smallBytes();
    expect((await failure(openServable(bytes.subarray(0, bytes.length / 2), { name: 'm' }))).code).toBe('not-onnx');
  });

  it('refuses a damaged model: a weight that changed, a manifest that changed', async () => {
    const bytes = await smallBytes();
    for (const damaged of [new Float32Array([2]), new TextEncoder().encode('centimetres')].map((part) =>
      Buffer.from(part.buffer),
    )) {
      const copy = Buffer.from(bytes);
      const at = copy.indexOf(damaged);
      expect(at).toBeGreaterThan(0);
      copy[at]! ^= 1;
      const e = await failure(openServable(copy, { name: 'm', file: 'm.onnx' }));
      expect(e.code).toBe('corrupt');
      expect(e.message).toMatch(/m\.onnx is damaged.*SHA-256.*remove 'stratus' from its metadata/);
    }
    const model = decodeModel(bytes);
    const cleared = await openServable(encodeModel({ ...model, metadataProps: [] }), { name: 'm' });
    expect((await cleared.infer({ x: tensor([[1, 2, 3]]) }))['y']!.toArray()).toEqual([answer([1, 2, 3])]);
  });

  it('tries the sample request, and refuses a model that answers otherwise', async () => {
    const x = graphInput('x', ['batch', 2], 'float32');
    const port = (name: string) => ({ name, dtype: 'float32' as const, shape: ['batch', 2] });
    const saved = (y: unknown) =>
      encodeArtifact(
        { name: 'm', inputs: [x], outputs: { y: ops.mul(x, 2) } },
        {
          name: 'm',
          createdAt: '2026-01-01T00:00:00.000Z',
          signature: { inputs: [port('x')], outputs: [port('y')] },
          preprocessing: [],
          postprocessing: [],
          seed: 0,
          samples: [{ inputs: { x: [[1, 2]] }, outputs: { y } }],
        },
      );
    const opened = async (y: unknown) => openServable(await saved(y), { name: 'm', file: 'm.onnx' });
    expect((await opened([[2, 4.00005]])).manifest!.samples).toHaveLength(1);
    const e = await failure(opened([[2, 4.001]]));
    expect([e.code, e.message]).toEqual([
      'corrupt',
      expect.stringMatching(/^m\.onnx.*sample request.*output 'y': element 1 is 4 instead of 4\.00[01]/),
    ]);
    expect((await failure(opened([[2, null]]))).message).toContain('element 1 is 4 instead of NaN');
    expect((await failure(opened([[2]]))).message).toContain('2 elements instead of 1');
  });

  it('opens a trained model with its sample', async () => {
    const net = await smallModel();
    net.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    await net.fit([[1, 2, 3]], [[1, 2, 3]], { epochs: 1, verbose: 0 });
    const servable = await openServable(await net.toBytes(), { name: 'good' });
    expect(servable.manifest!.samples).toHaveLength(1);
  });

  it('finds out whether rows may share a run', async () => {
    const batched = async (bytes: Uint8Array) => (await openServable(bytes, { name: 'm' })).batched;
    expect(await batched(plainModel(['batch', 4], (x) => ({ y: ops.softmax(x) })))).toBe(true);
    expect(await batched(plainModel(['batch', 'length'], (x) => ({ y: ops.reduceSum(x, { axes: [1] }) })))).toBe(true);
    expect(await batched(echoModel('int64'))).toBe(true);
    expect(await batched(echoModel('bool'))).toBe(true);
    expect(await batched(echoModel('string'))).toBe(true);
    expect(await batched(echoModel('float16'))).toBe(true);
    expect(await batched(echoModel('float32', [2, 2])), 'a fixed batch').toBe(false);
    expect(await batched(echoModel('float32', [])), 'a scalar').toBe(false);
    expect(await batched(plainModel(['time', 4], (x) => ({ y: ops.cumSum(x, { axis: 0 }) }))), 'time first').toBe(false);
    expect(await batched(plainModel(['batch', 4], (x) => ({ y: ops.softmax(x, { axis: 0 }) }))), 'across rows').toBe(false);
    expect(
      await batched(plainModel(['batch', 4], (x) => ({ y: ops.reduceMean(x, { axes: [0], keepDims: true }) }))),
      'one answer for all',
    ).toBe(false);
    const noise = graphInput('x', ['batch', 4]);
    const scaled = exportGraph({ name: 'm', inputs: [noise], outputs: { y: ops.mul(noise, ops.reduceMax(noise)) } });
    expect(await batched(scaled), 'scaled by the largest of all').toBe(false);
    const weights = exportGraph({
      name: 'm',
      inputs: [noise],
      outputs: { y: ops.matMul(noise, constant(tensor([[1], [2], [3], [4]]))) },
    });
    expect(await batched(weights)).toBe(true);
  });

  it('answers as before where only a part of a layer is read, and the engine calculates only that', async () => {
    const x = graphInput('x', ['batch', 64, 4]);
    const first = ops.slice(ops.softmax(ops.tanh(x)), { starts: [0], ends: [1], axes: [1] });
    const graph = { name: 'first', inputs: [x], outputs: { y: ops.squeeze(first, { axes: [1] }) } };
    const signature = {
      inputs: [{ name: 'x', dtype: 'float32', shape: [-1, 64, 4] }],
      outputs: [{ name: 'y', dtype: 'float32', shape: [-1, 4] }],
    };
    const bytes = await encodeArtifact(graph, {
      ...(await decodeArtifact(await smallBytes())).manifest,
      name: 'first',
      signature,
      samples: [],
      postprocessing: [],
    } as never);
    const feeds = { x: tensor(Float32Array.from({ length: 2 * 64 * 4 }, (_, i) => Math.sin(i))).reshape([2, 64, 4]) };
    const executor = await createExecutor({ threads: 1 });
    const [whole, lean] = [await executor.compile(exportGraph(graph)), (await leanModel((await decodeArtifact(bytes)).model))!];
    expect(printGraph(importGraph(lean).graph)).toMatch(/Tanh.*float32\[batch, 1, 4\]/);
    const served = await openServable(bytes, { name: 'first' });
    const [want, got] = [(await whole.run(feeds))['y']!, (await served.infer(feeds))['y']!];
    expect(got.shape).toEqual(want.shape);
    for (const [i, v] of (want.data as Float32Array).entries()) expect(got.data[i]).toBeCloseTo(v, 6);
    await Promise.all([served.release(), executor.release()]);
  });

  it('takes only names that can stand in a URL', async () => {
    const bytes = echoModel('float32');
    for (const name of ['', 'a/b', '..', 'a\nb', 'x'.repeat(201)])
      expect((await failure(openServable(bytes, { name }))).code, JSON.stringify(name)).toBe('bad-value');
    expect((await failure(openServable(bytes, { name: 'm', version: '1/2' }))).code).toBe('bad-value');
    expect((await openServable(bytes, { name: 'größe 2' })).name).toBe('größe 2');
  });
});
