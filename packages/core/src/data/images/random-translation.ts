import { checkOptions } from '../../options.ts';
import { uniforms } from '../../tensor/index.ts';
import { type ImageChange, partsOf, window } from './image-change.ts';

/** Options of {@link randomTranslation}. */
export interface RandomTranslationOptions {
  /** How far up or down at most, as a share of the height. */
  readonly heightFactor: number;
  /** How far left or right at most, as a share of the width. */
  readonly widthFactor: number;
  /** What is where nothing was; 0 unless told. */
  readonly fillValue?: number | undefined;
}

/**
 * Moves pictures by whole pixels, up or down and left or right.
 *
 * Shapes: `[height, width, channels]`, uint8 or float32, stays. Errors: `bad-value`, `shape-mismatch`, `dtype-mismatch`. Source: Keras RandomTranslation (fillMode
 * 'constant').
 *
 * @example
 * import { randomKey, randomTranslation, tensor } from '@stratus/core';
 * const move = randomTranslation({ heightFactor: 0.25, widthFactor: 0.25 });
 * console.log(move(tensor(new Uint8Array(16), { shape: [4, 4, 1] }), randomKey(1)).shape); // [4, 4, 1]
 */
export function randomTranslation({ heightFactor, widthFactor, fillValue = 0 }: RandomTranslationOptions): ImageChange {
  checkOptions(
    'randomTranslation',
    { heightFactor, widthFactor, fillValue },
    { heightFactor: 'share', widthFactor: 'share', fillValue: 'number' },
  );
  return (image, key) => {
    const { height, width } = partsOf('randomTranslation', image);
    const random = uniforms(key);
    const upTo = (far: number): number => Math.floor(random() * (2 * far + 1)) - far;
    const [down, right] = [upTo(Math.round(heightFactor * height)), upTo(Math.round(widthFactor * width))];
    return down === 0 && right === 0 ? image : window(image, { down, right, height, width, fill: fillValue });
  };
}
