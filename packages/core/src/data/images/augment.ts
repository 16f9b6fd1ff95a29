import { foldIn } from '../../tensor/index.ts';
import type { ImageChange } from './image-change.ts';

/**
 * Several changes, one after the other, each with random numbers of its own. For `Dataset.map`, whose keys are others in each epoch and the same when
 * an epoch is read again.
 *
 * @example
 * import { augment, dataset, randomFlip, randomTranslation, tensor } from '@stratus/core';
 * const pictures = dataset([{ image: tensor(new Uint8Array(48), { shape: [4, 4, 3] }), label: 1 }]);
 * const change = augment(randomFlip(), randomTranslation({ heightFactor: 0.1, widthFactor: 0.1 }));
 * const changed = pictures.map(({ image, label }, _, key) => ({ image: change(image, key), label }));
 * console.log((await changed.toArray())[0]!.image.shape); // [4, 4, 3]
 */
export const augment =
  (...changes: readonly ImageChange[]): ImageChange =>
  (image, key) =>
    changes.reduce((picture, change, i) => change(picture, foldIn(key, i)), image);
