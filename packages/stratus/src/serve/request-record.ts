import { StratusError } from '@stratus/core';
import type { Ask } from './ask.ts';
import type { Answered } from './entry.ts';
import type { RequestRecord } from './observer.ts';
import type { Servable, Tensors } from './servable.ts';

/** Follows one request, from when it came. */
export function requestRecord({ protocol = 'compute', client, requestId, front }: Ask) {
  const start = performance.now();
  let rows = 1;
  return {
    startMs: start,
    rows(feeds: Tensors): void {
      for (const name in feeds) {
        rows = feeds[name]!.shape[0] ?? 1;
        return;
      }
    },
    /** What it asks, with what is left of its time. */
    left(ask: Ask): Ask {
      return ask.deadlineMs === undefined ? ask : { ...ask, deadlineMs: ask.deadlineMs - (performance.now() - start) };
    },
    /** What became of it: 'ok', or an error. */
    end({ name, version }: Servable, result: unknown, { queueMs, runMs }: Partial<Answered> = {}): RequestRecord {
      return {
        model: name,
        version,
        protocol,
        rows,
        code: result === 'ok' ? 'ok' : StratusError.is(result) ? result.code : 'internal',
        queueMs: queueMs ?? 0,
        runMs: runMs ?? 0,
        totalMs: performance.now() - start,
        ...(client !== undefined && { client }),
        ...(requestId !== undefined && { requestId }),
        ...(front !== undefined && { front }),
      };
    },
  };
}
