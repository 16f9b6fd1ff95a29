import { type Dataset, fail, lookUp } from '@stratus/core';
import { type ColumnProfile, columnProfile } from './column-profile.ts';
import { DataReading } from './columns.ts';
import { type Hint, hintsOf } from './hints.ts';
import { htmlOf } from './html.ts';
import { type TextOptions, textOf } from './text.ts';

/** Options of {@link profile}. */
export interface ProfileOptions {
  /** The column that is to be predicted: its classes are shown, and hints look at them. */
  readonly target?: string | undefined;
  /** What the report is called; 'data' unless told. */
  readonly title?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A profile as plain data. */
export interface ProfileJson {
  readonly title: string;
  readonly rows: number;
  readonly target?: string | undefined;
  readonly columns: readonly ColumnProfile[];
  /** Pearson's coefficients of the first 24 columns of numbers; NaN where there is none. */
  readonly correlation: { readonly names: readonly string[]; readonly matrix: readonly (readonly number[])[] };
  readonly hints: readonly Hint[];
  /** Columns beyond the first 1000, which were left out. */
  readonly columnsLeftOut: number;
}

/**
 * What a data set looks like. Made by {@link profile}.
 *
 * @example
 * import { dataset, profile } from 'stratus';
 * const report = await profile(dataset([{ x: 1, kind: 'a' }, { x: 3, kind: 'b' }]));
 * console.log(report.column('x').mean, report.toHtml().startsWith('<!doctype html>')); // 2 true
 */
export class Profile implements ProfileJson {
  readonly title: string;
  readonly rows: number;
  readonly target: string | undefined;
  readonly columns: readonly ColumnProfile[];
  readonly correlation: ProfileJson['correlation'];
  readonly hints: readonly Hint[];
  readonly columnsLeftOut: number;

  /** @internal */
  constructor({ title, rows, target, columns, correlation, hints, columnsLeftOut }: ProfileJson) {
    this.title = title;
    this.rows = rows;
    this.target = target;
    this.columns = columns;
    this.correlation = correlation;
    this.hints = hints;
    this.columnsLeftOut = columnsLeftOut;
  }

  /** A column by its name. Errors: `unknown-name` with a did-you-mean. */
  column(name: string): ColumnProfile {
    return lookUp('column', Object.fromEntries(this.columns.map((column) => [column.name, column])), name);
  }

  /** For a terminal: a table of the columns, classes and hints. */
  toText(options: TextOptions = {}): string {
    return textOf(this, options);
  }

  /** One page that needs nothing else: no script, no other file, light or dark as the reader has it. */
  toHtml(): string {
    return htmlOf(this);
  }

  /** Plain data; `JSON.stringify(profile)` works. */
  toJSON(): ProfileJson {
    return { ...this };
  }
}

/**
 * Reads a data set once and says what is in it: kinds, missing values, moments, quantiles, frequent values, outliers, correlations, classes of the target, and
 * hints in plain words. Memory stays bounded however many records there are; tables stay tables. An empty text counts as missing.
 *
 * Shapes: any; of a column of tensors every element is a value. Errors: `unknown-name` for a target that is no column, `bad-value` for no records, `aborted`, and
 * those of the data set. Source: ydata-profiling, Facets; Tukey 1977 (outliers).
 *
 * @example
 * import { dataset, profile } from 'stratus';
 * const people = dataset([{ age: 31, city: 'Bern' }, { age: 47, city: 'Bern' }, { age: Number.NaN, city: 'Genf' }]);
 * const report = await profile(people, { target: 'city' });
 * console.log(report.column('age').missing, report.column('city').top[0]); // 1 { value: 'Bern', count: 2 }
 * console.log(report.toText());
 */
export async function profile(data: Dataset<never> | Dataset<unknown>, options: ProfileOptions = {}): Promise<Profile> {
  const { target, title = 'data', signal, ...rest } = options;
  const known = { target: true, title: true, signal: true };
  for (const name of Object.keys(rest)) lookUp('option of profile', known, name);
  const reading = new DataReading();
  for await (const chunk of data.chunks({ signal })) {
    if (signal?.aborted) throw fail('aborted', { what: 'The profile' }, signal.reason);
    reading.add(chunk);
  }
  if (reading.rows === 0) throw fail('bad-value', { what: 'profile', got: 'no records', want: 'at least one' });
  if (target !== undefined) lookUp('column', Object.fromEntries(reading.columns), target);
  const columns = [...reading.columns].map(([name, own]) => ({ profile: columnProfile(name, own), reading: own }));
  const correlation = reading.correlation.result();
  return new Profile({
    title,
    rows: reading.rows,
    target,
    columns: columns.map((column) => column.profile),
    correlation,
    hints: hintsOf(columns, reading.rows, correlation, columns.find(({ profile: own }) => own.name === target)?.profile),
    columnsLeftOut: reading.leftOut.size,
  });
}
