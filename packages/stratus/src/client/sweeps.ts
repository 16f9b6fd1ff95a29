import type { NewSweepBody, WireJob, WireSweep, WireTrial } from '../api/index.ts';
import { type Asking, askJson } from './asking.ts';
import { create } from './create.ts';

/** A trial of a sweep, as the server tells it. */
export type SweepTrial = Omit<WireTrial, 'value' | 'latest'> & {
  readonly value?: number;
  readonly latest?: { readonly step: number; readonly value: number };
};

/** A sweep, as the server tells it. */
export type Sweep = Omit<WireSweep, 'best'> & { readonly best?: SweepTrial };

/** The sweeps of a project: searches for the best parameters. */
export interface SweepClient {
  /** Queues a sweep as a job; the key of the job is that of the sweep once it has begun. It takes a token of an admin of all projects. */
  start(sweep: NewSweepBody): Promise<WireJob>;
  /** By the key of its run, or by name: the newest one of that name. */
  get(sweep: string): Promise<Sweep>;
  /** The newest first. `next` is the `skip` of the following page; null: there is none. */
  list(query?: {
    readonly skip?: number;
    readonly limit?: number;
  }): Promise<{ readonly sweeps: readonly Sweep[]; readonly next: number | null }>;
  /** The best one first, or by number. */
  trials(
    sweep: string,
    query?: { readonly sort?: 'value' | 'number'; readonly skip?: number; readonly limit?: number },
  ): Promise<{ readonly trials: readonly SweepTrial[]; readonly next: number | null }>;
}

const trialOf = ({ value, latest, ...rest }: WireTrial): SweepTrial => ({
  ...rest,
  ...(value !== undefined && { value: Number(value) }),
  ...(latest !== undefined && { latest: { step: latest.step, value: Number(latest.value) } }),
});

const sweepOf = ({ best, ...rest }: WireSweep): Sweep => ({ ...rest, ...(best !== undefined && { best: trialOf(best) }) });

export function sweepClient(asking: Asking, at: string): SweepClient {
  const sweep = (name: string): string => `${at}/sweeps/${encodeURIComponent(name)}`;
  return {
    start: (given) => create(asking, `${at}/sweeps`, given, `${at}/jobs`),
    get: async (name) => sweepOf(await askJson<WireSweep>(asking, sweep(name))),
    async list(query = {}) {
      const found = await askJson<{ sweeps: WireSweep[]; next: number | null }>(asking, `${at}/sweeps`, { query: { ...query } });
      return { sweeps: found.sweeps.map(sweepOf), next: found.next };
    },
    async trials(name, query = {}) {
      const asked = { query: { ...query } };
      const found = await askJson<{ trials: WireTrial[]; next: number | null }>(asking, `${sweep(name)}/trials`, asked);
      return { trials: found.trials.map(trialOf), next: found.next };
    },
  };
}
