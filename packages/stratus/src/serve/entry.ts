import type { Tensor } from '@stratus/core';
import type { Ask } from './ask.ts';
import type { Tensors } from './servable.ts';
import type { RequestTrace } from './traces.ts';

/** An answer, and how long it took. */
export interface Answered {
  readonly outputs: Record<string, Tensor>;
  /** How long it waited, and how long its run took, in milliseconds. */
  readonly queueMs: number;
  readonly runMs: number;
}

/** One request in the house. */
export class Entry {
  readonly tensors: Tensors;
  /** Rows that may be merged with others; undefined when it has to run alone. */
  readonly rows: number | undefined;
  /** How many elements it has: what the time of a run goes with. */
  readonly elements: number;
  readonly bytes: number;
  /** Requests with the same one may be merged. */
  readonly key: string;
  readonly arrivedAt = performance.now();
  /** When nobody wants the answer any more; Infinity where nobody said. */
  readonly deadlineAt: number;
  readonly priority: number;
  readonly client: string;
  readonly trace: RequestTrace | undefined;
  /** Where it stands among requests of its priority, and among those that stand there too. */
  place = 0;
  number = 0;
  readonly answer: Promise<Answered>;
  /** Nobody wants the answer any more. */
  gone = false;
  /** Is called when that is so. */
  whenGone: (() => void) | undefined;
  resolve!: (answer: Answered) => void;
  reject!: (error: unknown) => void;

  constructor(tensors: Tensors, batched: boolean, { deadlineMs, priority = 0, client = '', trace }: Ask) {
    const list = Object.entries(tensors);
    const rows = list[0]?.[1].shape[0];
    this.tensors = tensors;
    this.rows = batched && list.every(([, { shape }]) => shape[0] === rows) ? rows : undefined;
    this.elements = list.reduce((n, [, { data }]) => n + data.length, 0);
    this.bytes = list.reduce((n, [, tensor]) => n + bytesOf(tensor), 0);
    this.key = list
      .map(([name, { shape }]) => `${name}:${shape.slice(1).join(',')}`)
      .sort()
      .join(';');
    this.deadlineAt = deadlineMs === undefined ? Number.POSITIVE_INFINITY : this.arrivedAt + deadlineMs;
    this.priority = priority;
    this.client = client;
    this.trace = trace;
    this.answer = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  leave(): void {
    this.gone = true;
    this.whenGone?.();
  }

  /** True when it goes before another. */
  isBefore(other: Entry): boolean {
    if (this.priority !== other.priority) return this.priority > other.priority;
    return this.place !== other.place ? this.place < other.place : this.number < other.number;
  }
}

/** Texts are counted as two bytes a character. */
const bytesOf = ({ data }: Tensor): number =>
  Array.isArray(data) ? data.reduce((n: number, text) => n + 2 * String(text).length, 0) : (data as ArrayBufferView).byteLength;
