import { constant, type Value } from '../graph/index.ts';
import { add, argMax, cast, mul, reshape, scatterAdd } from '../ops/index.ts';
import { zeros } from '../tensor/index.ts';
import type { Metric, MetricOptions } from './metric.ts';
import { above, classesOf, classTarget, denseTarget, weightsLike } from './samples.ts';

/**
 * How often each class (row) was taken for each class (column). One number a prediction means two classes, told apart by the
 * threshold 0.5.
 *
 * Shapes: `target [batch, ..] or one-hot, prediction [batch, .., classes]`; or both `[batch, 1]` or `[batch]`. The result has
 * `classes` rows and columns. Errors: `shape-mismatch`. Source: tf.math.confusion_matrix, sklearn.metrics.confusion_matrix.
 *
 * @example
 * import { metrics } from '@stratus/core';
 * console.log(metrics.confusionMatrix().result({ counts: Float64Array.of(5, 1, 0, 4) })); // [[5, 1], [0, 4]]
 */
export const confusionMatrix = ({ name = 'confusionMatrix' }: MetricOptions = {}): Metric => ({
  type: 'confusionMatrix',
  name,
  config: {},
  better: 'higher',
  accumulate(target, prediction, weight) {
    const binary = prediction.shape.length <= 1 || prediction.shape.at(-1) === 1;
    const classes = binary ? 2 : classesOf('confusionMatrix', prediction);
    const wanted = binary
      ? cast(above(denseTarget('confusionMatrix', target, prediction), 0.5), 'int64')
      : classTarget('confusionMatrix', target, prediction);
    const got = binary ? cast(above(prediction, 0.5), 'int64') : argMax(prediction);
    const weights = weightsLike(got, weight, prediction.dtype);
    const flat = (x: Value): Value => reshape(x, [-1]);
    const none = constant(zeros([classes * classes], prediction.dtype));
    return { counts: scatterAdd(none, flat(add(mul(wanted, classes), got)), flat(weights)) };
  },
  result({ counts }) {
    const classes = Math.round(Math.sqrt(counts!.length));
    return Array.from({ length: classes }, (_, i) => Array.from(counts!.subarray(i * classes, (i + 1) * classes)));
  },
});
