/** JSON has no NaN, no infinity and no bigint; as texts they survive, as in the JSON of protocol buffers. */
const writable = (_: string, value: unknown): unknown => {
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  return ArrayBuffer.isView(value) && 'length' in value ? Array.from(value as unknown as ArrayLike<unknown>) : value;
};

/**
 * One line of a JSON Lines file, with its line break. NaN and infinities become the texts `"NaN"`, `"Infinity"` and `"-Infinity"`,
 * typed arrays become lists.
 *
 * Shapes: none. Errors: none. Source: https://jsonlines.org.
 *
 * @example
 * import { jsonLine } from '@stratus/core';
 * console.log(jsonLine({ step: 1, loss: 0.5, gradient: Number.NaN })); // {"step":1,"loss":0.5,"gradient":"NaN"}
 */
export const jsonLine = (record: Readonly<Record<string, unknown>>): string => `${JSON.stringify(record, writable)}\n`;
