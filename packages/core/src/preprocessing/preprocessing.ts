import { type AnyTable, type Chunk, type ColumnSummary, type Dataset, listOf, piecesOf } from '../data/index.ts';
import { fail } from '../errors.ts';
import { type InputValue, input } from '../nn/index.ts';
import { nextTurn } from '../runtime/index.ts';
import { lookUp } from '../suggest.ts';
import { type DType, joinRows, Tensor } from '../tensor/index.ts';
import { contextOf } from './context.ts';
import { Field, type FieldConfig } from './field.ts';
import { feedNames, type Group, listGroup, mapGroup } from './groups.ts';
import { checkedJson, readJson } from './read-json.ts';
import { checkPresent } from './read-values.ts';
import type { Context } from './step.ts';

/** Fitted steps as plain data. */
export interface PreprocessingJson {
  readonly features: Group<FieldConfig>;
  readonly target: Group<FieldConfig>;
  /** A record of the training data, as far as it is plain: for those who want to try the model. */
  readonly example?: Readonly<Record<string, unknown>>;
}

/** What an input of a model is given, of one sample. */
export interface PreparedInput {
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** Where the numbers stand for something (words, categories): how many different ones there can be, the `inputDim` of an embedding. */
  readonly size?: number;
}

/** One batch of a training. */
export interface PreparedBatch {
  readonly x: Readonly<Record<string, Tensor>>;
  readonly y?: Readonly<Record<string, Tensor>>;
}

/**
 * Fitted steps: from records to what a model takes. They travel in the model's file as data. Made by `preprocessing(…).fit(records)`; give it to
 * `Model.preprocess`.
 *
 * @example
 * import { Preprocessing, preprocessing, steps } from '@stratus/core';
 * const prep = await preprocessing({ features: { city: [steps.categories()] } }).fit([{ city: 'Rome' }, { city: 'Oslo' }]);
 * const again = Preprocessing.fromJSON(JSON.parse(JSON.stringify(prep)));
 * console.log((await again.feeds([{ city: 'Oslo' }])).input!.toArray()); // [[1]]
 */
export class Preprocessing {
  /** The steps with what they have learnt. */
  readonly fitted: PreprocessingJson;
  /** What the training data had in each field; nothing after {@link Preprocessing.fromJSON}: models keep it as their baseline. */
  readonly statistics: Readonly<Record<string, ColumnSummary>>;
  readonly #features: Group<Field>;
  readonly #target: Group<Field>;

