import { binaryMatches } from './binary-accuracy.ts';
import { classMatches } from './categorical-accuracy.ts';
import { meanMetric } from './mean-metric.ts';
import type { Metric, MetricOptions } from './metric.ts';

/**
 * How often the prediction is right. What that means is told from the shapes, as in Keras: one number a prediction
 * (`[batch]` or `[.., 1]`): {@link binaryAccuracy} with threshold 0.5; class numbers as targets:
 * {@link sparseCategoricalAccuracy}; else {@link categoricalAccuracy}. For several independent yes-or-no targets ask for
 * `binaryAccuracy`: shapes cannot tell them from one-hot ones.
 *
 * Shapes: as those three. Errors: `shape-mismatch`. Source: the 'accuracy' of keras.Model.compile.
 *
 * @example
 * import { metrics } from '@stratus/core';
 * const accuracy = metrics.accuracy();
 * console.log(accuracy.result({ total: Float64Array.of(3), count: Float64Array.of(4) })); // 0.75
 */
export const accuracy = ({ name }: MetricOptions = {}): Metric =>
  meanMetric({
    type: 'accuracy',
    name,
    better: 'higher',
    of(target, prediction) {
      const binary = prediction.shape.length <= 1 || prediction.shape.at(-1) === 1;
      return binary ? binaryMatches('accuracy', target, prediction, 0.5) : classMatches('accuracy', target, prediction);
    },
  });
