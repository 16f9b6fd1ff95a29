import { fail, type Tensor } from '@stratus/core';
import type { RequestRecord, ServingObserver } from '../serve/index.ts';
import { AnswerReader, type GivenAnswer } from './given-answer.ts';
import { Slices } from './slices.ts';
import { keyOf, type WatchedModel } from './watched-model.ts';

interface Remembered extends GivenAnswer {
  readonly labels: readonly string[] | undefined;
  /** Rows whose label has come. */
  readonly told: Set<number>;
}

/** Options of {@link Feedback}. */
export interface FeedbackOptions {
  /** The answers of the last so many requests are remembered; 10,000 unless told. */
  readonly most?: number | undefined;
  /** Accuracy is of the labels of the last so many milliseconds; an hour unless told. */
  readonly windowMs?: number | undefined;
  readonly now?: (() => number) | undefined;
}

/** What labels say about a model's answers. */
export interface LiveAccuracy {
  /** Labels that came in the window. */
  readonly labels: number;
  /** The share of classes that were right. */
  readonly accuracy?: number | undefined;
  /** Of numbers: how far off, on average and as the root of the mean square. */
  readonly meanAbsoluteError?: number | undefined;
  readonly rootMeanSquareError?: number | undefined;
}

/** What somebody tells about a request: the right answer, or one for each row. */
export interface Label {
  readonly requestId: string;
  readonly label: unknown;
}

/** What became of labels. */
export interface LabelsTaken {
  /** Rows that got their label. */
  readonly accepted: number;
  /** Ids of requests all of whose rows had their label before: the first one counts. */
  readonly already: readonly string[];
  /** Ids of requests that are not remembered: too long ago, or never answered by this model. */
  readonly unknown: readonly string[];
}

const slices = 12;

class Slice {
  labels = 0;
  right = 0;
  absolute = 0;
  squares = 0;
  clear(): void {
    this.labels = this.right = this.absolute = this.squares = 0;
  }
}

/**
 * Remembers the last answers by the id of their request, and compares them with the labels that come later: how often a model is right in service.
 *
 * @example
 * import { Feedback, tensor } from 'stratus';
 * const feedback = new Feedback(() => undefined);
 * const record = { model: 'net', version: '1', protocol: 'oip-http', rows: 1, code: 'ok', queueMs: 0, runMs: 1, totalMs: 1, requestId: 'r1' };
 * feedback.answered(record, {}, { y: tensor([[0.2, 0.8]]) });
 * feedback.take('net', [{ requestId: 'r1', label: 1 }]);
 * console.log(feedback.accuracy('net', '1').accuracy); // 1
 */
export class Feedback implements ServingObserver {
  readonly #reader: AnswerReader;
  readonly #remembered = new Map<string, Remembered>();
  readonly #models = new Map<string, { readonly slices: Slices<Slice>; readonly isOfNumbers: boolean }>();
  readonly #options: Required<{ most: number; windowMs: number; now: () => number }>;

  constructor(
    about: (model: string, version: string) => WatchedModel | undefined,
    { most = 10_000, windowMs = 3_600_000, now = () => performance.now() }: FeedbackOptions = {},
  ) {
    this.#reader = new AnswerReader(about);
    this.#options = { most, windowMs, now };
  }

  answered(record: RequestRecord, _feeds: unknown, outputs: Readonly<Record<string, Tensor>>): void {
    const answer = this.#reader.read(record, outputs);
    if (answer) this.remember(answer);
  }

  /** Remembers an answer, of this process or of another one. */
  remember(given: GivenAnswer): void {
    const { ids, model, version, output } = given;
    const labels = given.classes && this.#reader.labelsOf(model, version, output);
    const answer: Remembered = { ...given, labels, told: new Set() };
    for (const id of ids) this.#remember(id, answer);
  }

  #remember(id: string, answer: Remembered): void {
    const key = keyOf(answer.model, id);
    this.#remembered.delete(key);
    this.#remembered.set(key, answer);
    if (this.#remembered.size <= this.#options.most) return;
    const [oldest] = this.#remembered.keys();
    this.#remembered.delete(oldest!);
  }