  /** @internal */
  constructor(fitted: PreprocessingJson, statistics: Readonly<Record<string, ColumnSummary>> = {}) {
    this.fitted = fitted;
    this.statistics = statistics;
    this.#features = mapGroup(fitted.features, (config) => new Field(config));
    this.#target = mapGroup(fitted.target, (config) => new Field(config));
    const open = [...listGroup(this.#features), ...listGroup(this.#target)].find((field) => !field.fitted);
    if (open)
      throw fail('bad-value', {
        what: 'preprocessing',
        at: open.config.field,
        got: 'a step that has learnt nothing',
        want: 'fitted steps',
      });
    for (const field of listGroup(this.#features)) {
      field.rowAfter(field.config.steps.length);
      field.rowAfter(field.hostSteps);
      field.layers(field.config.feed);
    }
    for (const field of listGroup(this.#target)) field.rowAfter(field.config.steps.length);
    this.inputs; // that they fit together is checked here
  }

  /** What each input of the model is given: declare it with these. Errors: `shape-mismatch` for fields that cannot lie side by side. */
  get inputs(): Readonly<Record<string, PreparedInput>> {
    return Object.fromEntries(
      Object.entries(this.#features).map(([name, fields]) => {
        const rows = Object.values(fields).map((field) => field.rowAfter(field.config.steps.length));
        if (rows.length === 1) {
          const form = Object.values(fields)[0]!.forms.at(-1)!;
          const size = 'size' in form ? form.size : undefined;
          const { shape, dtype } = rows[0]!;
          return [name, { shape, dtype: dtype === 'float64' ? 'float32' : dtype, ...(size !== undefined && { size }) }];
        }
        const odd = Object.keys(fields).find((_, i) => rows[i]!.shape.length !== 1);
        if (odd !== undefined)
          throw fail('shape-mismatch', {
            what: 'preprocessing',
            at: odd,
            got: `[${fields[odd]!.rowAfter(fields[odd]!.config.steps.length).shape.join(', ')}] for one record`,
            want: 'a row of numbers, to lie beside other fields',
            fix: 'Give it an input of its own: features: { image: { … }, table: { … } }.',
          });
        return [name, { shape: [rows.reduce((sum, { shape }) => sum + shape[0]!, 0)], dtype: 'float32' }];
      }),
    );
  }

  /** The head of a model, or one of its inputs by name. Errors: `unknown-name`, `bad-value` where there are several. */
  input(name?: string): InputValue {
    const { inputs } = this;
    const names = Object.keys(inputs);
    if (name === undefined && names.length > 1)
      throw fail('bad-value', { what: 'preprocessing', got: 'no name', want: `one of ${names.join(', ')}` });
    const chosen = name ?? names[0]!;
    const { shape, dtype } = lookUp('input', inputs, chosen);
    return input({ shape, dtype, name: chosen });
  }

  /** @internal The fields with their steps, by input. */
  get features(): Group<Field> {
    return this.#features;
  }

  /** The fields that records need to have, to be asked about. */
  get fields(): readonly FieldConfig[] {
    return listGroup(this.#features).map(({ config }) => config);
  }

  /** A record that the model can be asked about. */
  get example(): Readonly<Record<string, unknown>> {
    const { example = {} } = this.fitted;
    return Object.fromEntries(
      this.fields.map(({ field, kind }) => [field, kind === 'bytes' ? onePixel : (example[field] ?? null)]),
    );
  }

  /** Names of the classes of a target, as `classes()` has learnt them; undefined for other targets. */
  labels(target?: string): readonly string[] | undefined {
    const fields = target === undefined ? listGroup(this.#target) : Object.values(this.#target[target] ?? {});
    const labels = fields[0]?.config.steps.find((step) => step.config['labels'] !== undefined)?.config['labels'];
    return (labels as readonly unknown[] | undefined)?.map(String);
  }

  /** What the graph is fed for these records, by input of the graph. Errors: `bad-value`, naming field and record. */
  async feeds(records: readonly unknown[] | AnyTable, options: { readonly from?: number } = {}): Promise<Record<string, Tensor>> {
    return this.#tensors(records, { ...options, training: false });
  }

  async #tensors(
    records: Chunk<unknown>,
    { from = 0, training }: { from?: number; training: boolean },
  ): Promise<Record<string, Tensor>> {
    const fields = listGroup(this.#features);
    checkPresent(records, this.fields);
    return inPieces(records, async (piece, at) => {
      const context = this.#context(piece, from + at, training);
      const tensors = fields.map(
        async (field) => [field.config.feed, await field.tensor(piece, context, field.hostSteps)] as const,
      );
      return Object.fromEntries(await Promise.all(tensors));
    });
  }

  #context(records: Chunk<unknown>, from: number, training: boolean): Context {
    const fields = [...listGroup(this.#features), ...listGroup(this.#target)].map(({ config }) => config.field);
    return contextOf(records, { from, training, fields: [...fields] });
  }

  /** What a model learns from these records: feeds of the graph, and targets where there are any. Errors: as `feeds`. */
  async batch(records: readonly unknown[] | AnyTable, { from = 0, training = true } = {}): Promise<PreparedBatch> {
    const x = await this.#tensors(records, { from, training });
    if (Object.keys(this.#target).length === 0) return { x };
    const y = await inPieces(records, async (piece, at) => {
      const context = this.#context(piece, from + at, training);
      const columns = Object.entries(this.#target).map(async ([name, fields]) => {
        const parts = await Promise.all(Object.values(fields).map((field) => field.tensor(piece, context)));
        return [name, sideBySide(name, parts)] as const;
      });
      return Object.fromEntries(await Promise.all(columns));
    });
    return { x, y };
  }

  /**
   * Batches to train or to measure with, of so many records each: `fit` makes them by itself from a data set of records. To cache them:
   * `model.preprocessing.batches(data).cache()`.
   */
  batches<R>(data: Dataset<R>, size = 32, { training = true } = {}): Dataset<PreparedBatch> {
    return data.group(size, (parts, from) => {
      const [first] = parts as readonly Chunk<unknown>[];
      for (const part of parts) checkPresent(part as Chunk<unknown>, this.fields);
      return this.batch(parts.length === 1 ? first! : parts.flatMap((part) => [...listOf(part)]), { from, training });
    });
  }

  /** @internal The same with other names: of a model's own inputs and outputs. */
  renamed(
    features: Readonly<Record<string, string>>,
    target: Readonly<Record<string, string>>,
    taken: readonly string[] = [],
  ): Preprocessing {
    const named = (group: Group<FieldConfig>, names: Readonly<Record<string, string>>): Group<FieldConfig> =>
      Object.fromEntries(
        Object.entries(group).map(([name, fields]) => [Object.hasOwn(names, name) ? names[name]! : name, fields]),
      );
    const renamedFeatures = named(this.fitted.features, features);
    const feeds = feedNames(renamedFeatures, taken);
    return new Preprocessing(
      {
        features: mapGroup(renamedFeatures, (config, field, group) => ({ ...config, feed: feeds[group]![field]! })),
        target: named(this.fitted.target, target),
        ...(this.fitted.example && { example: this.fitted.example }),
      },
      this.statistics,
    );
  }

  /** Plain data that {@link Preprocessing.fromJSON} reads. */
  toJSON(): PreprocessingJson {
    return this.fitted;
  }

  /** Fitted steps again, from plain data, which may be anything. Errors: `bad-value`, `unknown-name` for a step that this version does not know. */
  static fromJSON(json: unknown): Preprocessing {
    return readJson(() => new Preprocessing(checkedJson(json)));
  }
}

/** An image of one grey pixel (PNG, base64): the least that can be decoded. */
const onePixel =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAACXBIWXMAAAPoAAAD6AG1e1JrAAAADElEQVQI12NoaGgAAAMEAYGa8M1PAAAAAElFTkSuQmCC';

/** Tensors of all records, made a part at a time so that nobody has to wait for long. */
async function inPieces(
  records: Chunk<unknown>,
  make: (piece: Chunk<unknown>, at: number) => Promise<Record<string, Tensor>>,
): Promise<Record<string, Tensor>> {
  const parts: Record<string, Tensor>[] = [];
  let at = 0;
  for (const piece of records.length === 0 ? [records] : piecesOf(records, 1024)) {
    if (at > 0) await nextTurn();
    parts.push(await make(piece, at));
    at += piece.length;
  }
  if (parts.length === 1) return parts[0]!;
  const names = Object.keys(parts[0]!);
  return Object.fromEntries(
    names.map((name) => [
      name,
      joinRows(parts.map((part) => part[name]!) as [Tensor, ...Tensor[]], { what: 'preprocessing', at: name }),
    ]),
  );
}

/** Several targets of one output. */
function sideBySide(name: string, parts: readonly Tensor[]): Tensor {
  if (parts.length === 1) return parts[0]!;
  if (parts.some(({ shape }) => shape.length !== 2))
    throw fail('shape-mismatch', {
      what: 'target',
      at: name,
      got: 'fields of several axes',
      want: 'one number, or a row of them, for each',
    });
  const rows = parts[0]!.shape[0]!;
  const width = parts.reduce((sum, { shape }) => sum + shape[1]!, 0);
  const data = new Float32Array(rows * width);
  let at = 0;
  for (const part of parts) {
    const own = part.shape[1]!;
    for (let row = 0; row < rows; row++)
      for (let i = 0; i < own; i++) data[row * width + at + i] = Number(part.data[row * own + i]);
    at += own;
  }
  return new Tensor('float32', [rows, width], data);
}
