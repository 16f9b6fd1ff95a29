import { StratusError } from '@stratus/core';
import { type Asking, askJson } from './asking.ts';

const letters = 'abcdefghijkmnpqrstuvwxyz23456789'; // 32 that are not taken for one another

/** A key that nobody else draws. */
export const newKey = (): string => Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => letters[byte & 31]).join('');

/** Makes something that has a key; `place`: where it is found by it. Without one it gets its key here, so that the request can be sent again: one that is there by then was made by it. */
export async function create<T>(asking: Asking, path: string, given: { readonly key?: string }, place = path): Promise<T> {
  const key = given.key ?? newKey();
  const isDrawn = given.key === undefined;
  try {
    return await askJson<T>(asking, path, { method: 'POST', json: { ...given, key }, again: isDrawn });
  } catch (e) {
    const wasSentAgain = StratusError.is(e) && e.code === 'conflict' && ((e.details['tries'] as number | undefined) ?? 1) > 1;
    if (!isDrawn || !wasSentAgain) throw e;
    return await askJson<T>(asking, `${place}/${key}`); // its first answer was lost
  }
}
