// What depthwise and separable layers share: one kernel, or a few, for each channel.
import type { Value } from '../../graph/index.ts';
import { conv } from '../../ops/index.ts';
import { checkOptions } from '../../options.ts';
import type { InitializerLike } from '../init/index.ts';
import { defineLayer, type Layer, type LayerOptions, type Scope } from '../layer.ts';
import type { RegularizerLike } from '../regularizers/index.ts';
import {
  biasOf,
  type ConvolutionOptions,
  type ConvolutionType,
  checkConvolution,
  finished,
  imageOf,
  kernelInitializer,
  paddingOf,
  planOf,
} from './convolution.ts';

/** Options of {@link depthwiseConv2d} and {@link depthwiseConv1d}. */
export interface DepthwiseOptions extends ConvolutionOptions {
  /** Number of output channels for each input channel; 1 unless told. */
  readonly depthMultiplier?: number;
  /** 'glorotUniform' unless told. */
  readonly depthwiseInitializer?: InitializerLike;
  readonly depthwiseRegularizer?: RegularizerLike;
}

/** Options of {@link separableConv2d} and {@link separableConv1d}. */
export interface SeparableOptions extends DepthwiseOptions {
  /** Number of output channels. */
  readonly filters: number;
  /** 'glorotUniform' unless told. */
  readonly pointwiseInitializer?: InitializerLike;
  readonly pointwiseRegularizer?: RegularizerLike;
}

/** Each channel with kernels of its own: [batch, channels, ...] -> [batch, channels * depthMultiplier, ...]. */
function depthwise(
  of: ConvolutionType,
  {
    config,
    x,
    scope,
    biased,
  }: { readonly config: DepthwiseOptions; readonly x: Value; readonly scope: Scope; readonly biased: boolean },
): Value {
  const { depthMultiplier = 1, padding = 'valid' } = config;
  const { image, channels } = imageOf(of, x, config.dataFormat);
  const plan = planOf(of, config);
  const pads = paddingOf(of, padding, { sizes: image.shape.slice(2), plan, shape: x.shape });
  const out = channels * depthMultiplier;
  const kernel = scope.parameter('depthwiseKernel', [out, 1, ...plan.window], {
    initializer: kernelInitializer(config.depthwiseInitializer),
    regularizer: config.depthwiseRegularizer,
  });
  const { strides, dilations } = plan;
  return conv(image, kernel, {
    bias: biased ? biasOf(scope, out, config) : undefined,
    strides,
    dilations,
    pads,
    group: channels,
  });
}

const checkDepthwise = (of: ConvolutionType, config: DepthwiseOptions): void => {
  const { depthMultiplier = 1 } = config;
  checkOptions(of.type, { depthMultiplier }, { depthMultiplier: 'count' });
  checkConvolution(of, config);
};

/** Declares `depthwiseConv1d` or `depthwiseConv2d`. */
export const defineDepthwise = (of: ConvolutionType): ((config: DepthwiseOptions & LayerOptions) => Layer) =>
  defineLayer<DepthwiseOptions>({
    type: of.type,
    check: (config) => checkDepthwise(of, config),
    build: (config, [x], scope) => finished(depthwise(of, { config, x: x!, scope, biased: true }), config),
  });

/** Declares `separableConv1d` or `separableConv2d`. */
export const defineSeparable = (of: ConvolutionType): ((config: SeparableOptions & LayerOptions) => Layer) =>
  defineLayer<SeparableOptions>({
    type: of.type,
    check(config) {
      checkOptions(of.type, { filters: config.filters }, { filters: 'count' });
      checkDepthwise(of, config);
    },
    build(config, [x], scope) {
      const { filters } = config;
      const seen = depthwise(of, { config, x: x!, scope, biased: false });
      const kernel = scope.parameter('pointwiseKernel', [filters, seen.shape[1] as number, ...Array<number>(of.rank).fill(1)], {
        initializer: kernelInitializer(config.pointwiseInitializer),
        regularizer: config.pointwiseRegularizer,
      });
      return finished(conv(seen, kernel, { bias: biasOf(scope, filters, config) }), config);
    },
  });
