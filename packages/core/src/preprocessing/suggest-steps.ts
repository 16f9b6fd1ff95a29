import { type ColumnSummary, columnSummary, dataset, listOf, piecesOf } from '../data/index.ts';
import { fail } from '../errors.ts';
import { nextTurn } from '../runtime/index.ts';
import { lookUp } from '../suggest.ts';
import type { PreprocessingOptions, Records } from './plan.ts';
import { rawValues } from './read-values.ts';
import type { Step } from './step.ts';
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

const date = /^\d{4}-\d\d-\d\d([T ]|$)/;
/** So many different values can be the classes of a target of whole numbers; so many texts become columns of their own. */
const [mostClasses, mostColumns] = [20, 50];

interface Choice {
  readonly own: readonly Step[] | undefined;
  readonly reason: string;
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
  if (missing === 0 && (kind === 'date' || (kind === 'text' && some.every((text) => date.test(text)))))
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
  for await (const chunk of dataset(records as readonly unknown[]).chunks())
    for (const piece of piecesOf(chunk, 1024)) {
      const first: unknown = listOf(piece)[0];
      if (typeof first !== 'object' || first === null)
        throw fail('bad-value', { what: 'suggestSteps', got: String(first), want: 'records: { size: 1, city: … }' });
      for (const field of Object.keys(first)) if (!seen.has(field)) seen.set(field, columnSummary());
      for (const [field, summary] of seen) summary.addAll(rawValues(piece, field));
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
  const choices = new Map(names.filter((name) => name !== target).map((name) => [name, choose(seen.get(name)!)]));
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
