import { resolve } from 'node:path';
import type { Callback, Logs, TrainingRun } from '@stratus/core';
import { StratusError } from '@stratus/core';
import { fitParams } from './fit-params.ts';
import type { Outbox } from './outbox.ts';
import type { RecordedRun } from './recorded-run.ts';

/** Under which a checkpoint keeps the key of its run. */
export const callbackName = 'stratus run';

/** The key in what a checkpoint kept. */
export const keyIn = (state: unknown): string | undefined => {
  const key = (state as { readonly key?: unknown } | null)?.key;
  return typeof key === 'string' ? key : undefined;
};

/** The learning rate that the run was told last, in what a checkpoint kept. */
const rateIn = (state: unknown): number | undefined => {
  const rate = (state as { readonly rate?: unknown } | null)?.rate;
  return typeof rate === 'number' ? rate : undefined;
};

/** The run of a training. */
export interface FitPlace {
  readonly run: RecordedRun;
  /** It was made for this training alone, and ends with it. */
  readonly isOwn: boolean;
}

/**
 * Records one training. The figures of epochs have the names that fit gives them; `step/loss` and `step/learningRate` are those of single updates. All of them
 * go by updates since compile. `runFor`: the run that this training belongs to, a certain one where it goes on from a checkpoint.
 */
export function fitCallback(outbox: Outbox, runFor: (key: string | undefined) => FitPlace): Callback {
  let key: string | undefined;
  let run: RecordedRun | undefined;
  let isOwn = false;
  let rate: number | undefined;
  let data: string | undefined;
  // The mean over the batches of one update: there are several where gradients are accumulated.
  let [step, sum, batches] = [-1, 0, 0];

  const lookAtData = async (training: TrainingRun): Promise<void> => {
    const { samples, fingerprint } = (await training.dataFacts?.()) ?? {};
    const known = { ...(samples !== undefined && { samples }), ...(fingerprint !== undefined && { fingerprint }) };
    if (Object.keys(known).length === 0 || JSON.stringify(known) === data) return;
    data = JSON.stringify(known);
    run!.learn({ data: known });
  };

  return {
    name: callbackName,
    state: () => ({ key: run?.key ?? key ?? null, ...(rate !== undefined && { rate }) }),
    restore(state) {
      key = keyIn(state);
      rate = rateIn(state);
    },
    onTrainBegin(training) {
      ({ run, isOwn } = runFor(key));
      if (run.key !== key) rate = undefined; // another run, which was told of none
      const facts = training.facts?.();
      run.params(fitParams(training, facts));
      run.learn({
        ...(facts && { seed: facts.seed }),
        environment: {
          ...(facts?.checkpoint !== undefined && { checkpoints: resolve(facts.checkpoint) }),
          ...(facts?.resumed !== undefined && { resumed: resolve(facts.resumed) }),
        },
      });
      const here = run;
      void training.engine?.().then(
        (engine) => here.learn({ environment: { engine } }),
        () => undefined,
      );
      void lookAtData(training).catch(() => undefined); // what is wrong with data is for fit to say
    },
    onBatchEnd(training) {
      if (training.step !== step) [step, sum, batches] = [training.step, 0, 0];
      sum += training.batchLoss;
      batches++;
      run!.point('step/loss', step, sum / batches);
      if (training.learningRate !== rate) run!.point('step/learningRate', step, (rate = training.learningRate));
    },
    onEpochEnd(training, logs) {
      for (const [name, value] of figures(logs)) run!.point(name, training.step, value);
    },
    onCheckpoint: () => outbox.secure(),
    async onTrainEnd(training) {
      // The last value of a rate that changed seldom, so that its curve ends where training does.
      if (rate !== undefined) run!.point('step/learningRate', training.step, rate);
      await lookAtData(training).catch(() => undefined);
      const { failure } = training;
      const isAborted = StratusError.is(failure) && failure.code === 'aborted'; // who stopped it knows why
      if (isOwn && !isAborted) await run!.finish(failure === undefined ? 'finished' : 'failed', failure);
    },
  };
}

const figures = (logs: Logs): [string, number][] =>
  Object.entries(logs).filter((entry): entry is [string, number] => typeof entry[1] === 'number');
