/** What a cell of a log can hold. */
export type CsvCell = string | number | bigint | boolean | null | undefined;

/** RFC 4180: quotes around what holds a comma, a quote or a line break; quotes inside are doubled. */
const cell = (value: CsvCell): string => {
  const text = value === null || value === undefined ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/**
 * One line of a CSV file, with its line break (CRLF, as RFC 4180 says). What is missing is an empty cell; NaN and infinities are
 * written as `NaN`, `Infinity` and `-Infinity`.
 *
 * Shapes: none. Errors: none. Source: RFC 4180; keras.callbacks.CSVLogger.
 *
 * @example
 * import { csvLine } from '@stratus/core';
 * const columns = ['epoch', 'loss', 'note'];
 * const epoch: Record<string, string | number> = { epoch: 1, loss: 0.25, note: 'warm-up, "slow"' };
 * console.log(csvLine(columns) + csvLine(columns.map((name) => epoch[name])));
 */
export const csvLine = (cells: readonly CsvCell[]): string =>
  // A lone empty cell would be an empty line, which readers skip.
  `${cells.length === 1 && cell(cells[0]) === '' ? '""' : cells.map(cell).join(',')}\r\n`;
