// What the layers share that add a margin or cut one off.
import { fail } from '../../errors.ts';
import { pad } from '../../ops/index.ts';
import { showShape } from '../../tensor/index.ts';
import { defineLayer, type Layer, type LayerOptions } from '../layer.ts';
import { asTheyLie, checkDataFormat, type DataFormat, type Margins, marginsOf, type SpatialRank } from '../spatial.ts';

/** Options of the layers that add zeros around. */
export interface ZeroPaddingOptions<Rank extends SpatialRank = SpatialRank> {
  /** How many zeros: on every side, or for each axis a number or `[before, after]`; 1 unless told. */
  readonly padding?: Margins<Rank>;
  /** 'channelsLast' unless told. */
  readonly dataFormat?: DataFormat;
}

/** Options of the layers that cut off. */
export interface CroppingOptions<Rank extends SpatialRank = SpatialRank> {
  /** How much: from every side, or for each axis a number or `[before, after]`; 1 unless told. */
  readonly cropping?: Margins<Rank>;
  /** 'channelsLast' unless told. */
  readonly dataFormat?: DataFormat;
}

/** Declares a layer that pads with zeros (`sign` 1) or cuts off (`sign` -1). */
export function marginLayer<C extends { readonly dataFormat?: DataFormat }>(
  type: string,
  rank: SpatialRank,
  sign: 1 | -1,
): (options?: C & LayerOptions) => Layer {
  const option = sign === 1 ? 'padding' : 'cropping';
  const marginsIn = (config: C): readonly (readonly [number, number])[] =>
    marginsOf(type, option, ((config as Readonly<Record<string, unknown>>)[option] ?? 1) as Margins, rank);
  const layer = defineLayer<C>({
    type,
    check(config) {
      marginsIn(config);
      checkDataFormat(config.dataFormat);
    },
    build: (config, [given]) =>
      asTheyLie(given!, { what: type, rank, dataFormat: config.dataFormat }, (x, first) => {
        const margins = marginsIn(config);
        const pads = x.shape.map((size, axis): readonly [number, number] => {
          const [before, after] = margins[axis - first] ?? [0, 0];
          if (sign < 0 && typeof size === 'number' && before + after >= size)
            throw fail('shape-mismatch', {
              what: type,
              got: `${option} of ${before} and ${after} on an axis of ${size} in ${showShape(given!.shape)}`,
              want: 'to leave at least one element',
            });
          return [sign * before, sign * after];
        });
        return pad(x, pads);
      }),
  });
  return (options = {} as C & LayerOptions) => layer(options);
}
