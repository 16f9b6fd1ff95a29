// What all layers of convolution have in common: options, margins, layout, initial kernels.
import { fail } from '../../errors.ts';
import type { Value } from '../../graph/index.ts';
import { conv } from '../../ops/index.ts';
import { checkOptions } from '../../options.ts';
import { lookUp } from '../../suggest.ts';
import { type Dim, type Shape, showShape, type Tensor, tensor } from '../../tensor/index.ts';
import { type ActivationName, activate, alongLastAxis, checkActivation } from '../activations.ts';
import { type Initializer, type InitializerLike, resolveInitializer } from '../init/index.ts';
import { defineLayer, type Layer, type LayerOptions, type Scope } from '../layer.ts';
import { channelsFirst, channelsLast, elementwise } from '../layout.ts';
import type { RegularizerLike } from '../regularizers/index.ts';
import {
  checkDataFormat,
  checkSpatial,
  type DataFormat,
  type Margins,
  marginsOf,
  perAxis,
  type SpatialRank,
} from '../spatial.ts';

/** One number for all spatial axes, or one for each. */
export type PerAxis = number | readonly number[];
/**
 * Margin of zeros. 'valid': none; 'same': as many outputs as inputs (divided by the stride, rounded up), the odd element at the end;
 * numbers: so many on both sides of every axis, or for each axis a number or [before, after].
 */
export type ConvPadding = 'valid' | 'same' | Margins;

/** Options that every layer of convolution has. */
export interface ConvolutionOptions {
  /** Size of the window. */
  readonly kernelSize: PerAxis;
  /** How far apart windows stand; 1 unless told. */
  readonly strides?: PerAxis;
  /** 'valid' unless told. */
  readonly padding?: ConvPadding;
  /** Distance of the elements of one window; 1 unless told. */
  readonly dilationRate?: PerAxis;
  /** 'channelsLast' unless told. */
  readonly dataFormat?: DataFormat;
  readonly activation?: ActivationName;
  /** True unless told. */
  readonly useBias?: boolean;
  /** 'zeros' unless told. */
  readonly biasInitializer?: InitializerLike;
  readonly biasRegularizer?: RegularizerLike;
}

/** Options of {@link conv2d} and {@link conv3d}. */
export interface ConvLayerOptions extends ConvolutionOptions {
  /** Number of output channels. */
  readonly filters: number;
  /** Channels are divided into so many groups, each with kernels of its own; 1 unless told. */
  readonly groups?: number;
  /** 'glorotUniform' unless told. */
  readonly kernelInitializer?: InitializerLike;
  readonly kernelRegularizer?: RegularizerLike;
}

/** A layer of convolution in so many spatial axes, as it is declared. */
export interface ConvolutionType {
  readonly type: string;
  readonly rank: SpatialRank;
}

/** How the windows stand, one entry for each spatial axis. */
export interface ConvolutionPlan {
  readonly window: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
}

/** Throws for options that cannot work. */
export function checkConvolution(of: ConvolutionType, options: ConvolutionOptions, paddings = ['valid', 'same']): void {
  const { padding = 'valid', dataFormat, useBias = true } = options;
  planOf(of, options);
  checkOptions(of.type, { useBias }, { useBias: 'flag' });
  checkActivation(options.activation);
  checkDataFormat(dataFormat);
  if (typeof padding !== 'string') marginsOf(of.type, 'padding', padding, of.rank);
  else lookUp('padding', Object.fromEntries(paddings.map((name) => [name, true])), padding);
}

export const planOf = (
  { type, rank }: ConvolutionType,
  { kernelSize, strides = 1, dilationRate = 1 }: ConvolutionOptions,
): ConvolutionPlan => ({
  window: perAxis(type, ['kernelSize', kernelSize], rank),
  strides: perAxis(type, ['strides', strides], rank),
  dilations: perAxis(type, ['dilationRate', dilationRate], rank),
});

/** From the first element of each window to the last, both counted. */
export const spansOf = ({ window, dilations }: ConvolutionPlan): number[] => window.map((k, i) => (k - 1) * dilations[i]! + 1);

/** The input channels-first, with the number of its channels. Errors: `shape-mismatch` for another number of axes. */
export function imageOf(
  { type, rank }: ConvolutionType,
  x: Value,
  dataFormat: DataFormat = 'channelsLast',
): { readonly image: Value; readonly channels: number } {
  checkSpatial(x, { what: type, rank, dataFormat });
  const image = dataFormat === 'channelsLast' ? channelsFirst(x) : x;
  const channels = image.shape[1]!;
  if (typeof channels !== 'number')
    throw fail('shape-mismatch', {
      what: type,
      got: `input ${showShape(x.shape)}`,
      want: 'a known number of channels',
      fix: 'Give the input a number there.',
    });
  return { image, channels };
}

