import type { Tensor } from '@stratus/core';
import type { Front } from './front.ts';
import type { ShadowRecord } from './shadow-report.ts';

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
  /** What whoever stands before the data plane knows of it. */
  readonly front?: Front;
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

/** What the records of a request had in their fields, before any step. */
export interface FieldsOf {
  readonly rows: number;
  /** Of a row; undefined where it has no such field. */
  value(field: string, row: number): unknown;
}

/** A request that was answered with an error before a model was asked. Nothing in it is what a client wrote. */
export interface Refusal {
  /** The protocol that it was for, 'http' or 'grpc' where that is not known. */
  readonly protocol: string;
  /**
   * The code of its error; 'no-path' where nothing is at its path, 'no-method' where it takes another method. Of what did not become a request: 'not-http',
   * 'head-too-large', 'too-many-headers', 'too-late', 'expectation'.
   */
  readonly code: string;
  /** The status that it was answered with: of HTTP, or the name of gRPC's; 'closed' where its connection was closed instead. */
  readonly status: string;
  /** The model that it was for, where there is one of this name. */
  readonly model?: string | undefined;
}

/** Is told of what happens in a data plane; must not throw and must be quick. */
export interface ServingObserver {
  request?(record: RequestRecord): void;
  batch?(record: BatchRecord): void;
  /** What went in and came out, for capture and drift: only of answered requests. `fields`: what records had, where a model has preprocessing. */
  answered?(
    record: RequestRecord,
    feeds: Readonly<Record<string, Tensor>>,
    outputs: Readonly<Record<string, Tensor>>,
    fields?: FieldsOf,
  ): void;
  /** A request that no model was asked for. */
  refused?(refusal: Refusal): void;
  /** A request that a shadow was to be asked too. */
  shadowed?(record: ShadowRecord): void;
}
