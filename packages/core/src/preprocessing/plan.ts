import { type AnyTable, type Chunk, type Dataset, dataset, listOf, piecesOf } from '../data/index.ts';
import { fail } from '../errors.ts';
import { nextTurn } from '../runtime/index.ts';
import { lookUp } from '../suggest.ts';
import { isTensor } from '../tensor/index.ts';
import { contextOf } from './context.ts';
import { Field, type FieldConfig, inField, specOf } from './field.ts';
import type { Values } from './form.ts';
import { type Fields, feedNames, type Group, grouped, listGroup, mapGroup } from './groups.ts';
import { FieldObserver } from './observe.ts';
import { Preprocessing } from './preprocessing.ts';
import { rawValues } from './read-values.ts';
import type { Context, Learner, Step } from './step.ts';

/** What {@link preprocessing} takes. */
export interface PreprocessingOptions {
  /** The fields that a model is given, side by side in one input; by input for a model with several: `{ text: { review: […] } }`. */
  readonly features: Fields | Readonly<Record<string, Fields>>;
  /** The field that it learns to tell; by output for a model with several. */
  readonly target?: Fields | Readonly<Record<string, Fields>> | undefined;
}

/** Records: a data set, a list, or a table. */
export type Records = Dataset<unknown> | readonly unknown[] | AnyTable;

/**
 * What is to be learnt from records: `fit` does it. Made by {@link preprocessing}.
 *
 * @example
 * import { preprocessing, steps } from '@stratus/core';
 * const plan = preprocessing({ features: { size: [steps.minMax()] } });
 * console.log((await plan.fit([{ size: 2 }, { size: 4 }])).inputs.input); // { shape: [1], dtype: 'float32' }
 */
export class PreprocessingPlan {
  readonly #features: Group<readonly Step[]>;
  readonly #target: Group<readonly Step[]>;

  /** @internal */
  constructor({ features, target }: PreprocessingOptions) {
    this.#features = grouped(features, 'input');
    this.#target = grouped(target, 'target');
  }

