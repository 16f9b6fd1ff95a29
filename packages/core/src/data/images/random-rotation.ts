import { checkOptions } from '../../options.ts';
import { uniformAt } from '../../tensor/index.ts';
import { blank, held, type ImageChange, partsOf } from './image-change.ts';

/** Options of {@link randomRotation}. */
export interface RandomRotationOptions {
  /** How far at most, either way, as a share of a whole turn: 0.05 is 18 degrees. */
  readonly factor: number;
  /** What is where nothing was; 0 unless told. */
  readonly fillValue?: number | undefined;
}

/**
 * Turns pictures about their middle; between pixels it is interpolated linearly.
 *
 * Shapes: `[height, width, channels]`, uint8 or float32, stays. Errors: `bad-value`, `shape-mismatch`, `dtype-mismatch`. Source: Keras RandomRotation (fillMode
 * 'constant').
 *
 * @example
 * import { randomKey, randomRotation, tensor } from '@stratus/core';
 * const turn = randomRotation({ factor: 0.05 });
 * console.log(turn(tensor(new Uint8Array(16), { shape: [4, 4, 1] }), randomKey(1)).shape); // [4, 4, 1]
 */
export function randomRotation({ factor, fillValue = 0 }: RandomRotationOptions): ImageChange {
  checkOptions('randomRotation', { factor, fillValue }, { factor: 'share', fillValue: 'number' });
  return (image, key) => {
    const { height, width, channels } = partsOf('randomRotation', image);
    const angle = 2 * Math.PI * factor * (2 * uniformAt(key, 0) - 1);
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    const [middleY, middleX] = [(height - 1) / 2, (width - 1) / 2];
    const made = blank(image, image.shape);
    const at = (row: number, column: number, c: number): number =>
      row < 0 || row >= height || column < 0 || column >= width
        ? fillValue
        : Number(image.data[(row * width + column) * channels + c]);
    for (let row = 0; row < height; row++)
      for (let column = 0; column < width; column++) {
        // Where it comes from
        const y = middleY + (row - middleY) * cos - (column - middleX) * sin;
        const x = middleX + (row - middleY) * sin + (column - middleX) * cos;
        const [top, left] = [Math.floor(y + 1e-6), Math.floor(x + 1e-6)];
        const [dy, dx] = [Math.max(0, y - top), Math.max(0, x - left)];
        for (let c = 0; c < channels; c++) {
          const above = at(top, left, c) * (1 - dx) + at(top, left + 1, c) * dx;
          const below = at(top + 1, left, c) * (1 - dx) + at(top + 1, left + 1, c) * dx;
          made.data[(row * width + column) * channels + c] = held(image.dtype, above * (1 - dy) + below * dy);
        }
      }
    return made;
  };
}
