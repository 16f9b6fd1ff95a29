import {
  type DType,
  dense,
  exportGraph,
  graphInput,
  input,
  type Model,
  ops,
  type Shape,
  StratusError,
  sequential,
  tensor,
  type Value,
} from '@stratus/core';

/** Three features in, three classes out; the weights make right answers easy to say: y = x * [1, 2, 3] and a little bias. */
export async function smallModel(): Promise<Model> {
  const net = sequential([input({ shape: [3], name: 'x' }), dense({ units: 3, name: 'y' })], { name: 'small' });
  await net.setWeights({
    'y/kernel': tensor([
      [1, 0, 0],
      [0, 2, 0],
      [0, 0, 3],
    ]),
    'y/bias': tensor([0.5, 0, 0]),
  });
  return net;
}

export const labels = ['cat', 'dog', 'owl'] as const;
export const smallBytes = async (): Promise<Uint8Array> => (await smallModel()).toBytes({ labels, units: { x: 'centimetres' } });

/** What the small model says to one row. */
export const answer = (row: readonly number[]): number[] =>
  row.map((v, i) => Math.fround(Math.fround(v) * (i + 1) + (i === 0 ? 0.5 : 0)));

/** A model of one input that is no product of Stratus' training: no manifest. */
export function plainModel(
  shape: Shape,
  body: (x: Value) => Readonly<Record<string, Value>>,
  dtype: DType = 'float32',
): Uint8Array {
  const x = graphInput('x', shape, dtype);
  return exportGraph({ name: 'plain', inputs: [x], outputs: body(x) });
}

/** Gives back what it gets, of any type. */
export const echoModel = (dtype: DType, shape: Shape = ['batch', 2]): Uint8Array =>
  plainModel(shape, (x) => ({ y: ops.identity(x) }), dtype);

/** Rows of a table of four; the index -5 or 4 fails in the run only. */
export const lookUpModel = (): Uint8Array =>
  plainModel(['batch'], (x) => ({ y: ops.gather(ops.cast(ops.range(10, 14, 1), 'float32'), x) }), 'int64');

export async function failure(promise: Promise<unknown>): Promise<StratusError> {
  const e: unknown = await promise.then(
    (value) => `no error but ${JSON.stringify(value)}`,
    (reason: unknown) => reason,
  );
  if (!StratusError.is(e)) throw e instanceof Error ? e : new Error(String(e));
  return e;
}

export const inferBody = (x: unknown, shape: readonly number[], more: object = {}): string =>
  JSON.stringify({ inputs: [{ name: 'x', shape, datatype: 'FP32', data: x }], ...more });
