import { checkOptions } from '../../options.ts';
import { type DType, type RandomKey, type Tensor, uniformAt } from '../../tensor/index.ts';
import { blank, held, type ImageChange, partsOf } from './image-change.ts';

/** Every number of a picture as a function of it. */
function changed<D extends DType>(image: Tensor<D>, f: (value: number) => number): Tensor<D> {
  const made = blank(image, image.shape);
  for (let i = 0; i < image.size; i++) made.data[i] = held(image.dtype, f(Number(image.data[i])));
  return made;
}

/** Options of {@link randomBrightness} and {@link randomContrast}. */
export interface RandomColourOptions {
  /** How much at most, either way, as a share: 0.2 is from 80 % to 120 %. */
  readonly factor: number;
}

const between = (factor: number, key: RandomKey): number => factor * (2 * uniformAt(key, 0) - 1);

/**
 * Makes pictures lighter or darker: adds up to `factor` times the range of numbers (255 for bytes, 1 for float32).
 *
 * Shapes: `[height, width, channels]`, uint8 or float32, stays. Errors: `bad-value`, `shape-mismatch`, `dtype-mismatch`. Source: Keras RandomBrightness.
 *
 * @example
 * import { randomBrightness, randomKey, tensor } from '@stratus/core';
 * console.log(randomBrightness({ factor: 0 })(tensor(Uint8Array.of(7), { shape: [1, 1, 1] }), randomKey(1)).toArray()); // [[[7]]]
 */
export function randomBrightness({ factor }: RandomColourOptions): ImageChange {
  checkOptions('randomBrightness', { factor }, { factor: 'share' });
  return (image, key) => {
    partsOf('randomBrightness', image);
    const more = between(factor, key) * (image.dtype === 'uint8' ? 255 : 1);
    return changed(image, (value) => value + more);
  };
}

/**
 * Makes differences from each channel's mean larger or smaller.
 *
 * Shapes: `[height, width, channels]`, uint8 or float32, stays. Errors: `bad-value`, `shape-mismatch`, `dtype-mismatch`. Source: Keras RandomContrast.
 *
 * @example
 * import { randomContrast, randomKey, tensor } from '@stratus/core';
 * console.log(randomContrast({ factor: 0.5 })(tensor(Uint8Array.of(7, 7), { shape: [2, 1, 1] }), randomKey(1)).toArray()); // [[[7]], [[7]]]
 */
export function randomContrast({ factor }: RandomColourOptions): ImageChange {
  checkOptions('randomContrast', { factor }, { factor: 'share' });
  return (image, key) => {
    const { channels } = partsOf('randomContrast', image);
    const scale = 1 + between(factor, key);
    const means = new Float64Array(channels);
    for (let i = 0; i < image.size; i++) means[i % channels]! += Number(image.data[i]) / (image.size / channels);
    const made = blank(image, image.shape);
    for (let i = 0; i < image.size; i++) {
      const mean = means[i % channels]!;
      made.data[i] = held(image.dtype, mean + scale * (Number(image.data[i]) - mean));
    }
    return made;
  };
}
