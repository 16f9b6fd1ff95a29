import { fail } from '../../errors.ts';
import { checkOptions } from '../../options.ts';
import { showShape, uniforms } from '../../tensor/index.ts';
import { type ImageChange, partsOf, window } from './image-change.ts';

/** Options of {@link randomCrop}. */
export interface RandomCropOptions {
  readonly height: number;
  readonly width: number;
}

/**
 * A part of each picture, anywhere in it.
 *
 * Shapes: `[h, w, channels] -> [height, width, channels]`, uint8 or float32. Errors: `bad-value`; `shape-mismatch` for a smaller picture; `dtype-mismatch`. Source: Keras
 * RandomCrop, torchvision RandomCrop.
 *
 * @example
 * import { randomCrop, randomKey, tensor } from '@stratus/core';
 * const cut = randomCrop({ height: 2, width: 3 });
 * console.log(cut(tensor(new Uint8Array(16), { shape: [4, 4, 1] }), randomKey(1)).shape); // [2, 3, 1]
 */
export function randomCrop({ height, width }: RandomCropOptions): ImageChange {
  checkOptions('randomCrop', { height, width }, { height: 'count', width: 'count' });
  return (image, key) => {
    const { height: rows, width: columns } = partsOf('randomCrop', image);
    if (rows < height || columns < width)
      throw fail('shape-mismatch', {
        what: 'randomCrop',
        got: showShape(image.shape),
        want: `at least ${height} x ${width}`,
        fix: 'Decode pictures to a size that is large enough.',
      });
    const random = uniforms(key);
    const below = (n: number): number => Math.floor(random() * n);
    return window(image, { down: below(rows - height + 1), right: below(columns - width + 1), height, width });
  };
}
