import pico from 'picocolors';
import { drawingOf } from './axes.ts';
import type { Plot } from './curve.ts';
import { plain } from './escape.ts';

/** How a plot is drawn in a terminal. */
export interface TerminalOptions {
  /** Characters of a line, and lines of the picture without title and legend. */
  readonly width?: number;
  readonly height?: number;
  readonly colors?: boolean;
}

/** The dots of a character of braille, by column and row (Unicode 16, chapter 21.1). */
const dots = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
] as const;
const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
/** A letter stands on its curve every so many columns: what a curve is called must not depend on colour. */
const letterEvery = 16;

/** A plot in characters: curves of dots in braille, each with its letter on it where there are several. */
export function plotText(plot: Plot, { width = 80, height = 14, colors = false }: TerminalOptions = {}): string {
  const c = pico.createColors(colors);
  const paints = [c.cyan, c.yellow, c.magenta, c.green, c.blue, c.red];
  const drawing = drawingOf(plot, { columns: 6, rows: Math.max(2, Math.floor(height / 3)) });
  const title = c.bold(plain(plot.title, width));
  if (drawing.isEmpty) return `${title}\n  nothing that can be drawn`;
  const { x, y } = drawing;
  const margin = Math.max(...y.ticks.map(({ text }) => text.length));
  const columns = Math.max(10, width - margin - 2);

  const cells = Array.from({ length: height }, () => new Uint8Array(columns));
  const owners = Array.from({ length: height }, () => new Int8Array(columns).fill(-1));
  const dot = (column: number, row: number, owner: number): void => {
    const [i, j] = [Math.min(height - 1, row >> 2), Math.min(columns - 1, column >> 1)];
    cells[i]![j]! |= dots[column & 1]![row & 3]!;
    owners[i]![j] = owner;
  };
  const dotX = (step: number): number => Math.round(x.place(step) * (2 * columns - 1));
  const dotY = (value: number): number => Math.round((1 - y.place(value)) * (4 * height - 1));
  drawing.curves.forEach(({ parts }, owner) => {
    for (const part of parts) {
      let [fromX, fromY] = [dotX(part[0]!.step), dotY(part[0]!.value)];
      dot(fromX, fromY, owner);
      for (const { step, value } of part) {
        const [toX, toY] = [dotX(step), dotY(value)];
        const length = Math.max(Math.abs(toX - fromX), Math.abs(toY - fromY));
        for (let i = 1; i <= length; i++)
          dot(Math.round(fromX + ((toX - fromX) * i) / length), Math.round(fromY + ((toY - fromY) * i) / length), owner);
        [fromX, fromY] = [toX, toY];
      }
    }
  });

  const shown = cells.map((row) => Array.from(row, (bits) => (bits === 0 ? ' ' : String.fromCharCode(0x2800 + bits))));
  if (drawing.curves.length > 1)
    drawing.curves.forEach((_, owner) => {
      const first = 2 + ((owner * 5) % letterEvery);
      for (let j = first; j < columns; j += letterEvery) {
        const i = owners.findIndex((row) => row[j] === owner);
        if (i >= 0) shown[i]![j] = letters[owner % letters.length]!;
      }
    });

  const labels = new Map(y.ticks.map(({ value, text }) => [Math.min(height - 1, dotY(value) >> 2), text]));
  const lines = shown.map((row, i) => {
    const label = labels.get(i);
    const edge = label === undefined ? `${' '.repeat(margin)} │` : `${label.padStart(margin)} ┤`;
    const painted = row.map((text, j) => (text === ' ' ? text : paints[Math.max(0, owners[i]![j]!) % paints.length]!(text)));
    return `${c.dim(edge)}${painted.join('')}`.trimEnd();
  });
  return [
    title,
    ...lines,
    ...bottom(x, { margin, columns, name: plot.xName ?? 'step' }).map((line) => c.dim(line)),
    ...legend(),
  ].join('\n');

  function legend(): string[] {
    if (drawing.curves.length < 2) return [];
    return drawing.curves.map(({ name, parts }, owner) => {
      const paint = paints[owner % paints.length]!;
      const rest = parts.length === 0 ? ' (nothing that can be drawn)' : '';
      return `${' '.repeat(margin + 2)}${paint(letters[owner % letters.length]!)} ${plain(name, Math.max(10, width - margin - 4))}${rest}`;
    });
  }
}

/** The axis of steps, with its numbers below. */
function bottom(
  x: ReturnType<typeof drawingOf>['x'],
  { margin, columns, name }: { readonly margin: number; readonly columns: number; readonly name: string },
): string[] {
  const line = new Array<string>(columns).fill('─');
  const numbers = new Array<string>(columns).fill(' ');
  let free = 0;
  const room = columns - name.length - 1;
  for (const { value, text } of x.ticks) {
    const j = Math.round(x.place(value) * (columns - 1));
    line[j] = '┬';
    const from = Math.max(0, Math.min(j - Math.floor(text.length / 2), room - text.length));
    if (from < free || j > columns - 1 || from + text.length > room) continue;
    [...text].forEach((character, i) => (numbers[from + i] = character));
    free = from + text.length + 1;
  }
  [...name].forEach((character, i) => (numbers[columns - name.length + i] = character));
  const space = ' '.repeat(margin + 1);
  return [`${space}└${line.join('')}`, `${space} ${numbers.join('')}`];
}
