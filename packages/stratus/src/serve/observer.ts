import type { Tensor } from '@stratus/core';

/** What became of one request to a model. Times in milliseconds. */
export interface RequestRecord {
  readonly model: string;
  readonly version: string;
  /** The protocol that brought it: 'oip-http', 'oip-grpc', 'tf-serving', 'invocations', 'predict', … */
  readonly protocol: string;
  readonly rows: number;
  /** 'ok', or the code of its error. */
  readonly code: string;
  readonly queueMs: number;
  readonly runMs: number;
  readonly totalMs: number;
  /** Who asked, as the front says: the id of a key. */
  readonly client?: string;
  readonly requestId?: string;
}

/** One run of a model. */
export interface BatchRecord {
  readonly model: string;
  readonly version: string;
  readonly requests: number;
  readonly rows: number;
  readonly runMs: number;
  /** Why it began: nothing else was running, it was full, the delay was over, a deadline is near, only one shape fits … */
  readonly closedBy: 'idle' | 'full' | 'delay' | 'deadline' | 'alone';
}

/** Is told of what happens in a data plane; must not throw and must be quick. */
export interface ServingObserver {
  request?(record: RequestRecord): void;
  batch?(record: BatchRecord): void;
  /** What went in and came out, for capture and drift: only of answered requests. */
  answered?(record: RequestRecord, feeds: Readonly<Record<string, Tensor>>, outputs: Readonly<Record<string, Tensor>>): void;
}
