// Samples as most REST protocols have them: one value a sample, or a value for all of an input; numbers as nested lists.
import { type DType, fail, type Tensor } from '@stratus/core';
import { checkComplete, findPort, showPorts } from './check-feeds.ts';
import { readElements } from './elements.ts';
import type { Servable, ServablePort, Tensors } from './servable.ts';
import { shown } from './wording.ts';

/** An object of JSON. */
export const isRecord = (x: unknown): x is Readonly<Record<string, unknown>> =>
  typeof x === 'object' && x !== null && !Array.isArray(x);

/** Bytes of JSON: `{ "b64": "…" }`. */
const isBase64 = (x: unknown): x is { readonly b64: string } =>
  isRecord(x) && typeof x['b64'] === 'string' && Object.keys(x).length === 1;

/** As many axes as anyone needs: deeper lists are no tensor. */
const mostAxes = 32;

/** The sizes of nested lists, as far as their first elements tell. */
function shapeOf(value: unknown): number[] {
  const shape: number[] = [];
  for (let level = value; Array.isArray(level) && shape.length < mostAxes; level = level[0]) shape.push(level.length);
  return shape;
}

const decoder = new TextDecoder('utf-8', { fatal: true });

/** Texts of `{ "b64": … }`; what is to hold bytes keeps them as base64. Errors: `bad-request`. */
function withTexts({ name, unit }: ServablePort, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => withTexts({ name, unit } as ServablePort, item));
  if (!isBase64(value)) return value;
  if (unit?.endsWith('base64') === true) return value.b64;
  try {
    return decoder.decode(Buffer.from(value.b64, 'base64'));
  } catch (e) {
    throw fail('bad-request', { reason: `Input '${name}': the bytes of a "b64" are no UTF-8 text.` }, e);
  }
}

/** The tensor that nested lists stand for. `[batch, 1]` also takes one number a sample. Errors: `bad-request`. */
export async function tensorOfNested(port: ServablePort, value: unknown): Promise<Tensor> {
  const plain = port.dtype === 'string' ? withTexts(port, value) : value;
  const list: readonly unknown[] = Array.isArray(plain) ? plain : [plain];
  const given = shapeOf(plain);
  const { name, dtype, dims } = port;
  const tensor = await readElements({ name, dtype: dtype as DType, shape: given }, list, { nonFinite: true });
  const isColumn = !port.anyRank && given.length === 1 && dims.length === 2 && dims[1] === 1;
  return isColumn ? tensor.reshape([given[0]!, 1]) : tensor;
}

/** A value for each input, by name; a model with one input also takes it as it is. Errors: `bad-request`. */
export async function feedsOfValues({ inputs }: Servable, value: unknown): Promise<Tensors> {
  const [first, ...others] = inputs;
  const isNamed = isRecord(value) && !isBase64(value);
  if (!isNamed && (first === undefined || others.length > 0)) {
    throw fail('bad-request', {
      reason: `The model has ${inputs.length} inputs; give an object with ${showPorts(inputs)}, not ${shown(value)}.`,
    });
  }
  const values = isNamed ? value : { [first!.name]: value };
  const feeds: Record<string, Tensor> = {};
  for (const [name, own] of Object.entries(values)) feeds[name] = await tensorOfNested(findPort('input', inputs, name), own);
  checkComplete(inputs, Object.keys(feeds));
  return feeds;
}

/** One value a sample, or one object with a value for each input. Errors: `bad-request`. */
export async function feedsOfRows(servable: Servable, rows: unknown): Promise<Tensors> {
  if (!Array.isArray(rows)) throw fail('bad-request', { reason: `The samples are ${shown(rows)}, expected a list.` });
  if (rows.length === 0) throw fail('bad-request', { reason: 'The list of samples is empty; send one at least.' });
  const { inputs } = servable;
  const areNamed = rows.map((row) => isRecord(row) && !isBase64(row));
  const odd = areNamed.findIndex((is) => is !== areNamed[0]);
  if (odd !== -1)
    throw fail('bad-request', { reason: `The sample ${odd} is ${shown(rows[odd])}, and the sample 0 is ${shown(rows[0])}.` });
  if (!areNamed[0]) return feedsOfValues(servable, rows);
  const columns: Record<string, unknown[]> = {};
  for (const { name } of inputs) columns[name] = [];
  for (const [i, row] of (rows as Readonly<Record<string, unknown>>[]).entries()) {
    for (const name of Object.keys(row)) findPort('input', inputs, name);
    for (const { name } of inputs) {
      if (!Object.hasOwn(row, name))
        throw fail('bad-request', { reason: `The sample ${i} has no '${name}'. The model takes ${showPorts(inputs)}.` });
      columns[name]!.push(row[name]);
    }
  }
  return feedsOfValues(servable, columns);
}
