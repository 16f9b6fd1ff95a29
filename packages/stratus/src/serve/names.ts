import { nearest } from '@stratus/core';

/** Longer ones are nobody's slip of the pen, and comparing them would take long. */
const longest = 128;

/** ` Did you mean 'image'?`, or nothing. */
export function didYouMean(name: string, known: readonly string[]): string {
  const near = name.length <= longest ? nearest(name, known) : undefined;
  return near === undefined || near === name ? '' : ` Did you mean '${near}'?`;
}

/** A name or a value as it may be repeated in a message: in one line, and not longer than it helps. */
export function shown(value: unknown): string {
  const text = typeof value === 'bigint' ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}
