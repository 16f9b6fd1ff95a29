import { describe, expect, it } from 'vitest';
import { concatenate, dense, input, model, sequential, type Tensor, tensor } from '../src/index.ts';

const single = () => sequential([input({ shape: [3], name: 'x' }), dense({ units: 2 })]);

function pair() {
  const [left, right] = [input({ shape: [2], name: 'left' }), input({ shape: [1], name: 'right' })];
  return model({ inputs: { left, right }, outputs: { y: dense({ units: 2 })(concatenate()([left, right])) } });
}

const values = (y: Tensor): unknown => y.toArray();
const rows = [
  [1, 2, 3],
  [-4, 5, 0.5],
];

describe('tensors that are a batch already', () => {
  it('get the answers that lists, other dtypes and smaller batches get', async () => {
    const net = single();
    const want = values(await net.predict(tensor(rows)));
    for (const given of [rows, tensor(rows, { dtype: 'float64' }), { x: tensor(rows) }, [tensor(rows)]])
      expect(values(await net.predict(given))).toEqual(want);
    const one = [...(values(await net.predict(tensor(rows), { batchSize: 1 })) as number[][])];
    expect(one.flat()).toEqual((want as number[][]).flat().map((value) => expect.closeTo(value, 6)));
  });

  it('go by their names, in any order', async () => {
    const net = pair();
    const [left, right] = [tensor([[1, 2]]), tensor([[3]])];
    const want = values(await net.predict([left, right]));
    expect(values(await net.predict({ left, right }))).toEqual(want);
    expect(values(await net.predict({ right, left }))).toEqual(want);
  });

  it('are neither kept nor handed out', async () => {
    const net = single();
    const x = tensor(rows);
    const [first, second] = [await net.predict(x), await net.predict(x)];
    const before = values(second);
    (first.data as Float32Array).fill(9);
    (x.data as Float32Array).fill(0);
    expect(values(second)).toEqual(before);
    expect(values(await net.predict(tensor(rows)))).toEqual(before);
  });

  it('are told what is wrong with them as anything else is', async () => {
    const net = pair();
    const [left, right] = [tensor([[1, 2]]), tensor([[3]])];
    await expect(net.predict({ left })).rejects.toThrow(/right: got nothing/);
    await expect(net.predict({ left, right, wrong: right })).rejects.toThrow(/wrong/);
    await expect(net.predict({ left, right: tensor([[3], [4]]) })).rejects.toMatchObject({ code: 'shape-mismatch' });
    await expect(net.predict({ left, right: tensor([[3, 4]]) })).rejects.toMatchObject({ code: 'shape-mismatch' });
    await expect(single().predict(tensor(rows), { batchSize: 2.5 })).rejects.toMatchObject({ code: 'bad-value' });
    await expect(single().predict(tensor([[1, 2]]))).rejects.toMatchObject({ code: 'shape-mismatch' });
    await expect(single().predict(tensor([[0n, 1n, 2n]]))).resolves.toBeDefined();
    await expect(single().predict(tensor(rows), { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' });
    await expect(single().predict(tensor(new Float32Array(0), { shape: [0, 3] }))).rejects.toThrow(/no samples/);
  });
});
