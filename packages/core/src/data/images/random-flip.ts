import { fail } from '../../errors.ts';
import { uniforms } from '../../tensor/index.ts';
import { blank, type ImageChange, partsOf } from './image-change.ts';

/** Options of {@link randomFlip}. */
export interface RandomFlipOptions {
  /** 'horizontal' unless told. */
  readonly mode?: 'horizontal' | 'vertical' | 'horizontalAndVertical' | undefined;
}

/**
 * Mirrors every other picture, left to right, upside down, or either.
 *
 * Shapes: `[height, width, channels]`, uint8 or float32, stays. Errors: `bad-value`, `shape-mismatch`, `dtype-mismatch`. Source: Keras RandomFlip.
 *
 * @example
 * import { randomFlip, randomKey, tensor } from '@stratus/core';
 * const image = tensor(Uint8Array.of(1, 2), { shape: [1, 2, 1] });
 * console.log([...randomFlip()(image, randomKey(2)).data].sort()); // [1, 2]
 */
export function randomFlip({ mode = 'horizontal' }: RandomFlipOptions = {}): ImageChange {
  if (!['horizontal', 'vertical', 'horizontalAndVertical'].includes(mode))
    throw fail('bad-value', {
      what: 'randomFlip',
      got: `mode '${mode}'`,
      want: "'horizontal', 'vertical' or 'horizontalAndVertical'",
    });
  return (image, key) => {
    const { height, width, channels } = partsOf('randomFlip', image);
    const random = uniforms(key);
    const [across, down] = [random() < 0.5 && mode !== 'vertical', random() < 0.5 && mode !== 'horizontal'];
    if (!across && !down) return image;
    const made = blank(image, image.shape);
    for (let row = 0; row < height; row++)
      for (let column = 0; column < width; column++) {
        const from = (down ? height - 1 - row : row) * width + (across ? width - 1 - column : column);
        for (let c = 0; c < channels; c++) made.data[(row * width + column) * channels + c] = image.data[from * channels + c]!;
      }
    return made;
  };
}
