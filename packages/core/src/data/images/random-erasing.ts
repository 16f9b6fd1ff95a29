import { checkOptions } from '../../options.ts';
import { uniforms } from '../../tensor/index.ts';
import { blank, type ImageChange, partsOf } from './image-change.ts';

/** Options of {@link randomErasing}. */
export interface RandomErasingOptions {
  /** The side of the square, as a share of the picture's shorter side; 0.5 unless told. */
  readonly size?: number | undefined;
  /** What stands there; 0 unless told. */
  readonly fillValue?: number | undefined;
}

/**
 * Erases a square of each picture, at any place of it; at the edge a part of the square is outside (cutout).
 *
 * Shapes: `[height, width, channels]`, uint8 or float32, stays. Errors: `bad-value`, `shape-mismatch`, `dtype-mismatch`.
 * Source: DeVries and Taylor 2017, "Improved regularization of convolutional neural networks with cutout" (1708.04552); Keras RandomErasing.
 *
 * @example
 * import { randomErasing, randomKey, tensor } from '@stratus/core';
 * const image = tensor(new Uint8Array(16).fill(9), { shape: [4, 4, 1] });
 * console.log(randomErasing()(image, randomKey(1)).data.includes(0 as never)); // true
 */
export function randomErasing({ size = 0.5, fillValue = 0 }: RandomErasingOptions = {}): ImageChange {
  checkOptions('randomErasing', { size, fillValue }, { size: 'share', fillValue: 'number' });
  return (image, key) => {
    const { height, width, channels } = partsOf('randomErasing', image);
    const side = Math.round(size * Math.min(height, width));
    if (side === 0) return image;
    const random = uniforms(key);
    const [top, left] = [height, width].map((length) => Math.floor(random() * length) - (side >> 1)) as [number, number];
    const made = blank(image, image.shape);
    (made.data as Float32Array).set(image.data as Float32Array);
    for (let row = Math.max(0, top); row < Math.min(height, top + side); row++) {
      const [from, to] = [Math.max(0, left), Math.min(width, left + side)];
      (made.data as Float32Array).fill(fillValue, (row * width + from) * channels, (row * width + to) * channels);
    }
    return made;
  };
}
