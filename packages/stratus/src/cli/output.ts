import { stripVTControlCharacters } from 'node:util';
import { type Colors, colorsFor, jsonText } from '../progress/index.ts';

/** How a command speaks: to people, or with --json to programs. */
export interface Output {
  readonly json: boolean;
  /** Of standard output. */
  readonly colors: Colors;
  /** A line of the answer, for people. Nothing with --json. */
  print(text?: string): void;
  /** The answer, or one event of it, for programs: one line of JSON. Nothing without --json. */
  data(value: unknown): void;
  /** Something about the answer, on standard error. Nothing with --json. */
  note(text: string): void;
}

/** The output of a command with these options. */
export function outputFor({ json = false }: { readonly json?: boolean | undefined }): Output {
  const colors = colorsFor(process.stdout);
  const errorColors = colorsFor(process.stderr);
  return {
    json,
    colors,
    print: (text = '') => void (json || process.stdout.write(`${text}\n`)),
    data: (value) => void (json && process.stdout.write(jsonText(value))),
    note: (text) => void (json || process.stderr.write(`${errorColors.dim(text)}\n`)),
  };
}

/** What an option's text must be. */
export type Align = 'left' | 'right';

const widthOf = (text: string): number => stripVTControlCharacters(text).length;

/** Cells under each other, two blanks between columns, without blanks at the end of lines. Columns are aligned left unless told. */
export function table(rows: readonly (readonly string[])[], align: readonly Align[] = []): string {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, i) => Math.max(0, ...rows.map((row) => widthOf(row[i] ?? ''))));
  const padded = (text: string, i: number): string => {
    const blanks = ' '.repeat(widths[i]! - widthOf(text));
    return align[i] === 'right' ? blanks + text : text + blanks;
  };
  return rows.map((row) => row.map(padded).join('  ').trimEnd()).join('\n');
}

/** The command's name as the reader can type it: within npm's scripts and npx it is not on the path. */
export const commandName = (): string => (process.env['npm_command'] === undefined ? 'stratus' : 'npx stratus');

/** An argument as a shell reads it. */
export const quoted = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);
