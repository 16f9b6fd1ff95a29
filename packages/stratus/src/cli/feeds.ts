import { type DType, dtypes, fail, isTensor, lookUp, type Nested, type Shape, type Tensor, tensor, zeros } from '@stratus/core';

/** An input of a model, as far as it matters here. */
export interface InputPort {
  readonly name: string;
  readonly dtype: DType;
  /** Texts are sizes known only at run time. */
  readonly dims: Shape;
}

/** `image: uint8 [batch, 28, 28]` */
export const showInputs = (ports: readonly InputPort[]): string =>
  ports.map(({ name, dtype, dims }) => `${name}: ${dtype} [${dims.join(', ')}]`).join('; ');

const isRecord = (x: unknown): x is Readonly<Record<string, unknown>> =>
  typeof x === 'object' && x !== null && !Array.isArray(x) && !isTensor(x);

/**
 * Numbers as people write them, in the dtypes and shapes of a model's inputs: nested lists or tensors, by name where there are
 * several. One sample may lack the batch axis; data sets are reshaped where nothing but the shape differs (28x28 to 784).
 * Errors: `unknown-name`, `usage`, those of `tensor`.
 */
export function feedsOf(ports: readonly InputPort[], given: unknown): Record<string, Tensor> {
  if (!isRecord(given)) {
    if (ports.length === 1) return { [ports[0]!.name]: columnOf(ports[0]!, given) };
    throw fail('usage', { reason: `The model has ${ports.length} inputs.`, fix: `Give them by name, ${showInputs(ports)}.` });
  }
  const byName = Object.fromEntries(ports.map((port) => [port.name, port]));
  for (const name of Object.keys(given)) lookUp('input', byName, name);
  return Object.fromEntries(
    ports.map((port) => {
      if (given[port.name] !== undefined) return [port.name, columnOf(port, given[port.name])];
      throw fail('usage', { reason: `The input '${port.name}' is missing.`, fix: `The model takes ${showInputs(ports)}.` });
    }),
  );
}

function columnOf({ name, dtype, dims }: InputPort, given: unknown): Tensor {
  if (isTensor(given)) return reshaped(converted(given, dtype), dims);
  const bad = firstBad(given, dtype);
  if (bad !== undefined)
    throw fail('bad-value', {
      what: 'input',
      at: name,
      got: JSON.stringify(bad),
      want: `${dtype} in nested lists of the shape [${dims.join(', ')}]`,
    });
  const value = tensor(given as Nested, { dtype });
  return value.shape.length === dims.length - 1 ? value.reshape([1, ...value.shape]) : value;
}

/** What cannot be a number of this dtype: a typed array would take it silently as another. */
function firstBad(given: unknown, dtype: DType): unknown {
  if (Array.isArray(given)) {
    for (const part of given) {
      const bad = firstBad(part, dtype);
      if (bad !== undefined) return bad;
    }
    return undefined;
  }
  if (dtype === 'string') return typeof given === 'string' ? undefined : given;
  if (dtype === 'bool') return typeof given === 'boolean' || given === 0 || given === 1 ? undefined : given;
  if (typeof given !== 'number') return given ?? null;
  const { range } = dtypes[dtype];
  return !range || (Number.isInteger(given) && given >= range[0] && given <= range[1]) ? undefined : given;
}

/** Number by number, without a detour through lists: data sets are large. */
function converted(value: Tensor, dtype: DType): Tensor {
  if (value.dtype === dtype || value.dtype === 'string' || dtype === 'string') return value;
  if ([value.dtype, dtype].some((d) => d === 'float16' || (d.endsWith('64') && d !== 'float64')))
    return tensor(value.toArray(), { dtype });
  const target = zeros(value.shape, dtype);
  (target.data as Float32Array).set(value.data as Float32Array);
  return target;
}

function reshaped(value: Tensor, dims: Shape): Tensor {
  const sample = dims.slice(1);
  const [rows = 0] = value.shape;
  const fits =
    sample.every((d) => typeof d === 'number') && rows * (sample as readonly number[]).reduce((n, d) => n * d, 1) === value.size;
  return fits ? value.reshape([rows, ...(sample as readonly number[])]) : value;
}

/** One sample out of many, with a batch axis. Errors: `usage` when there are not so many. */
export function sampleOf(given: unknown, index: number): unknown {
  if (isRecord(given)) return Object.fromEntries(Object.entries(given).map(([name, column]) => [name, sampleOf(column, index)]));
  const rows = isTensor(given) ? (given.shape[0] ?? 0) : Array.isArray(given) ? given.length : 0;
  if (index >= rows)
    throw fail('usage', {
      reason: `There is no sample ${index}: the data has ${rows}.`,
      fix: `--index goes from 0 to ${rows - 1}.`,
    });
  return isTensor(given) ? given.rows(index, index + 1) : [(given as readonly unknown[])[index]];
}
