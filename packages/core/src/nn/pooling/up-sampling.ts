// What the layers that enlarge share.
import type { Value } from '../../graph/index.ts';
import { resize } from '../../ops/index.ts';
import { channelsFirstly, type Place } from '../spatial.ts';

/** Repeats each element, or draws straight lines between them. */
export const enlarge = (x: Value, place: Place, scales: readonly number[], mode: 'nearest' | 'linear' = 'nearest'): Value =>
  channelsFirstly(x, place, (v) => {
    const axes = scales.map((_, i) => i + 2);
    // ONNX Runtime is fast where it need not round.
    return mode === 'nearest'
      ? resize(v, { axes, scales, coordinates: 'asymmetric', rounding: 'floor' })
      : resize(v, { axes, scales, mode });
  });
