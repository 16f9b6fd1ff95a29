import { isTensor, type Tensor } from '../tensor/index.ts';
import type { Slot, TensorSet } from './values.ts';

/** Exactly what the slot says, so that there is nothing to convert, to reshape or to complain of. */
function isReady({ dtype, shape }: Slot, given: Tensor): boolean {
  if (given.dtype !== dtype || given.shape.length !== shape.length) return false;
  for (let axis = 1; axis < shape.length; axis++) {
    const size = shape[axis];
    if (typeof size === 'number' && size !== given.shape[axis]) return false;
  }
  return true;
}

/**
 * One batch of at most so many samples, if the tensors can be fed just as they were given. Undefined wherever anything has to be
 * sorted, checked, converted or cut: whoever does that takes ten times as long as a small model's run.
 */
export function readyFeeds(slots: readonly Slot[], given: TensorSet, most: number): Record<string, Tensor> | undefined {
  const byName = slots.length === 1 && isTensor(given) ? { [slots[0]!.name]: given } : given;
  if (isTensor(byName) || Array.isArray(byName) || ArrayBuffer.isView(byName)) return undefined;
  if (typeof byName !== 'object' || byName === null || Object.keys(byName).length !== slots.length) return undefined;
  const feeds: Record<string, Tensor> = {};
  let samples: number | undefined;
  for (const slot of slots) {
    const tensor: unknown = Object.hasOwn(byName, slot.name) ? byName[slot.name as keyof typeof byName] : undefined;
    if (!isTensor(tensor) || !isReady(slot, tensor)) return undefined;
    samples ??= tensor.shape[0]!;
    if (tensor.shape[0] !== samples) return undefined;
    feeds[slot.name] = tensor;
  }
  return samples !== undefined && samples > 0 && samples <= most && Number.isInteger(most) ? feeds : undefined;
}
