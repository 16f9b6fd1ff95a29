// What the layers that merge several values elementwise share.
import type { Value } from '../../graph/index.ts';
import { and, reshape } from '../../ops/index.ts';
import { defineLayer, type Layer, type LayerOptions, type Mask } from '../layer.ts';
import { elementwise } from '../layout.ts';
import { alongSteps } from '../recurrent/steps.ts';

/** The steps that are real in all inputs that have a mask. */
export const jointMask = (masks: readonly Mask[]): Mask =>
  masks.filter((mask) => mask !== undefined).reduce<Mask>((a, b) => (a && a !== b ? and(a, b) : b), undefined);

/** Values of different rank: those with fewer axes get axes of size 1 behind the batch, which belongs to the batch of the others. */
function sameRank(inputs: readonly Value[]): readonly Value[] {
  const rank = Math.max(...inputs.map(({ shape }) => shape.length));
  if (inputs.every(({ shape }) => shape.length === rank)) return inputs;
  return inputs.map((x) => {
    const [batch, ...rest] = x.shape;
    const missing = rank - x.shape.length;
    return missing === 0 ? x : reshape(x, [batch!, ...Array<number>(missing).fill(1), ...rest]);
  });
}

/** A layer that makes one value of two or more, element by element. */
export function merging(
  type: string,
  combine: (inputs: readonly Value[]) => Value,
  inputs: 'many' | readonly [number, number] = 'many',
): (options?: LayerOptions) => Layer {
  const layer = defineLayer<object>({
    type,
    inputs,
    build: (_, values) => alongSteps(sameRank(values), (same) => elementwise(same, combine)),
    mask: (_, __, masks) => jointMask(masks),
  });
  return (options = {}) => layer(options);
}
