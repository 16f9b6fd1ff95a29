// What the layers that pool over all positions share.
import type { Value } from '../../graph/index.ts';
import { reshape } from '../../ops/index.ts';
import { defineLayer, type Layer, type LayerOptions, type Mask } from '../layer.ts';
import { checkDataFormat, type DataFormat, type Place, type SpatialRank } from '../spatial.ts';

/** Options of the layers that pool over all positions. */
export interface GlobalPoolingOptions {
  /** 'channelsLast' unless told. */
  readonly dataFormat?: DataFormat;
  /** Leave axes of size 1 where positions were; false unless told. */
  readonly keepdims?: boolean;
}

/** Declares a layer that pools over everything; `pool` leaves axes of size 1. */
export function globalPoolingLayer(
  type: string,
  rank: SpatialRank,
  pool: (x: Value, place: Place, mask: Mask) => Value,
): (options?: GlobalPoolingOptions & LayerOptions) => Layer {
  const layer = defineLayer<GlobalPoolingOptions>({
    type,
    check: ({ dataFormat }) => checkDataFormat(dataFormat),
    build({ dataFormat = 'channelsLast', keepdims = false }, [x], { masks }) {
      const y = pool(x!, { what: type, rank, dataFormat }, rank === 1 ? masks[0] : undefined);
      return keepdims ? y : reshape(y, [y.shape[0]!, y.shape[dataFormat === 'channelsFirst' ? 1 : rank + 1]!]);
    },
  });
  return (options = {}) => layer(options);
}
