import { fromFloat16 } from '@stratus/core';
import { datatypeOf, type InferRequest, type ResponseElement } from './protocol.ts';
import type { Servable, ServablePort } from './servable.ts';

/** A request that the model can answer: the sample in its file, or zeros, with 1 for every size that is not fixed. */
export function exampleRequest({ inputs, manifest, preprocessing }: Servable): InferRequest {
  const sample = preprocessing ? lifted(preprocessing.example) : (manifest?.samples[0]?.inputs ?? {});
  return {
    inputs: inputs.map((port) => ({
      name: port.name,
      datatype: datatypeOf(port.dtype),
      ...(sampleOf(port, sample[port.name]) ?? zerosOf(port)),
    })),
  };
}

/** A record as a request of one. */
const lifted = (record: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, value === null ? undefined : [value]]));

interface Values {
  readonly shape: readonly number[];
  readonly data: readonly ResponseElement[];
}

function sampleOf({ dtype }: ServablePort, values: unknown): Values | undefined {
  if (values === undefined) return undefined;
  const shape: number[] = [];
  for (let level = values; Array.isArray(level); level = level[0]) shape.push(level.length);
  const all = (Array.isArray(values) ? values.flat(Number.POSITIVE_INFINITY) : [values]) as ResponseElement[];
  const flat = dtype === 'string' ? all.map((x) => (x === null ? x : String(x))) : all;
  if (flat.includes(null)) return undefined; // NaN has no form in JSON
  return { shape, data: dtype === 'float16' ? flat.map((bits) => fromFloat16(Number(bits))) : flat };
}

function zerosOf({ dtype, shape }: ServablePort): Values {
  const sizes = shape.map((d) => (d === -1 ? 1 : d));
  const zero = dtype === 'string' ? '' : dtype === 'bool' ? false : 0;
  return { shape: sizes, data: new Array<ResponseElement>(sizes.reduce((n, d) => n * d, 1)).fill(zero) };
}
