// What the three transposed convolutions share.
import { fail } from '../../errors.ts';
import { convTranspose } from '../../ops/index.ts';
import { checkOptions } from '../../options.ts';
import { showShape } from '../../tensor/index.ts';
import type { InitializerLike } from '../init/index.ts';
import { defineLayer, type Layer, type LayerOptions } from '../layer.ts';
import type { RegularizerLike } from '../regularizers/index.ts';
import { marginsOf } from '../spatial.ts';
import {
  biasOf,
  type ConvolutionOptions,
  type ConvolutionType,
  checkConvolution,
  finished,
  imageOf,
  kernelInitializer,
  type PerAxis,
  planOf,
  spansOf,
} from './convolution.ts';

/** Options of {@link conv1dTranspose}, {@link conv2dTranspose} and {@link conv3dTranspose}. */
export interface TransposedOptions extends ConvolutionOptions {
  /** Number of output channels. */
  readonly filters: number;
  /**
   * Elements added at the end of each axis, fewer than the stride. Unless told, 'same' gives `size * stride`, and 'valid'
   * `(size - 1) * stride + max(kernel, stride)`.
   */
  readonly outputPadding?: PerAxis;
  /** 'glorotUniform' unless told. */
  readonly kernelInitializer?: InitializerLike;
  readonly kernelRegularizer?: RegularizerLike;
}

interface Along {
  readonly axis: number;
  readonly span: number;
  readonly stride: number;
  readonly more: number | undefined;
}

/** What is cut off the whole result before and after, as Keras has it; a negative end is added. */
function cutOf(
  { type, rank }: ConvolutionType,
  padding: TransposedOptions['padding'],
  { axis, span, stride, more }: Along,
): [before: number, after: number] {
  if (padding === 'valid' || padding === undefined) return [0, -(more ?? Math.max(span, stride) - span)];
  if (padding !== 'same') {
    const [before, after] = marginsOf(type, 'padding', padding, rank)[axis]!;
    return [before, after - (more ?? 0)];
  }
  const kept = more === undefined ? stride + span - 2 : span + (span % 2) - 2 + more;
  const before = Math.min(Math.ceil(kept / 2), span - 1);
  return [span - 1 - before, span - 1 - (kept - before)];
}

/** `outputPadding` for each axis. Errors: `bad-value`. */
function moreOf(of: ConvolutionType, config: TransposedOptions): readonly number[] | undefined {
  const { outputPadding } = config;
  if (outputPadding === undefined) return undefined;
  const { strides } = planOf(of, config);
  const list = typeof outputPadding === 'number' ? strides.map(() => outputPadding) : outputPadding;
  const fits = (n: number, i: number): boolean => Number.isSafeInteger(n) && n >= 0 && n < strides[i]!;
  if (!Array.isArray(list) || list.length !== of.rank || !list.every(fits))
    throw fail('bad-value', {
      what: of.type,
      got: `outputPadding = ${JSON.stringify(outputPadding)} for strides ${showShape(strides)}`,
      want: 'a whole number from 0, or one for each axis, less than the stride',
    });
  return list as readonly number[];
}

/** Declares `conv1dTranspose`, `conv2dTranspose` or `conv3dTranspose`. */
export const defineTransposed = (of: ConvolutionType): ((config: TransposedOptions & LayerOptions) => Layer) =>
  defineLayer<TransposedOptions>({
    type: of.type,
    check(config) {
      checkOptions(of.type, { filters: config.filters }, { filters: 'count' });
      checkConvolution(of, config);
      moreOf(of, config);
    },
    build(config, [x], scope) {
      const { filters, padding } = config;
      const { image, channels } = imageOf(of, x!, config.dataFormat);
      const plan = planOf(of, config);
      const { strides, dilations } = plan;
      const more = moreOf(of, config);
      const cuts = spansOf(plan).map((span, i) => cutOf(of, padding, { axis: i, span, stride: strides[i]!, more: more?.[i] }));
      const kernel = scope.parameter('kernel', [channels, filters, ...plan.window], {
        initializer: kernelInitializer(config.kernelInitializer, true),
        regularizer: config.kernelRegularizer,
      });
      const made = convTranspose(image, kernel, {
        bias: biasOf(scope, filters, config),
        strides,
        dilations,
        pads: cuts.map(([before, after]) => [before, Math.max(0, after)] as const),
        outputPadding: cuts.map(([, after]) => Math.max(0, -after)),
      });
      return finished(made, config);
    },
  });