/** The margins of each spatial axis. Errors: `shape-mismatch` for a window larger than its input. `shape`: as the user has it. */
export function paddingOf(
  { type, rank }: ConvolutionType,
  padding: ConvPadding | 'causal',
  { sizes, plan, shape }: { readonly sizes: Shape; readonly plan: ConvolutionPlan; readonly shape: Shape },
): (readonly [before: number, after: number])[] {
  const spans = spansOf(plan);
  const margins = sizes.map((size, i) => {
    if (padding === 'same') return sameMargin(type, size, { span: spans[i]!, stride: plan.strides[i]!, shape });
    if (padding === 'causal') return [spans[i]! - 1, 0] as const;
    return padding === 'valid' ? ([0, 0] as const) : marginsOf(type, 'padding', padding, rank)[i]!;
  });
  const small = sizes.some((size, i) => typeof size === 'number' && size + margins[i]![0] + margins[i]![1] < spans[i]!);
  if (small)
    throw fail('shape-mismatch', {
      what: type,
      got: `a kernel of ${showShape(plan.window)}${plan.dilations.some((d) => d > 1) ? `, dilated to ${showShape(spans)},` : ''} for the input ${showShape(shape)}`,
      want: 'a kernel no larger than the input',
      fix: "Make the kernel smaller, pool fewer times before, or use padding: 'same'.",
    });
  return margins;
}

function sameMargin(
  what: string,
  size: Dim,
  { span, stride, shape }: { readonly span: number; readonly stride: number; readonly shape: Shape },
): readonly [number, number] {
  if (typeof size === 'string' && stride > 1)
    throw fail('bad-value', {
      what,
      got: `padding 'same' with a stride of ${stride} for the input ${showShape(shape)}`,
      want: 'sizes that are known, as the margin depends on them',
      fix: 'Give the input a fixed size, or padding as numbers.',
    });
  const total = typeof size === 'string' ? span - 1 : Math.max(0, (Math.ceil(size / stride) - 1) * stride + span - size);
  return [Math.floor(total / 2), Math.ceil(total / 2)];
}

/** The bias of so many channels, unless the layer has none. */
export const biasOf = (scope: Scope, channels: number, options: ConvolutionOptions): Value | undefined =>
  options.useBias === false
    ? undefined
    : scope.parameter('bias', [channels], {
        initializer: options.biasInitializer ?? 'zeros',
        regularizer: options.biasRegularizer,
      });

/** What a layer gives: the image as the user wants it, activated. */
export function finished(image: Value, { activation, dataFormat = 'channelsLast' }: ConvolutionOptions): Value {
  const y = dataFormat === 'channelsLast' ? channelsLast(image) : image;
  if (activation === undefined || alongLastAxis(activation)) return activate(activation, y);
  return elementwise([y], ([v]) => activate(activation, v!));
}

/**
 * An initializer for kernels that are stored as [out, in, ...window], or with `inFirst` as [in, out, ...window]. They are made as
 * [...window, in, out], the order for which initializers count fans and rows; unless it was told axes, which are those of the
 * stored kernel.
 */
export function kernelInitializer(like: InitializerLike = 'glorotUniform', inFirst = false): Initializer {
  const initializer = resolveInitializer(like);
  if (initializer.config['inputAxes']) return initializer;
  return {
    ...initializer,
    make(shape, key, dtype) {
      const [first, second, ...window] = shape as readonly [number, number, ...number[]];
      const made = initializer.make([...window, ...(inFirst ? [first, second] : [second, first])], key, dtype);
      return windowLast(made, { shape, inFirst });
    },
  };
}

/** [...window, in, out] as [out, in, ...window] or [in, out, ...window]. */
function windowLast(
  { data }: Tensor,
  { shape, inFirst }: { readonly shape: readonly number[]; readonly inFirst: boolean },
): Tensor {
  const moved = (data as Float32Array).slice();
  const [first, second] = shape as readonly [number, number];
  const places = data.length / Math.max(1, first * second);
  for (let a = 0; a < first; a++)
    for (let b = 0; b < second; b++)
      for (let p = 0; p < places; p++) {
        const from = inFirst ? (p * first + a) * second + b : (p * second + b) * first + a;
        moved[(a * second + b) * places + p] = data[from] as number;
      }
  return tensor(moved, { shape });
}

/** Declares `conv1d`, `conv2d` or `conv3d`. */
export function defineConvolution<C extends Omit<ConvLayerOptions, 'padding'> & { readonly padding?: ConvPadding | 'causal' }>(
  of: ConvolutionType,
): (config: C & LayerOptions) => Layer {
  const { type } = of;
  return defineLayer<C>({
    type,
    check(config) {
      const { filters, groups = 1 } = config;
      checkOptions(type, { filters, groups }, { filters: 'count', groups: 'count' });
      checkConvolution(of, config as ConvolutionOptions, of.rank === 1 ? ['valid', 'same', 'causal'] : ['valid', 'same']);
      if (filters % groups !== 0)
        throw fail('bad-value', {
          what: type,
          got: `filters = ${filters}, groups = ${groups}`,
          want: 'groups that divide the filters',
        });
    },
    build(config, [x], scope) {
      const { filters, groups = 1, padding = 'valid' } = config;
      const { image, channels } = imageOf(of, x!, config.dataFormat);
      if (channels % groups !== 0)
        throw fail('shape-mismatch', {
          what: type,
          got: `input ${showShape(x!.shape)} with ${channels} channels, groups = ${groups}`,
          want: 'groups that divide the channels',
        });
      const options = config as ConvolutionOptions;
      const plan = planOf(of, options);
      const pads = paddingOf(of, padding, { sizes: image.shape.slice(2), plan, shape: x!.shape });
      const kernel = scope.parameter('kernel', [filters, channels / groups, ...plan.window], {
        initializer: kernelInitializer(config.kernelInitializer),
        regularizer: config.kernelRegularizer,
      });
      const { strides, dilations } = plan;
      const bias = biasOf(scope, filters, options);
      return finished(conv(image, kernel, { bias, strides, dilations, pads, group: groups }), options);
    },
  });
}
