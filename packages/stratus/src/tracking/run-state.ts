import { hostname } from 'node:os';
import type { RunInfo, RunStatus } from '../store/index.ts';

/** What is shown of a run's status: 'lost' is one that says that it is running, and whose process is not there any more or has been silent for long. */
export type RunState = RunStatus | 'lost';

/** A process says something every five seconds; what is delivered may wait for fifteen more, and for a busy database. */
const silenceMs = 120_000;

/** Errors: none; a process of another machine is known by its silence alone. */
export function stateOf(
  { status, seenAt, environment }: Pick<RunInfo, 'status' | 'seenAt' | 'environment'>,
  now: number = Date.now(),
): RunState {
  if (status !== 'running') return status;
  if (now - seenAt.getTime() > silenceMs) return 'lost';
  const { host, process: id } = (environment ?? {}) as { readonly host?: unknown; readonly process?: unknown };
  return host === hostname() && typeof id === 'number' && !isAlive(id) ? 'lost' : status;
}

function isAlive(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (e) {
    return (e as NodeJS.ErrnoException).code === 'EPERM';
  }
}
