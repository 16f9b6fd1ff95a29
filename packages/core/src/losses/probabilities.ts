import { fail } from '../errors.ts';
import type { Info, Value } from '../graph/index.ts';
import { clip, sigmoidInput, softmaxInput } from '../ops/index.ts';
import { checkOptions } from '../options.ts';
import { showShape } from '../tensor/index.ts';

/** Probabilities stay this far from 0 and 1 before a logarithm is taken. Keras' number. */
export const EPSILON = 1e-7;

/** How a loss on probabilities is called. */
export interface CrossentropyOptions {
  /** The prediction is the input of the softmax or sigmoid, not its output. */
  readonly fromLogits?: boolean;
  /** How much of the target is spread evenly over all classes, from 0 to below 1. */
  readonly labelSmoothing?: number;
}

/** Probabilities in [epsilon, 1 - epsilon]. */
export const inside = (p: Value): Value => clip(p, { min: EPSILON, max: 1 - EPSILON });

/** The logits of a prediction that softmax made over its last axis. */
export const softmaxLogits = (prediction: Value): Value | undefined => {
  const made = softmaxInput(prediction);
  return made?.axis === prediction.shape.length - 1 ? made.logits : undefined;
};

/**
 * The logits of a prediction, or undefined for probabilities that no known activation made. Going back behind the
 * activation keeps the loss finite and its gradient alive where a probability rounds to 0 or 1.
 */
export function logitsOf(
  what: string,
  prediction: Value,
  fromLogits: boolean,
  activation: 'softmax' | 'sigmoid',
): Value | undefined {
  const before = activation === 'softmax' ? softmaxLogits(prediction) : sigmoidInput(prediction);
  if (!fromLogits) return before;
  if (before)
    throw fail('bad-value', {
      what,
      got: `fromLogits: true for a prediction that is made by ${activation}`,
      want: `logits, which is what ${activation} takes`,
      fix: `Leave out fromLogits, or leave out the ${activation} of the last layer.`,
    });
  return prediction;
}

/** The number of classes: the size of the last axis. */
export function classesOf(what: string, { shape }: Info): number {
  const classes = shape.at(-1);
  if (shape.length >= 2 && typeof classes === 'number' && classes > 1) return classes;
  throw fail('shape-mismatch', {
    what,
    got: `predictions ${showShape(shape)}`,
    want: 'a last axis with one entry for each of two or more classes',
    fix:
      classes === 1
        ? "For two classes and one unit use activation 'sigmoid' and binaryCrossentropy."
        : 'Give the last layer one unit for each class.',
  });
}

/** Errors: `bad-value` unless the number is one that smoothing can be. */
export const checkSmoothing = (what: string, labelSmoothing: number): void =>
  checkOptions(what, { labelSmoothing }, { labelSmoothing: 'fraction' });
