// What the spatial dropouts share.
import { fail } from '../../errors.ts';
import type { Value } from '../../graph/index.ts';
import { type Shape, showShape } from '../../tensor/index.ts';
import type { Scope } from '../layer.ts';
import { elementwise } from '../layout.ts';
import { drop } from './drop.ts';

/** How values with channels are dropped: which layer asks, its axes by name, and where the channels are. */
interface Dropped {
  readonly what: string;
  readonly axes: Shape;
  readonly rate: number;
  readonly dataFormat: 'channelsLast' | 'channelsFirst';
}

/** Dropout with one number for all positions of a channel. */
export function dropChannels(given: Value, { what, axes, rate, dataFormat }: Dropped, scope: Scope): Value {
  if (given.shape.length !== axes.length)
    throw fail('shape-mismatch', { what, got: `input ${showShape(given.shape)}`, want: showShape(axes) });
  const onAxis = (x: Value, channels: number): Value =>
    drop(
      x,
      rate,
      scope,
      x.shape.map((size, axis) => (axis === 0 || axis === channels ? size : 1)),
    );
  if (dataFormat === 'channelsFirst') return onAxis(given, 1);
  const inputs = [given];
  return elementwise(inputs, (values) => onAxis(values[0]!, values === inputs ? axes.length - 1 : 1));
}
