// How messages to clients put things.
import { nearest } from '@stratus/core';

/** Texts in a message are cut off here. */
const longest = 128;

/** ` Did you mean 'image'?`, or nothing. */
export function didYouMean(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  return near === undefined || near === name ? '' : ` Did you mean '${near}'?`;
}

/** A value of a request as it may be repeated in a message: in one line, and not longer than it helps. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  if (typeof value !== 'string') return String(value);
  return value.length > longest ? `${JSON.stringify(value.slice(0, longest))}…` : JSON.stringify(value);
}