  /** Takes in labels for the answers of a model. Errors: `bad-request` for a label that does not fit its answer; then none is taken. */
  take(model: string, labels: readonly Label[]): LabelsTaken {
    const unknown: string[] = [];
    const found = labels.flatMap(({ requestId, label }) => {
      const answer = this.#remembered.get(keyOf(model, requestId));
      if (answer === undefined) {
        unknown.push(requestId);
        return [];
      }
      return [{ requestId, answer, values: valuesOf(answer, label, requestId) }];
    });
    let accepted = 0;
    const already: string[] = [];
    for (const { requestId, answer, values } of found) {
      const before = accepted;
      for (const [row, value] of values.entries()) {
        if (answer.told.has(row)) continue; // whoever sends a label again because no answer came changes nothing
        answer.told.add(row);
        accepted++;
        this.#count(answer, row, value);
      }
      if (accepted === before && values.length > 0) already.push(requestId);
    }
    return { accepted, already, unknown };
  }

  #count({ model, version, classes, numbers }: Remembered, row: number, value: number): void {
    const key = keyOf(model, version);
    let own = this.#models.get(key);
    if (own === undefined) {
      const { windowMs, now } = this.#options;
      const made = new Slices({ windowMs, count: slices, make: () => new Slice(), clear: (slice) => slice.clear(), now });
      own = { slices: made, isOfNumbers: numbers !== undefined };
      this.#models.set(key, own);
    }
    const slice = own.slices.current;
    slice.labels++;
    if (classes) slice.right += Number(classes[row] === value);
    if (numbers) {
      slice.absolute += Math.abs(numbers[row]! - value);
      slice.squares += (numbers[row]! - value) ** 2;
    }
  }

  /** How a model's answers stand to the labels of the window. */
  accuracy(model: string, version: string): LiveAccuracy {
    const own = this.#models.get(keyOf(model, version));
    const all = own?.slices.all ?? [];
    const sum = (of: (slice: Slice) => number): number => all.reduce((n, slice) => n + of(slice), 0);
    const labels = sum((s) => s.labels);
    if (own === undefined || labels === 0) return { labels: 0 };
    if (!own.isOfNumbers) return { labels, accuracy: sum((s) => s.right) / labels };
    return {
      labels,
      meanAbsoluteError: sum((s) => s.absolute) / labels,
      rootMeanSquareError: Math.sqrt(sum((s) => s.squares) / labels),
    };
  }
}

/** The label of each row as a number. Errors: `bad-request`. */
function valuesOf({ classes, numbers, labels }: Remembered, label: unknown, id: string): number[] {
  const rows = (classes ?? numbers)!.length;
  const given = Array.isArray(label) ? (label as unknown[]) : [label];
  if (given.length !== rows && !(rows === AnswerReader.mostRows && given.length > rows))
    throw fail('bad-request', {
      reason: `The answer to the request '${id}' had ${rows} rows, and there are ${given.length} labels.`,
    });
  return given.slice(0, rows).map((value) => {
    if (classes && typeof value === 'string' && labels) {
      const place = labels.indexOf(value);
      if (place >= 0) return place;
      throw fail('bad-request', {
        reason: `The label ${JSON.stringify(value.slice(0, 100))} is no class of the model; it knows ${labels.slice(0, 20).join(', ')}.`,
      });
    }
    if (typeof value === 'boolean') return Number(value);
    if (classes && labels && typeof value === 'number' && (value < 0 || value >= labels.length))
      throw fail('bad-request', {
        reason: `There is no class ${value}: the model knows ${labels.length}, from 0 to ${labels.length - 1}.`,
      });
    if (typeof value === 'number' && Number.isFinite(value) && (!classes || Number.isInteger(value))) return value;
    throw fail('bad-request', {
      reason: `A label must be ${classes ? `the number of a class${labels ? ' or its name' : ''}` : 'a number'}, not ${typeof value === 'object' ? 'an object' : JSON.stringify(value)?.slice(0, 100)}.`,
    });
  });
}
