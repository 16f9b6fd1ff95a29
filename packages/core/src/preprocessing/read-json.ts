// Fitted steps out of a file, which may hold anything.
import { fail, StratusError } from '../errors.ts';
import { dtypes } from '../tensor/index.ts';
import { specOf } from './field.ts';
import type { PreprocessingJson } from './preprocessing.ts';

const isRecord = (x: unknown): x is Readonly<Record<string, unknown>> => typeof x === 'object' && x !== null && !Array.isArray(x);
const isSize = (x: unknown): boolean => Number.isSafeInteger(x) && (x as number) >= 0;
const optional = (x: unknown, test: (x: unknown) => boolean): boolean => x === undefined || test(x);

const isConfig = (x: unknown): boolean =>
  isRecord(x) &&
  typeof x['field'] === 'string' &&
  typeof x['feed'] === 'string' &&
  ['number', 'text', 'scalar', 'bytes', 'list', 'tensor'].includes(x['kind'] as string) &&
  optional(x['dtype'], (dtype) => typeof dtype === 'string' && dtype !== 'string' && Object.hasOwn(dtypes, dtype)) &&
  optional(x['shape'], (shape) => Array.isArray(shape) && shape.every(isSize)) &&
  optional(x['size'], isSize) &&
  Array.isArray(x['steps']) &&
  x['steps'].every((step) => isRecord(step) && typeof step['type'] === 'string' && isRecord(step['config']));

const isGroup = (x: unknown): boolean =>
  isRecord(x) && Object.values(x).every((fields) => isRecord(fields) && Object.values(fields).every(isConfig));

const wrong = (cause?: unknown) =>
  fail('bad-value', { what: 'Preprocessing.fromJSON', got: 'something else', want: 'what toJSON of fitted steps gave' }, cause);

/** Fitted steps as plain data, each looked at by its own declaration. Errors: `bad-value`, `unknown-name` for a step. */
export function checkedJson(json: unknown): PreprocessingJson {
  if (!isRecord(json) || !isGroup(json['features']) || !isGroup(json['target'])) throw wrong();
  const { features, target, example } = json as unknown as PreprocessingJson;
  for (const group of [features, target])
    for (const fields of Object.values(group))
      for (const { steps } of Object.values(fields)) for (const step of steps) specOf(step).check?.(step.config);
  return { features, target, ...(isRecord(example) && { example }) };
}

/** What fails on plain data of the wrong kind becomes an error of ours. */
export function readJson<T>(read: () => T): T {
  try {
    return read();
  } catch (e) {
    throw StratusError.is(e) ? e : wrong(e);
  }
}
