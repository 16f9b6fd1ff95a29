import { fail } from '@stratus/core';

/** Which version of which model. */
export interface Reference {
  readonly model: string;
  /** '3', 'production', 'latest'; undefined where only the model is named. */
  readonly version: string | undefined;
}

const form = /^(?:models:)?([A-Za-z0-9][A-Za-z0-9._-]{0,127})(?:@([A-Za-z0-9][A-Za-z0-9._-]{0,127})|:(\d{1,15}|latest))?$/;

/** Whether a text names a version as nothing else would: 'models:digits', 'digits@production', 'digits:3'. */
export const isReference = (text: string): boolean => form.test(text) && /[@:]/.test(text);

/** Reads 'digits', 'digits:3', 'digits@production', each of them also after 'models:'. Errors: `bad-value`. */
export function parseReference(text: string): Reference {
  const found = form.exec(text);
  if (found) return { model: found[1]!, version: found[2] ?? found[3] };
  throw fail('bad-value', {
    what: 'the name of a version',
    got: JSON.stringify(text).slice(0, 100),
    want: "MODEL:3, MODEL@alias or MODEL, which means its newest version; letters, digits, '.', '-' and '_'",
  });
}
