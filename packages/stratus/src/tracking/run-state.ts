import { hostname } from 'node:os';
import { isThere } from '../processes/index.ts';
import type { RunInfo, RunStatus } from '../store/index.ts';

/** What is shown of a run's status: 'lost' is one that says that it is running, and whose process is not there any more or has been silent for long. */
export type RunState = RunStatus | 'lost';

/** Errors: none; a process of another machine is known by its silence alone. */
export function stateOf({ status, isSilent, environment }: Pick<RunInfo, 'status' | 'isSilent' | 'environment'>): RunState {
  if (status !== 'running') return status;
  if (isSilent) return 'lost';
  const { host, process: id } = (environment ?? {}) as { readonly host?: unknown; readonly process?: unknown };
  return host === hostname() && typeof id === 'number' && !isThere(id) ? 'lost' : status;
}
