import { type Callback, fail, lookUp, type StratusError } from '@stratus/core';
import type { Blob, BlobSource, Blobs } from '../blobs/index.ts';
import type { Observation, Parameters, Report } from '../search/index.ts';
import type { Store } from '../store/index.ts';
import { tags } from './records.ts';

/** What an objective has of the trial that it works for. */
export interface Trial {
  /** From 1. */
  readonly number: number;
  /** The key of its run. */
  readonly key: string;
  readonly store: Store;
  /** Aborted when the trial is to end: stopped early, or the whole sweep was stopped. */
  readonly signal: AbortSignal;
  /**
   * Says how good it is by now, at a step that is larger than those before; it is kept as a point of the sweep's metric.
   * Errors: `aborted` where the trial is not worth going on with: let it through. `bad-value`, `database-failed`.
   */
  report(step: number, value: number): Promise<void>;
  /** Reports a figure of `model.fit` after every epoch, from step 1: `callbacks: [trial.callback('valLoss')]`. */
  callback(figure: string): Callback;
  /** Keeps a file, such as the model, as an artifact of the run. Errors: `bad-value` where the sweep has no blobs; those of blobs and stores. */
  keep(path: string, bytes: BlobSource): Promise<Blob>;
}

/** A trial that runs. */
export interface LiveTrial extends Observation {
  readonly key: string;
  readonly parameters: Parameters;
  status: Observation['status'];
  value?: number | undefined;
  readonly reports: Report[];
}

/** What a trial is stopped with. */
export const stopped = (number: number): StratusError => fail('aborted', { what: `Trial ${number}` });

/** What an objective is given. `judge` says whether to stop, and is asked after every report. */
export function trialFor(
  live: LiveTrial,
  {
    store,
    blobs,
    metric,
    abort,
    judge,
  }: {
    readonly store: Store;
    readonly blobs: Blobs | undefined;
    readonly metric: string;
    readonly abort: AbortController;
    judge(live: LiveTrial): boolean;
  },
): Trial & { heard(report: Report): Promise<void> } {
  const { number, key } = live;
  /** A report that is in the store already. */
  const heard = async ({ step, value }: Report): Promise<void> => {
    const last = live.reports.at(-1);
    if (last !== undefined && step <= last.step) return;
    live.reports.push({ step, value });
    if (live.status !== 'running' || abort.signal.aborted || !judge(live)) return;
    await store.runs.change(key, { tags: { [tags.pruned]: String(step) } });
    live.status = 'pruned';
    abort.abort(stopped(number));
  };
  const trial: Trial & { heard(report: Report): Promise<void> } = {
    number,
    key,
    store,
    signal: abort.signal,
    heard,
    async report(step, value) {
      abort.signal.throwIfAborted();
      const last = live.reports.at(-1);
      if (last !== undefined && step <= last.step)
        throw fail('bad-value', {
          what: `report of trial ${number}`,
          got: `step ${step} after step ${last.step}`,
          want: 'steps that go up',
        });
      await store.metrics.append(key, [{ name: metric, step, value }]);
      await heard({ step, value });
      abort.signal.throwIfAborted();
    },
    callback: (figure) => {
      let step = live.reports.at(-1)?.step ?? 0;
      return {
        name: 'sweep',
        async onEpochEnd(_, logs) {
          const value = lookUp('figure of the epoch', logs as Readonly<Record<string, unknown>>, figure);
          await trial.report(++step, Number(value));
        },
      };
    },
    async keep(path, bytes) {
      if (blobs === undefined)
        throw fail('bad-value', {
          what: 'keep',
          got: 'a sweep without blobs',
          want: 'sweep({ workspace }) or sweep({ store, blobs })',
        });
      const blob = await blobs.put(bytes);
      await store.artifacts.put(key, { path, ...blob });
      return blob;
    },
  };
  return trial;
}
