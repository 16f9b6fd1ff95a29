import type { Callback } from './callback.ts';

/**
 * Sets the learning rate at the beginning of each epoch: `rate = schedule(epoch, rate)`, epochs from 0. For rates by step give the
 * optimizer a schedule instead: `adam({ learningRate: cosineDecay({ … }) })`.
 *
 * Source: Keras LearningRateScheduler.
 *
 * @example
 * import { learningRateScheduler } from '@stratus/core';
 * const halve = learningRateScheduler((epoch, rate) => (epoch > 0 && epoch % 10 === 0 ? rate / 2 : rate));
 * console.log(typeof halve.onEpochBegin); // function
 */
export const learningRateScheduler = (schedule: (epoch: number, learningRate: number) => number): Callback => ({
  onEpochBegin(run) {
    run.learningRate = schedule(run.epoch, run.learningRate);
  },
});
