import { fail } from '@stratus/core';
import { type JsonReading, readJson } from './json.ts';

const decoder = new TextDecoder('utf-8', { fatal: true });

/** A body as text. Errors: `bad-request` for one that is empty or no UTF-8; `send` says what would be right. */
export function textOf(body: Uint8Array, send: string): string {
  if (body.length === 0) throw fail('bad-request', { reason: `The body is empty; send ${send}.` });
  try {
    return decoder.decode(body);
  } catch (e) {
    throw fail('bad-request', { reason: `The body is not UTF-8 text; send ${send}.` }, e);
  }
}

/** The JSON value in a body. Errors: `bad-request`. */
export const valueOf = (body: Uint8Array, send: string, reading: JsonReading = {}): Promise<unknown> =>
  readJson(textOf(body, send), reading);
