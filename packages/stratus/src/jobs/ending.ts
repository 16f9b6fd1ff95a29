import { constants } from 'node:os';
import type { Outcome } from '../store/index.ts';

/** 'Preempted: run me again', as batch systems and clouds understand it (EX_TEMPFAIL of sysexits.h). */
export const preemptedCode = 75;

/** Why a supervisor ends an attempt. */
export type StopReason = 'cancel' | 'preempt' | 'timeout';

export interface Ending {
  /** As a shell has it: 128 and the signal's number for a command that was killed. Undefined: nobody knows. */
  readonly code: number | undefined;
  /** Why it was told to stop, if it was. */
  readonly stopped: StopReason | undefined;
  /** It did not stop in time, and was killed. */
  readonly killed: boolean;
  /** It ended because it saw no supervisor any more. */
  readonly abandoned: boolean;
  readonly timeoutMs: number | undefined;
  readonly graceMs: number;
  /** The disk on which its output lies was full at some time. */
  readonly wasFull?: boolean;
}

const signalOf = (code: number): string | undefined =>
  code > 128 ? Object.entries(constants.signals).find(([, number]) => number === code - 128)?.[0] : undefined;

const seconds = (ms: number): string => `${Number((ms / 1000).toFixed(1))} s`;

/** What the end of an attempt means. */
export function outcomeOf({ code, stopped, killed, abandoned, timeoutMs = 0, graceMs, wasFull = false }: Ending): Outcome {
  const signal = code === undefined ? undefined : signalOf(code);
  const how = { ...(code !== undefined && { exitCode: code }), ...(signal !== undefined && { signal }) };
  const after = killed ? `, killed after ${seconds(graceMs)} of grace` : '';
  if (code === 0) return { ...how, status: 'succeeded', reason: 'exit code 0' };
  if (stopped === 'cancel') return { ...how, status: 'cancelled', reason: `cancelled${after}` };
  if (stopped === 'timeout') return { ...how, status: 'timed-out', reason: `ran for more than ${seconds(timeoutMs)}${after}` };
  if (stopped === 'preempt') return { ...how, status: 'preempted', reason: `made room${after}` };
  if (abandoned) return { ...how, status: 'preempted', reason: 'stopped, since no supervisor could be seen' };
  if (code === preemptedCode) return { ...how, status: 'preempted', reason: 'saved, to go on later (exit code 75)' };
  const full = wasFull ? ', and the disk of its output was full' : '';
  if (code === undefined) return { status: 'lost', reason: `its process is gone, and nobody knows how it ended${full}` };
  return { ...how, status: 'failed', reason: `${signal === undefined ? `exit code ${code}` : `killed by ${signal}`}${full}` };
}