  /**
   * Learns from the training data, in a few readings of it: never give it the records you test with.
   * Errors: `bad-value`, naming step, field and record; `unknown-name` for a field that is not there; `aborted`.
   */
  async fit(records: Records, { signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<Preprocessing> {
    const data = dataset(records as readonly unknown[]);
    const observers = new Map<string, FieldObserver>();
    for (const fields of [...Object.values(this.#features), ...Object.values(this.#target)])
      for (const [field, steps] of Object.entries(fields)) {
        const reads = steps[0] && specOf(steps[0]).reads;
        observers.set(field, new FieldObserver(field, observers.has(field) ? undefined : reads));
      }
    let count = 0;
    let first: unknown;
    for await (const piece of pieces(data, signal)) {
      if (count === 0) first = listOf(piece)[0];
      count += piece.length;
      for (const observer of observers.values()) observer.add(rawValues(piece, observer.field));
    }
    if (count === 0) throw fail('bad-value', { what: 'preprocessing', got: 'no records', want: 'some to learn from' });
    for (const { field, summary } of observers.values()) if (summary.count === 0) checkField(field, first);
    const feeds = feedNames(this.#features);
    const begin = (steps: readonly Step[], field: string, feed: string): FieldConfig => ({
      field,
      feed,
      ...observers.get(field)!.done(steps[0] && specOf(steps[0]).reads),
      steps,
    });
    let features = mapGroup(this.#features, (steps, field, group) => new Field(begin(steps, field, feeds[group]![field]!)));
    let target = mapGroup(this.#target, (steps, field) => new Field(begin(steps, field, `@target/${field}`)));
    for (;;) {
      const open = [...listGroup(features), ...listGroup(target)].filter((field) => !field.fitted);
      if (open.length === 0) break;
      const ready = listGroup(target).every((field) => field.fitted);
      const learning = open.filter((field) => ready || !field.next.spec.needsTarget);
      const fields = [...listGroup(features), ...listGroup(target)].map(({ config }) => config.field);
      const learnt = await learn(learning, { data, fields, target: listGroup(target), signal });
      const update = (field: Field): Field => learnt.get(field) ?? field;
      [features, target] = [mapGroup(features, update), mapGroup(target, update)];
    }
    const statistics = Object.fromEntries(
      [...observers].flatMap(([name, seen]) => (seen.summary.count > 0 ? [[name, seen.summary]] : [])),
    );
    return new Preprocessing(
      {
        features: mapGroup(features, ({ config }) => config),
        target: mapGroup(target, ({ config }) => config),
        example: exampleOf(
          first,
          listGroup(features).map(({ config }) => config.field),
        ),
      },
      statistics,
    );
  }
}

const longestExample = 1000;

/** The fields of a record that are plain and short. */
const exampleOf = (record: unknown, fields: readonly string[]): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    fields.flatMap((field) => {
      const value = (record as Readonly<Record<string, unknown>>)[field];
      const plain =
        typeof value === 'bigint'
          ? Number(value)
          : value instanceof Date
            ? Number.isNaN(value.getTime())
              ? null
              : value.toISOString()
            : value;
      const json = isTensor(plain) || ArrayBuffer.isView(plain) ? '' : (JSON.stringify(plain) ?? '');
      return json !== '' && json.length <= longestExample ? [[field, plain]] : [];
    }),
  );

/** Errors: `unknown-name` with a did-you-mean, for a field that the first record does not have. */
function checkField(field: string, record: unknown): void {
  if (typeof record === 'object' && record !== null && !Object.hasOwn(record, field))
    lookUp('field', record as Readonly<Record<string, unknown>>, field);
}

/** Small parts of all records, with a turn of the event loop between them. */
async function* pieces(data: Dataset<unknown>, signal: AbortSignal | undefined): AsyncGenerator<Chunk<unknown>> {
  for await (const chunk of data.chunks({ signal }))
    for (const piece of piecesOf(chunk, 1024)) {
      if (signal?.aborted) throw fail('aborted', { what: 'Fitting' }, signal.reason);
      yield piece;
      await nextTurn();
    }
}

/** One reading for the next step of each field. */
async function learn(
  learning: readonly Field[],
  {
    data,
    fields,
    target,
    signal,
  }: {
    readonly data: Dataset<unknown>;
    /** The names of all fields: what a record is known by. */
    readonly fields: readonly string[];
    readonly target: readonly Field[];
    readonly signal?: AbortSignal | undefined;
  },
): Promise<Map<Field, Field>> {
  const learners = learning.map((field) => {
    const { spec, step, form } = field.next;
    return { field, learner: inField(field.config.field, () => spec.learn!(step.config, form) as Learner<object>) };
  });
  const needsTarget = learning.some((field) => field.next.spec.needsTarget);
  let from = 0;
  for await (const piece of pieces(data, signal)) {
    const plain = contextOf(piece, { from, training: true, fields });
    const targets = needsTarget ? await targetsOf(piece, target, plain) : undefined;
    const context = contextOf(piece, { from, training: true, fields, targets });
    for (const { field, learner } of learners) {
      const values = await field.values(piece, context);
      inField(field.config.field, () => learner.add(values, context));
    }
    from += piece.length;
  }
  return new Map(
    learners.map(({ field, learner }) => {
      const at = field.forms.length - 1;
      const steps = field.config.steps.map((step, i) =>
        i === at
          ? { ...step, config: inField(field.config.field, () => learner.done()) as Readonly<Record<string, unknown>> }
          : step,
      );
      return [field, new Field({ ...field.config, steps })];
    }),
  );
}

/** Numbers to learn from: of a target of numbers, or of two classes. */
async function targetsOf(
  piece: Chunk<unknown>,
  [target, ...others]: readonly Field[],
  context: Context,
): Promise<Values | undefined> {
  const form = target?.forms.at(-1);
  if (!target || !form || others.length > 0) return undefined;
  if (form.kind === 'number' || (form.kind === 'index' && form.size === 2)) return target.values(piece, context);
  throw fail('bad-value', {
    what: 'targetEncoding',
    got: form.kind === 'index' ? `a target of ${form.size} classes` : 'a target that is no number',
    want: 'a target of numbers or of two classes',
  });
}

/**
 * What is done to records before a model sees them: for each field a list of `steps`. `fit` learns from the training data; `Model.preprocess` then makes it a part of the
 * model, which takes records from there on: in training, in `predict`, when it is served, and in a browser.
 *
 * Shapes: see {@link Preprocessing.inputs}. Errors: `bad-value`, `unknown-name`. Source: scikit-learn ColumnTransformer, Keras FeatureSpace.
 *
 * @example
 * import { dense, preprocessing, sequential, steps } from '@stratus/core';
 * const people = [{ age: 22, sex: 'f', lives: 'yes' }, { age: null, sex: 'm', lives: 'no' }, { age: 41, sex: 'f', lives: 'yes' }];
 * const prep = await preprocessing({
 *   features: { age: [steps.impute(), steps.standardize()], sex: [steps.categories(), steps.oneHot()] },
 *   target: { lives: [steps.classes()] },
 * }).fit(people);
 * const net = sequential([prep.input(), dense({ units: 2, activation: 'softmax' })]).preprocess(prep);
 * net.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
 * await net.fit(people, { epochs: 2, verbose: 0 });
 * console.log((await net.predict([{ age: 30, sex: 'f' }])).shape); // [1, 2]
 */
export const preprocessing = (options: PreprocessingOptions): PreprocessingPlan => new PreprocessingPlan(options);
