import type { Tensor } from '@stratus/core';
import type { RequestRecord } from '../serve/index.ts';
import { bestClass } from './drift/output-watch.ts';
import { numberAt, rowWidth } from './drift/watches.ts';
import { idOf, requestScope } from './request-scope.ts';
import { keyOf, type WatchedModel } from './watched-model.ts';

/** What was answered to one request: of each row a class, or a number. Plain data, which another process can be sent. */
export interface GivenAnswer {
  /** What its label may be sent with. */
  readonly ids: readonly string[];
  readonly model: string;
  readonly version: string;
  /** The name of the output that it is about. */
  readonly output: string;
  /** Classes by number. */
  readonly classes?: readonly number[] | undefined;
  readonly numbers?: readonly number[] | undefined;
}

/** Labels of so many models are kept at hand. */
const mostModels = 1000;

/** Reads out of answers what their labels will be compared with. */
export class AnswerReader {
  /** Of a request so many rows are remembered. */
  static readonly mostRows = 256;
  readonly #about: (model: string, version: string) => WatchedModel | undefined;
  readonly #labels = new Map<string, NonNullable<WatchedModel['labels']>>();

  constructor(about: (model: string, version: string) => WatchedModel | undefined) {
    this.#about = about;
  }

  /** Undefined where nobody could name it, or there is nothing to compare. */
  read(record: RequestRecord, outputs: Readonly<Record<string, Tensor>>): GivenAnswer | undefined {
    const id = idOf(record);
    if (id === undefined) return undefined;
    const name = Object.keys(outputs).find((output) => outputs[output]!.dtype !== 'string');
    if (name === undefined) return undefined;
    const tensor = outputs[name]!;
    const { model, version } = record;
    const width = rowWidth(tensor);
    if (width === 0) return undefined;
    const rows = Math.min(AnswerReader.mostRows, tensor.data.length / width);
    const isClass = width > 1 || this.labelsOf(model, version, name) !== undefined;
    const each = <T>(of: (start: number) => T): T[] => Array.from({ length: rows }, (_, row) => of(row * width));
    // Who sent no id of its own may have one in the body of its request, and got another in a header.
    const front = requestScope(record)?.requestId;
    return {
      ids: front === undefined || front === id ? [id] : [id, front],
      ...{ model, version, output: name },
      ...(isClass
        ? { classes: each((start) => bestClass(tensor, start, width)[0]) }
        : { numbers: each((start) => numberAt(tensor, start)) }),
    };
  }

  /** The names of the classes of an output. What a version says of them does not change: it is asked once. */
  labelsOf(model: string, version: string, output: string): readonly string[] | undefined {
    const key = keyOf(model, version);
    let known = this.#labels.get(key);
    if (known === undefined) {
      known = this.#about(model, version)?.labels ?? {};
      if (this.#labels.size >= mostModels) this.#labels.clear();
      this.#labels.set(key, known);
    }
    return Object.hasOwn(known, output) ? known[output] : undefined;
  }
}
