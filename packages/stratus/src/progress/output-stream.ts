import pico from 'picocolors';

/** Where lines go: a stream of Node, or anything like it. */
export interface OutputStream {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/** The functions that colour a text, or leave it alone. */
export type Colors = ReturnType<typeof pico.createColors>;

/** True where a line can be rewritten in place. */
export const isTerminal = (stream: OutputStream): boolean => stream.isTTY === true && process.env['TERM'] !== 'dumb';

/** Colours for a terminal, unless NO_COLOR is set (no-color.org). */
export const colorsFor = (stream: OutputStream): Colors => pico.createColors(isTerminal(stream) && !process.env['NO_COLOR']);
