import { randomBytes } from 'node:crypto';
import { fail, nearest, type StratusError } from '@stratus/core';

const plainName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** A name that is part of addresses and paths: of a run, model, alias, project. Errors: `bad-value`. */
export function checkName(what: string, name: unknown): string {
  if (typeof name === 'string' && plainName.test(name)) return name;
  throw fail('bad-value', {
    what,
    got: shownValue(name),
    want: 'up to 128 letters, digits, dots, dashes and underscores, the first one a letter or digit',
  });
}

/** The character 0, and half of a pair of UTF-16: UTF-8 has no bytes for it, and PostgreSQL refuses JSON with it. */
const unkept = /[\0\p{Surrogate}]/u;

/** The text as a database can hold it, with '\ufffd' for what it cannot: for what is not the choice of who stores it. */
export const keepable = (text: string): string => text.replaceAll(new RegExp(unkept, 'gu'), '\ufffd');

/** Any text that both databases can hold. Errors: `bad-value`. */
export function checkText(what: string, text: unknown, longest = 1_000_000): string {
  if (typeof text === 'string' && text.length <= longest && !unkept.test(text)) return text;
  const got = typeof text === 'string' && text.length > longest ? `${text.length} characters` : shownValue(text);
  throw fail('bad-value', {
    what,
    got,
    want: `a text of at most ${longest} characters, without the character 0 and without half of a surrogate pair`,
  });
}

/** A text that names something to people: not empty, on one line. Errors: `bad-value`. */
export function checkTitle(what: string, text: unknown): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  if (typeof text === 'string' && text.trim() !== '' && text.length <= 250 && !/[\u0000-\u001f\u007f\p{Surrogate}]/u.test(text))
    return text;
  throw fail('bad-value', { what, got: shownValue(text), want: 'a text of 1 to 250 characters on one line' });
}

/** A whole number that is exact. Errors: `bad-value`. */
export function checkWhole(what: string, value: unknown, least = 0): number {
  if (Number.isSafeInteger(value) && (value as number) >= least) return value as number;
  throw fail('bad-value', { what, got: shownValue(value), want: `a whole number from ${least}` });
}

export const digestPattern: RegExp = /^sha256:[0-9a-f]{64}$/;

/** The address of a blob. Errors: `bad-value`. */
export function checkDigest(what: string, digest: unknown): string {
  if (typeof digest === 'string' && digestPattern.test(digest)) return digest;
  throw fail('bad-value', { what, got: shownValue(digest), want: "'sha256:' and 64 digits from 0 to f" });
}

function shownValue(value: unknown): string {
  if (typeof value !== 'string') return value === undefined ? 'nothing' : String(value);
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

const letters = 'abcdefghijkmnpqrstuvwxyz23456789'; // 32 that are not taken for one another

/** A key for a run: 12 letters and digits, drawn at random. */
export const newKey = (): string => Array.from(randomBytes(12), (byte) => letters[byte & 31]).join('');

const shownAtMost = 20;

/** What is thrown for a name that is not there. `known`: all names that are. */
export function unknown(kind: string, name: string, known: readonly string[], fix?: string): StratusError {
  const shown = known.length > shownAtMost ? [...known.slice(0, shownAtMost), `${known.length - shownAtMost} more`] : known;
  return fail('unknown-name', {
    kind,
    name,
    suggestion: nearest(name, known),
    known: shown,
    ...(fix === undefined ? {} : { fix }),
  });
}
