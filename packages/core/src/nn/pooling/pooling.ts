// What the layers that pool over windows share.
import { fail } from '../../errors.ts';
import type { Value } from '../../graph/index.ts';
import type { averagePool } from '../../ops/index.ts';
import { lookUp } from '../../suggest.ts';
import { type Shape, showShape } from '../../tensor/index.ts';
import { defineLayer, type Layer, type LayerOptions, type Scope } from '../layer.ts';
import { channelsFirstly, checkDataFormat, type DataFormat, perAxis, type SpatialRank } from '../spatial.ts';

/** Options of the layers that pool over windows. */
export interface PoolingOptions {
  /** Size of the window: one number, or one for each axis; 2 unless told. */
  readonly poolSize?: number | readonly number[];
  /** How far apart windows stand; `poolSize` unless told. */
  readonly strides?: number | readonly number[] | null;
  /** 'valid' (unless told) leaves out what does not fill a window; 'same' gives `ceil(size / stride)` windows. */
  readonly padding?: 'valid' | 'same';
  /** 'channelsLast' unless told. */
  readonly dataFormat?: DataFormat;
}

export type WindowOptions = Parameters<typeof averagePool>[1];

const paddings = { valid: true, same: true };

const sizesOf = (what: string, rank: SpatialRank, { poolSize = 2, strides }: PoolingOptions) => {
  const kernelShape = perAxis(what, ['poolSize', poolSize], rank);
  return { kernelShape, strides: strides == null ? kernelShape : perAxis(what, ['strides', strides], rank) };
};

/** Declares a layer that pools. */
export function poolingLayer(
  type: string,
  rank: SpatialRank,
  pool: (x: Value, options: WindowOptions, scope: Scope) => Value,
): (options?: PoolingOptions & LayerOptions) => Layer {
  const layer = defineLayer<PoolingOptions>({
    type,
    check(config) {
      sizesOf(type, rank, config);
      lookUp('padding', paddings, config.padding ?? 'valid');
      checkDataFormat(config.dataFormat);
    },
    build(config, [given], scope) {
      const windows = sizesOf(type, rank, config);
      return channelsFirstly(given!, { what: type, rank, dataFormat: config.dataFormat }, (x) => {
        const sizes = x.shape.slice(2);
        if (config.padding === 'same') return pool(x, { ...windows, ...sameMargins(type, sizes, windows) }, scope);
        if (sizes.some((size, i) => typeof size === 'number' && size < windows.kernelShape[i]!))
          throw fail('shape-mismatch', {
            what: type,
            got: `poolSize ${showShape(windows.kernelShape)} for input ${showShape(given!.shape)}`,
            want: 'windows no larger than the input',
            fix: "Make the windows smaller, pool fewer times before, or use padding 'same'.",
          });
        return pool(x, windows, scope);
      });
    },
  });
  return (options = {}) => layer(options);
}

/** Margins for `ceil(size / stride)` windows; the odd element of a margin stands behind. */
function sameMargins(
  what: string,
  sizes: Shape,
  { kernelShape, strides }: Pick<WindowOptions, 'kernelShape' | 'strides'>,
): Pick<WindowOptions, 'pads' | 'autoPad'> {
  const pads = sizes.map((size, i): readonly [number, number] | undefined => {
    const [kernel, stride] = [kernelShape[i]!, strides![i]!];
    if (typeof size === 'string') return stride === 1 || kernel === 1 ? halves(kernel - 1) : undefined;
    return halves(Math.max(0, (Math.ceil(size / stride) - 1) * stride + kernel - size));
  });
  const known = pads.filter((pair) => pair !== undefined);
  if (known.length === pads.length) return { pads: known };
  if (strides!.some((stride, i) => stride > kernelShape[i]!))
    throw fail('bad-value', {
      what,
      got: `padding 'same' with strides ${showShape(strides!)}, larger than poolSize ${showShape(kernelShape)}, for sizes ${showShape(sizes)}`,
      want: 'windows without gaps, where sizes are known only at run time',
      fix: "Use padding 'valid'.",
    });
  return { autoPad: 'SAME_UPPER' };
}

const halves = (total: number): readonly [number, number] => [Math.floor(total / 2), Math.ceil(total / 2)];
