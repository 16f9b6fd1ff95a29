import type { Model } from '@stratus/core';
import type { Result } from '../result.ts';

/** How many numbers training moves. */
export function trainableCount(model: Model): number {
  const [, trainable] = / trainable: ([\d,]+)/.exec(model.summary())!;
  return Number(trainable!.replaceAll(',', ''));
}

/** How far the number of parameters that training moves is from what a paper or library says. */
export function parameterRow(name: string, model: Model, wanted: number): Result {
  const count = trainableCount(model);
  const reached = Math.abs(count - wanted);
  return { name, reached, target: 0, better: 'lower', unit: 'parameters', detail: `${count} of ${wanted}` };
}
