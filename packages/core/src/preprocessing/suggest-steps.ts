import { type AnyTable, type Chunk, type ColumnSummary, columnSummary, dataset, piecesOf } from '../data/index.ts';
import { fail } from '../errors.ts';
import { nextTurn } from '../runtime/index.ts';
import { lookUp } from '../suggest.ts';
import type { PreprocessingOptions, Records } from './plan.ts';
import { rawValues } from './read-values.ts';
import type { Step } from './step.ts';
import { isDate } from './steps/date-parts.ts';
import * as steps from './steps/index.ts';

/** Options of {@link suggestSteps}. */
export interface SuggestOptions {
  /** The field that the model shall tell; the last one unless told. */
  readonly target?: string | undefined;
}

/** What {@link suggestSteps} finds: give it to `preprocessing`, as it is or changed. */
export interface SuggestedSteps extends PreprocessingOptions {
  readonly features: Readonly<Record<string, readonly Step[]>>;
  readonly target: Readonly<Record<string, readonly Step[]>>;
  /** Whether the target is one of some classes, or a number. */
  readonly task: 'classification' | 'regression';
  /** What each field was taken for, in a few words. */
  readonly reasons: Readonly<Record<string, string>>;
}

const isCompound = (x: unknown): boolean => typeof x === 'object' && x !== null && !(x instanceof Date);
/** So many different values can be the classes of a target of whole numbers; so many texts become columns of their own. */
const [mostClasses, mostColumns] = [20, 50];

interface Choice {
  readonly own: readonly Step[] | undefined;
  readonly reason: string;
}

/** The fields of some records. Errors: `bad-value` for what is no record. */
function namesIn(piece: Chunk<unknown>): Iterable<string> {
  if (!Array.isArray(piece)) return (piece as AnyTable).names;
  const names = new Set<string>();
  for (const record of piece as readonly unknown[]) {
    if (typeof record !== 'object' || record === null)
      throw fail('bad-value', { what: 'suggestSteps', got: String(record), want: 'records: { size: 1, city: … }' });
    for (const name of Object.keys(record)) names.add(name);
  }
  return names;
}

/** What suits a field that a model is given; none where nothing does. */
function choose(seen: ColumnSummary): Choice {
  const { kind, missing, count, distinct } = seen;
  if (count === 0) return { own: undefined, reason: 'left out: it has no values' };
  if (distinct === 1) return { own: undefined, reason: 'left out: it is always the same' };
  const holes = missing > 0 ? `, ${missing} missing` : '';
  if (kind === 'number') {
    const filled = missing > 0 ? [steps.impute({ strategy: 'median', indicator: true })] : [];
    return { own: [...filled, steps.standardize()], reason: `numbers${holes}` };
  }
  if (kind === 'boolean')
    return missing > 0 ? { own: [steps.categories(), steps.oneHot()], reason: `flags${holes}` } : { own: [], reason: 'flags' };
  const some = seen.top(20).map(({ value }) => String(value));
  if (missing === 0 && (kind === 'date' || (kind === 'text' && some.every(isDate))))
    return { own: [steps.dateParts(), steps.standardize()], reason: 'dates' };
  if (distinct <= mostColumns) return { own: [steps.categories(), steps.oneHot()], reason: `${distinct} categories${holes}` };
  const words = some.reduce((sum, text) => sum + text.split(/\s+/).length, 0) / some.length;
  if (words > 4) return { own: undefined, reason: 'left out: texts; steps.tokenize() and an embedding can read them' };
  if (distinct > count / 2) return { own: undefined, reason: 'left out: nearly every record has its own value' };
  return {
    own: [steps.categories({ maxCategories: mostColumns }), steps.oneHot()],
    reason: `categories, the most frequent ${mostColumns}${holes}`,
  };
}

/**
 * Steps for every field of records that nobody has looked at yet, by what is in them: numbers are filled in and standardised, categories become columns, dates
 * parts; what says nothing, or needs more thought, is left out with its reason.
 *
 * Errors: `unknown-name` for a target that is not there; `bad-value` for records without fields, or without any that can be used.
 *
 * @example
 * import { suggestSteps } from '@stratus/core';
 * const { features, task, reasons } = await suggestSteps([{ size: 1, city: 'Oslo', sold: 'yes' }, { size: 2, city: 'Rome', sold: 'no' }]);
 * console.log(Object.keys(features), task, reasons.city); // ['size', 'city'] classification 2 categories
 */
export async function suggestSteps(records: Records, { target: wanted }: SuggestOptions = {}): Promise<SuggestedSteps> {
  const seen = new Map<string, ColumnSummary>();
  const compound = new Set<string>();
  let read = 0;
  for await (const chunk of dataset(records as readonly unknown[]).chunks())
    for (const piece of piecesOf(chunk, 1024)) {
      for (const field of namesIn(piece)) if (!seen.has(field)) seen.set(field, columnSummary().addAll(new Array(read)));
      for (const [field, summary] of seen) {
        const values = rawValues(piece, field);
        if (Array.prototype.some.call(values, isCompound)) compound.add(field);
        else summary.addAll(values);
      }
      read += piece.length;
      await nextTurn();
    }
  const names = [...seen.keys()];
  if (names.length < 2)
    throw fail('bad-value', {
      what: 'suggestSteps',
      got: `${names.length} fields`,
      want: 'a target and something to tell it from',
    });
  const target = wanted ?? names.at(-1)!;
  lookUp('field', Object.fromEntries(names.map((name) => [name, true])), target);
  const { kind, integers, distinct } = seen.get(target)!;
  const isNumber = kind === 'number' && !(integers && distinct <= mostClasses);
  const choices = new Map(
    names
      .filter((name) => name !== target)
      .map((name) => [
        name,
        compound.has(name)
          ? { own: undefined, reason: 'left out: lists or objects; choose steps for them' }
          : choose(seen.get(name)!),
      ]),
  );
  const features = Object.fromEntries([...choices].flatMap(([name, { own }]) => (own ? [[name, own]] : [])));
  if (Object.keys(features).length === 0)
    throw fail('bad-value', {
      what: 'suggestSteps',
      got: [...choices].map(([name, { reason }]) => `${name} ${reason}`).join('; '),
      want: 'a field that says something',
      fix: 'Choose steps yourself: preprocessing({ features: { … } }).',
    });
  return {
    features,
    target: { [target]: isNumber ? [] : [steps.classes()] },
    task: isNumber ? 'regression' : 'classification',
    reasons: {
      ...Object.fromEntries([...choices].map(([name, { reason }]) => [name, reason])),
      [target]: isNumber ? 'the target, a number' : `the target, ${distinct} classes`,
    },
  };
}
