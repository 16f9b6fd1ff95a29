import type { NewJobBody, WireAttempt, WireJob, WireJobLogPiece } from '../api/index.ts';
import { type Asking, askJson } from './asking.ts';
import { create } from './create.ts';

/** The jobs of a project: commands that supervisors run. */
export interface JobClient {
  /** Queues a command. It takes a token of an admin of all projects, for it runs as the user of a supervisor. */
  submit(job: NewJobBody): Promise<WireJob>;
  get(key: string): Promise<WireJob>;
  /** The newest first. */
  list(query?: { readonly status?: readonly WireJob['status'][]; readonly limit?: number }): Promise<readonly WireJob[]>;
  attempts(key: string): Promise<readonly WireAttempt[]>;
  logs(
    key: string,
    query?: { readonly after?: number; readonly limit?: number; readonly attempt?: number },
  ): Promise<readonly WireJobLogPiece[]>;
  /** Ends a job: SIGTERM, then SIGKILL. */
  cancel(key: string): Promise<WireJob>;
  /** Lets one that is over begin once more; it takes what `submit` takes. */
  retry(key: string): Promise<WireJob>;
  /** Asks one that runs to save what it has and make room. */
  preempt(key: string): Promise<WireJob>;
}

export function jobClient(asking: Asking, at: string): JobClient {
  const job = (key: string): string => `${at}/jobs/${encodeURIComponent(key)}`;
  return {
    submit: (given) => create(asking, `${at}/jobs`, given),
    get: (key) => askJson(asking, job(key)),
    list: async (query = {}) => (await askJson<{ jobs: WireJob[] }>(asking, `${at}/jobs`, { query: { ...query } })).jobs,
    attempts: async (key) => (await askJson<{ attempts: WireAttempt[] }>(asking, `${job(key)}/attempts`)).attempts,
    logs: async (key, query = {}) =>
      (await askJson<{ pieces: WireJobLogPiece[] }>(asking, `${job(key)}/logs`, { query: { ...query } })).pieces,
    // Not tried again: by the second time it may be over, or begun.
    cancel: (key) => askJson(asking, `${job(key)}/cancel`, { method: 'POST' }),
    retry: (key) => askJson(asking, `${job(key)}/retry`, { method: 'POST' }),
    preempt: (key) => askJson(asking, `${job(key)}/preempt`, { method: 'POST' }),
  };
}
