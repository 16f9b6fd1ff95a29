import type { ColumnProfile } from './column-profile.ts';
import type { ColumnReading } from './columns.ts';
import { percent } from './figures.ts';

/** Something to look at before training. */
export interface Hint {
  /** A stable name of what was found. */
  readonly code: string;
  /** The columns it is about. */
  readonly columns: readonly string[];
  /** In plain words, what it is and what can be done. Names of columns are in it as they are. */
  readonly text: string;
}

/** A column with what was gathered of it. */
export interface Looked {
  readonly profile: ColumnProfile;
  readonly reading: ColumnReading;
}

const asNumber = /^\s*[-+]?(\d+([.,]\d+)?|\.\d+)([eE][-+]?\d+)?\s*%?\s*$/;

const asDate = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d.*)?$/;

type Rule = (column: Looked, rows: number) => Omit<Hint, 'columns'> | undefined;

/** One column looked at alone; the first rule that holds speaks, of those that belong together. */
const rules: readonly (readonly Rule[])[] = [
  [
    ({ profile: { kind } }) =>
      kind === 'empty' ? { code: 'empty-column', text: 'has no values at all. Leave it out.' } : undefined,
    ({ profile: { missing } }, rows) =>
      missing / rows >= 0.2
        ? {
            code: 'many-missing',
            text: `lacks ${percent(missing / rows)} of its values. Fill them in (impute), or leave it out.`,
          }
        : undefined,
  ],
  [
    ({ profile: { count, distinct, distinctIsExact } }) =>
      count > 1 && distinctIsExact && distinct === 1
        ? { code: 'constant', text: 'is the same in every row, and tells a model nothing. Leave it out.' }
        : undefined,
    ({ profile: { kind, count, top }, reading }) =>
      kind === 'text' && count > 0 && reading.summary.top(1000).every(({ value }) => asNumber.test(String(value)))
        ? {
            code: 'numbers-as-text',
            text: `holds numbers written as text ('${String(top[0]?.value)}'). Read it as numbers, for example with columns: { … 'float32' }.`,
          }
        : undefined,
    ({ profile: { kind, count }, reading }) =>
      kind === 'text' && count > 0 && reading.summary.top(1000).every(({ value }) => asDate.test(String(value)))
        ? { code: 'dates-as-text', text: 'holds dates. Make numbers of what matters: the year, the month, the day of the week.' }
        : undefined,
    ({ profile, reading }) =>
      isIdentifier(profile, reading)
        ? {
            code: 'identifier',
            text: 'is different in every row, like an identifier: a model would learn it by heart. Leave it out.',
          }
        : undefined,
    ({ profile: { kind, distinct, count } }) =>
      kind === 'text' && distinct > 100 && distinct / count < 0.9
        ? {
            code: 'many-categories',
            text: `has ${distinct} or more different texts: one-hot encoding would be wide. Consider hashing, or an embedding.`,
          }
        : undefined,
  ],
  [
    ({ profile: { infinite } }) =>
      infinite > 0 ? { code: 'infinite', text: `holds ${infinite} infinite numbers: a loss would become NaN.` } : undefined,
  ],
  [
    ({ profile: { kind } }) =>
      kind === 'mixed' ? { code: 'mixed', text: 'holds values of several kinds, such as numbers and texts.' } : undefined,
  ],
  [
    ({ profile: { outliers, count } }) =>
      outliers && outliers.count / count > 0.05
        ? {
            code: 'outliers',
            text: `has ${percent(outliers.count / count)} of its numbers far from the others. Robust scaling, or a logarithm, may serve better than standardising.`,
          }
        : undefined,
  ],
];

/** Whole numbers that are dense, or short texts without blanks, of which none comes twice. */
function isIdentifier({ kind, count, integers, minimum, maximum, shape, top }: ColumnProfile, reading: ColumnReading): boolean {
  if (shape || count < 20 || reading.repeats > 0) return false;
  if (kind === 'number') return integers === true && maximum! - minimum! + 1 <= 2 * count;
  return kind === 'text' && reading.characters / count < 64 && top.every(({ value }) => !/\s/.test(String(value)));
}

/** Columns with the same values in the same order. */
function duplicates(columns: readonly Looked[]): Hint[] {
  const groups = new Map<string, string[]>();
  for (const { profile, reading } of columns) {
    if (profile.count === 0 || profile.distinct < 2) continue;
    const key = `${profile.count} ${profile.distinct} ${reading.hash}`;
    groups.set(key, [...(groups.get(key) ?? []), profile.name]);
  }
  return [...groups.values()]
    .filter((names) => names.length > 1)
    .map((names) => ({ code: 'duplicated', columns: names, text: 'hold the same values in every row. One of them is enough.' }));
}

/** Two columns that rise and fall together. */
function correlated(
  { names, matrix }: { readonly names: readonly string[]; readonly matrix: readonly (readonly number[])[] },
  known: readonly Hint[],
): Hint[] {
  const copies = new Set(known.flatMap(({ columns }) => columns.slice(1)));
  const hints: Hint[] = [];
  for (let i = 0; i < names.length; i++)
    for (let j = 0; j < i; j++) {
      const pair = [names[j]!, names[i]!];
      if (Math.abs(matrix[i]![j]!) > 0.98 && !pair.some((name) => copies.has(name)))
        hints.push({
          code: 'correlated',
          columns: pair,
          text: `rise and fall together (correlation ${matrix[i]![j]!.toFixed(3)}): they say nearly the same.`,
        });
    }
  return hints.slice(0, 10);
}

/** One class is much rarer than another. */
function imbalance(target: ColumnProfile | undefined): Hint[] {
  const counts =
    target?.distinctIsExact && target.distinct > 1 && target.distinct <= 10 ? target.top.map(({ count }) => count) : [];
  const [most, least] = [counts[0] ?? 0, counts.at(-1) ?? 1];
  if (most / least < 4) return [];
  return [
    {
      code: 'imbalanced',
      columns: [target!.name],
      text: `has a class that is ${Math.round(most / least)} times as frequent as another. Look at more than accuracy; use classWeight or balance().`,
    },
  ];
}

/** Everything worth saying, what is about the target first. */
export function hintsOf(
  columns: readonly Looked[],
  rows: number,
  correlation: Parameters<typeof correlated>[0],
  target: ColumnProfile | undefined,
): Hint[] {
  const single = columns.flatMap((column) =>
    rules.flatMap((group): Hint[] => {
      for (const rule of group) {
        const found = rule(column, rows);
        if (found) return [{ code: found.code, columns: [column.profile.name], text: found.text }];
      }
      return [];
    }),
  );
  const same = duplicates(columns);
  return [...imbalance(target), ...single, ...same, ...correlated(correlation, same)];
}
