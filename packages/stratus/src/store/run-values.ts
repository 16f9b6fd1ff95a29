import { fail } from '@stratus/core';
import { checkText, checkTitle } from './names.ts';

/** What a parameter may be. */
export type ParamValue = string | number | boolean | null;

/** What JSON can say. */
export type Json = ParamValue | readonly Json[] | { readonly [name: string]: Json };

const longest = 10_000_000;
/** How JSON writes what no database holds: the character 0, half of a surrogate pair. An even number of strokes before it are strokes themselves. */
const unkept = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/;

/** Errors: `bad-value`. */
export function jsonOf(value: Json, what: string): string {
  try {
    const text: string | undefined = JSON.stringify(value);
    if (text !== undefined && text.length <= longest && !unkept.test(text)) return text;
    throw new Error(
      text === undefined
        ? 'nothing that JSON can say'
        : `${text.length} characters, or the character 0, or half of a surrogate pair`,
    );
  } catch (e) {
    throw fail('bad-value', { what, got: (e as Error).message, want: `plain values, at most ${longest} characters as JSON` }, e);
  }
}

/** Errors: `bad-value`. */
export function paramsOf(params: Readonly<Record<string, ParamValue>>): Record<string, ParamValue> {
  for (const [name, value] of Object.entries(params)) {
    checkTitle('the name of a parameter', name);
    const isPlain = value === null || ['string', 'boolean'].includes(typeof value) || Number.isFinite(value);
    if (!isPlain)
      throw fail('bad-value', {
        what: `the parameter '${name}'`,
        got: String(value),
        want: 'a text, a finite number, true, false or null',
      });
    if (typeof value === 'string') checkText(`the parameter '${name}'`, value);
  }
  return { ...params };
}

/** Errors: `bad-value`. */
export function tagsOf(tags: Readonly<Record<string, string>>): Record<string, string> {
  for (const [name, value] of Object.entries(tags)) {
    checkTitle('the name of a tag', name);
    checkText(`the tag '${name}'`, value);
  }
  return { ...tags };
}
