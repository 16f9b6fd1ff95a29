import pico from 'picocolors';
import { barsText, plain, short } from '../plots/index.ts';
import { count } from '../progress/index.ts';
import type { ColumnProfile } from './column-profile.ts';
import { distinctText, percent, topText, valueOf } from './figures.ts';
import type { ProfileJson } from './profile.ts';

/** Options of `Profile.toText`. */
export interface TextOptions {
  /** Whether colours of terminals are used; false unless told. */
  readonly colors?: boolean | undefined;
  /** Characters in a line; 100 unless told. */
  readonly width?: number | undefined;
}

type Colors = ReturnType<typeof pico.createColors>;
interface Cell {
  readonly text: string;
  readonly color?: ((text: string) => string) | undefined;
  readonly right?: boolean | undefined;
}

/** A histogram on one line, of at most so many characters. */
function sparkline(counts: readonly number[], most: number): string {
  const per = Math.max(1, Math.ceil(counts.length / most));
  const bars: number[] = [];
  for (let i = 0; i < counts.length; i += per) bars.push(counts.slice(i, i + per).reduce((a, b) => a + b, 0));
  return barsText(bars);
}

/** What a column's values look like, in so many characters. */
function shapeOf({ histogram, top, count: total }: ColumnProfile, width: number): string {
  if (histogram) return sparkline(histogram.counts, Math.min(width, 24));
  return plain(
    top
      .slice(0, 4)
      .map(({ value, count: n }) => `${plain(topText(value), 18)} ${percent(n / total)}`)
      .join(', '),
    width,
  );
}

/** Lines of cells under each other; unless it is asked for, the last cell is not padded. */
function aligned(rows: readonly (readonly Cell[])[], whole = false): string[] {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => [...row[i]!.text].length)));
  return rows.map((row) =>
    row
      .map(({ text, color = String, right = false }, i) => {
        const blanks = ' '.repeat(widths[i]! - [...text].length);
        if (i === row.length - 1 && !whole && !right) return color(text);
        return right ? blanks + color(text) : color(text) + blanks;
      })
      .join('  '),
  );
}

/** Figures of a column, and the width of the lines that have room for them. */
const figures: readonly (readonly [name: string, room: number, of: (column: ColumnProfile) => string])[] = [
  ['mean', 0, (column) => valueOf(column, column.mean)],
  ['deviation', 110, ({ kind, standardDeviation: x }) => (x === undefined || kind === 'date' ? '' : short(x))],
  ['min', 90, (column) => valueOf(column, column.minimum)],
  ['median', 90, (column) => valueOf(column, column.quantiles?.['0.5'])],
  ['max', 90, (column) => valueOf(column, column.maximum)],
];

function columnsTable(columns: readonly ColumnProfile[], rows: number, width: number, c: Colors): string[] {
  const shown = figures.filter(([, room]) => width >= room);
  const right = (text: string, color?: Cell['color']): Cell => ({ text, color, right: true });
  const body = columns.map((column): Cell[] => {
    const share = column.missing / rows;
    return [
      { text: plain(column.name, 24), color: c.bold },
      { text: column.shape ? `${column.kind} ${column.shape.join('x')}` : column.kind, color: c.cyan },
      right(column.missing === 0 ? '-' : percent(share), share >= 0.2 ? c.red : share > 0 ? c.yellow : c.dim),
      right(distinctText(column)),
      ...shown.map(([, , of]) => right(of(column))),
    ];
  });
  const dim = (text: string): Cell => ({ text, color: c.dim });
  const names = ['missing', 'different', ...shown.map(([name]) => name)];
  const lines = aligned([[dim('column'), dim('kind'), ...names.map((name) => right(name, c.dim))], ...body], true);
  // What is left of the line is for the picture.
  const room = Math.max(10, width - [...lines[0]!.replaceAll(ansi, '')].length - 2);
  return lines.map((line, i) => {
    const column = columns[i - 1];
    if (!column) return line.trimEnd();
    return `${line}  ${(column.histogram ? c.green : c.dim)(shapeOf(column, room))}`.trimEnd();
  });
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours of terminals
const ansi = /\u001b\[\d+m/g;

function classes(column: ColumnProfile, width: number, c: Colors): string[] {
  const most = column.top[0]?.count ?? 1;
  const room = Math.max(10, Math.min(40, width - 50));
  const rows = column.top.map(({ value, count: n }): Cell[] => [
    { text: `  ${plain(topText(value), 24)}` },
    { text: '█'.repeat(Math.max(1, Math.round((n / most) * room))), color: c.blue },
    { text: `${count(n)}  ${percent(n / column.count)}` },
  ]);
  return rows.length > 0 ? aligned(rows) : [];
}

/** Words in lines of at most so many characters, the later ones indented. */
function wrapped(text: string, width: number, indent: string): string {
  const lines: string[] = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1)!;
    if (line !== '' && line.length + word.length + 1 > width) lines.push(indent + word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.join('\n');
}

/** A profile for a terminal. */
export function textOf(
  { title, rows, columns, target, hints, columnsLeftOut }: ProfileJson,
  { colors = false, width = 100 }: TextOptions,
): string {
  const c = pico.createColors(colors);
  const lines = [`${c.bold(plain(title, 80))}  ${count(rows)} rows, ${count(columns.length + columnsLeftOut)} columns`, ''];
  lines.push(...columnsTable(columns, rows, width, c));
  if (columnsLeftOut > 0) lines.push(c.dim(`and ${count(columnsLeftOut)} columns more`));
  const aim = columns.find(({ name }) => name === target);
  if (aim && (aim.kind !== 'number' || aim.distinct <= 20))
    lines.push('', `${c.bold('classes')} of ${plain(aim.name)}`, ...classes(aim, width, c));
  if (hints.length > 0) {
    lines.push('', c.bold('worth a look'));
    for (const { columns: names, text } of hints)
      lines.push(
        wrapped(
          `  ${c.yellow('!')} ${c.bold(names.map((name) => plain(name, 24)).join(', '))} ${plain(text, 400)}`,
          width,
          '    ',
        ),
      );
  }
  return lines.join('\n');
}
