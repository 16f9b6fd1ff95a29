// Which watches a model needs: one for each input and output, or for each of their numbers where these are few.
import {
  dtypes,
  fromFloat16,
  type InputStatistics,
  type NumberStatistics,
  type Preprocessing,
  sampleProjection,
  type Tensor,
} from '@stratus/core';
import type { CategoryReference } from './category-watch.ts';
import type { FeatureSpec, Seen } from './feature-counts.ts';
import { trainingReference } from './number-reference.ts';

type FieldConfig = Preprocessing['fields'][number];

/** A row of a tensor. */
export interface Row {
  readonly tensor: Tensor;
  readonly start: number;
  readonly width: number;
}

/** Looks at a row of one tensor, and has what it sees counted. */
export type Watch = (row: Row) => void;

/** Begins to count a feature. */
export type Open = (spec: FeatureSpec) => (seen: Seen) => void;

/** Inputs and outputs of more numbers a row are watched as a whole. */
const mostColumns = 32;
/** Of a row of many numbers so many are looked at. */
export const mostElements = 32;

/** Any element as a number; NaN for what is none. */
export const numberAt = ({ dtype, data }: Tensor, at: number): number =>
  dtype === 'string' ? Number.NaN : dtype === 'float16' ? fromFloat16(Number(data[at])) : Number(data[at]);

const isText = (about: InputStatistics | undefined): about is Extract<InputStatistics, { top: unknown }> =>
  about !== undefined && 'top' in about;

function categoriesOf({
  count,
  missing = 0,
  top,
  distinct,
  distinctIsExact,
}: Extract<InputStatistics, { top: unknown }>): CategoryReference {
  const counts = new Map(top.map(({ value, count: n }) => [value, n]));
  const told = top.reduce((n, entry) => n + entry.count, 0);
  return {
    counts,
    others: Math.max(0, count - told),
    isWhole: distinctIsExact && distinct <= top.length,
    missing: count + missing === 0 ? 0 : missing / (count + missing),
  };
}

/** Yes and no of a table come to the graph as 1 and 0. */
const isFlag = (about: InputStatistics): boolean =>
  isText(about) && about.top.every(({ value }) => value === 'true' || value === 'false');

/** Fields that stand alone, whatever their steps make of them. */
const isAlone = ({ kind }: Pick<FieldConfig, 'kind'>): boolean => kind === 'number' || kind === 'scalar' || kind === 'text';

const isNothing = (value: unknown): boolean => value === undefined || value === null || value === '' || Number.isNaN(value);

/** What looks at the values of a field of records, as they came; undefined where its training is not known, or says nothing about single values. */
export function fieldWatch(
  config: Pick<FieldConfig, 'field' | 'kind'>,
  about: InputStatistics | undefined,
  open: Open,
): ((value: unknown) => void) | undefined {
  const name = { feature: config.field, of: 'input' as const };
  if (about === undefined || !isAlone(config)) return undefined;
  if (isText(about)) {
    // Of texts that are all different, how often each came says nothing: what the graph is fed says more.
    if (config.kind === 'text' && about.top.length < about.distinct) return undefined;
    const add = open({ kind: 'category', name, reference: categoriesOf(about) });
    const flag = isFlag(about);
    const written = (value: unknown): string => String(flag && typeof value === 'number' ? value !== 0 : value);
    return (value) => add(isNothing(value) ? undefined : written(value));
  }
  const reference = trainingReference(about);
  if (reference === undefined || about.columns !== undefined) return undefined;
  const add = open({ kind: 'number', name, reference });
  return (value) => add(isNothing(value) ? Number.NaN : Number(value));
}

/** What looks at an input of this name that comes as this tensor. */
export function inputWatch(feature: string, tensor: Tensor, about: InputStatistics | undefined, open: Open): Watch {
  const name = { feature, of: 'input' as const };
  const width = rowWidth(tensor);
  const { kind } = dtypes[tensor.dtype];
  if (tensor.dtype === 'string') {
    const add = open({ kind: 'category', name, reference: isText(about) ? categoriesOf(about) : undefined });
    return ({ tensor: { data }, start, width: size }) => {
      for (let i = start; i < start + Math.min(size, mostElements); i++) add(data[i] as string);
    };
  }
  if (about !== undefined && isFlag(about)) {
    const reference = categoriesOf(about as Extract<InputStatistics, { top: unknown }>);
    const add = open({ kind: 'category', name, reference });
    return ({ tensor: row, start }) => {
      const x = numberAt(row, start);
      add(Number.isNaN(x) ? undefined : String(x !== 0));
    };
  }
  // A text of the records comes to the graph as whole numbers, which what is known of the texts says nothing about.
  const numbers = isText(about) ? undefined : about;
  if (width > 1 && width <= mostColumns && (numbers === undefined || numbers.columns?.length === width))
    return columnsWatch(name, width, open, numbers?.columns);
  const pooled = pooledWatch(name, open, numbers);
  if (numbers?.projection === undefined || kind !== 'float') return pooled;
  const samples = Math.round(numbers.count / width);
  const whole = open({ kind: 'embedding', name, reference: { projection: numbers.projection, samples } });
  return (row) => {
    pooled(row);
    const { tensor: own, start } = row;
    if (row.width === width && own.dtype !== 'float16') whole([...sampleProjection(own.data as Float64Array, { start, width })]);
  };
}

/** Numbers in one row of a tensor: the first axis counts rows. */
export const rowWidth = ({ shape, data }: Tensor): number =>
  shape.length === 0 ? data.length : shape[0] === 0 ? 0 : data.length / shape[0]!;

/** One for each number of a row. */
export function columnsWatch(
  { feature, of }: FeatureSpec['name'],
  width: number,
  open: Open,
  about?: readonly NumberStatistics[] | undefined,
): Watch {
  const adds = Array.from({ length: width }, (_, i) =>
    open({ kind: 'number', name: { feature: `${feature}[${i}]`, of }, reference: about && trainingReference(about[i]!) }),
  );
  return ({ tensor, start, width: size }) => {
    for (let i = 0; i < Math.min(width, size); i++) adds[i]!(numberAt(tensor, start + i));
  };
}

/** All numbers of a row as one feature; of many those at unequal steps, as the training looked at them. */
export function pooledWatch(name: FeatureSpec['name'], open: Open, about?: NumberStatistics | undefined): Watch {
  const add = open({ kind: 'number', name, reference: about && trainingReference(about) });
  let state = 1;
  return ({ tensor, start, width }) => {
    if (width <= mostElements) {
      for (let i = start; i < start + width; i++) add(numberAt(tensor, i));
      return;
    }
    const step = width / mostElements;
    for (let i = 0; i < mostElements; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      add(numberAt(tensor, start + Math.floor((i + state / 2 ** 32) * step)));
    }
  };
}
