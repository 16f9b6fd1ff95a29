import { type Colors, duration, figure } from '../progress/index.ts';
import { table } from './output.ts';

/** What a row of trials shows. */
export interface TrialRow {
  readonly number: number;
  readonly status: 'running' | 'finished' | 'pruned' | 'failed';
  readonly parameters: Readonly<Record<string, string | number | boolean>>;
  readonly value?: number | undefined;
  readonly latest?: { readonly step: number; readonly value: number } | undefined;
  readonly createdAt: Date;
  readonly finishedAt?: Date | undefined;
  readonly error?: string | undefined;
}

/** A parameter in few letters. */
export const shownValue = (value: string | number | boolean | undefined): string => {
  if (value === undefined) return '–';
  if (typeof value !== 'number' || Number.isInteger(value)) return String(value);
  return String(Number(value.toPrecision(4)));
};

const words = { running: 'running', finished: 'done', pruned: 'stopped', failed: 'failed' } as const;

const paintOf = (colors: Colors) =>
  ({ running: colors.cyan, finished: (text: string) => text, pruned: colors.dim, failed: colors.red }) as const;

const seconds = ({ createdAt, finishedAt = new Date() }: TrialRow): number => (finishedAt.getTime() - createdAt.getTime()) / 1000;

const firstLine = (text: string): string => {
  const line = text.split('\n').find((part) => part.trim() !== '') ?? '';
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
};

/** Trials under each other. `names`: the parameters, in the order of the space. */
export function trialTable(
  rows: readonly TrialRow[],
  { names, best, colors }: { readonly names: readonly string[]; readonly best: number | undefined; readonly colors: Colors },
): string {
  const head = ['#', 'state', 'value', 'step', 'time', ...names].map(colors.dim);
  const paint = paintOf(colors);
  const body = rows.map((row) => {
    const { number, status, value, latest, parameters, error } = row;
    const isBest = number === best;
    const said = value ?? latest?.value;
    return [
      isBest ? colors.bold(`${number} ★`) : String(number),
      paint[status](words[status]),
      said === undefined
        ? ''
        : isBest
          ? colors.bold(colors.green(figure(said)))
          : status === 'finished'
            ? figure(said)
            : colors.dim(figure(said)),
      latest === undefined ? '' : String(latest.step),
      duration(Math.max(0, seconds(row))),
      ...names.map((name) => shownValue(parameters[name])),
      ...(status === 'failed' && error !== undefined ? [colors.red(firstLine(error))] : []),
    ];
  });
  return table([head, ...body], ['left', 'left', 'right', 'right', 'right']);
}

/** `3 done, 1 running, 2 stopped early, 1 failed`. */
export function countsOf(rows: readonly TrialRow[]): string {
  const count = (status: TrialRow['status']): number => rows.filter((row) => row.status === status).length;
  const parts = [
    [count('finished'), 'done'],
    [count('running'), 'running'],
    [count('pruned'), 'stopped early'],
    [count('failed'), 'failed'],
  ] as const;
  return parts.flatMap(([n, word]) => (n > 0 ? [`${n} ${word}`] : [])).join(', ') || 'no trials';
}

/** The line that stays when a trial is over. */
export function trialLine(
  row: TrialRow,
  { names, colors }: { readonly names: readonly string[]; readonly colors: Colors },
): string {
  const { number, status, value, latest, parameters, error } = row;
  const said = value ?? latest?.value;
  const pairs = names.flatMap((name) =>
    parameters[name] === undefined ? [] : [`${colors.dim(name)} ${shownValue(parameters[name])}`],
  );
  const result = status === 'failed' ? firstLine(error ?? '') : said === undefined ? '' : figure(said);
  const at = status === 'pruned' && latest !== undefined ? ` at step ${latest.step}` : '';
  return [
    colors.bold(`Trial ${number}`),
    paintOf(colors)[status](`${words[status]}${at}`),
    result,
    ...pairs,
    colors.dim(duration(seconds(row))),
  ]
    .filter(Boolean)
    .join('  ');
}
