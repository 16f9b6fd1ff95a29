import { fail } from '@stratus/core';
import type { ParamValue } from '../store/index.ts';

/** The parameters that a sweep or a job gives a script: a JSON object in STRATUS_PARAMS. Errors: `bad-value`. */
export function givenParams(environment: Readonly<Record<string, string | undefined>>): Readonly<Record<string, ParamValue>> {
  const text = environment['STRATUS_PARAMS'];
  if (!text) return {};
  const wrong = (cause?: unknown) =>
    fail(
      'bad-value',
      { what: 'STRATUS_PARAMS', got: text.slice(0, 80), want: 'a JSON object of texts, finite numbers, true, false and null' },
      cause,
    );
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch (e) {
    throw wrong(e);
  }
  if (typeof found !== 'object' || found === null || Array.isArray(found)) throw wrong();
  if (Object.values(found).some((value) => typeof value === 'object' && value !== null)) throw wrong();
  return found as Readonly<Record<string, ParamValue>>;
}
