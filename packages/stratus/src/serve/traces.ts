import type { RequestRecord } from './observer.ts';

/** A request whose trace begins. */
export interface TracedRequest {
  readonly model: string;
  readonly version: string;
  readonly protocol: string;
  /** When it came, on the clock of `performance.now()`. */
  readonly startMs: number;
  /** A header that came with it: where its trace goes on from. */
  readonly header?: ((name: string) => string | undefined) | undefined;
}

/** The trace of one request. */
export interface RequestTrace {
  /** Does a part of the request with its context active. */
  within<T>(work: () => T): T;
  /** From now on it waits for its run. */
  waits(): void;
  /** What became of it. */
  end(record: RequestRecord): void;
}

/** Follows requests through a data plane; must not throw and must be quick. */
export interface ServingTraces {
  /** Undefined where nobody wants to know. */
  begin(request: TracedRequest): RequestTrace | undefined;
  /** Does the run that answers these requests, in a context of its own. */
  run<T>(
    about: { readonly model: string; readonly version: string; readonly rows: number },
    requests: readonly RequestTrace[],
    work: () => Promise<T>,
  ): Promise<T>;
}
