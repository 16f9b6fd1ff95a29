export { augment } from './augment.ts';
export type { ImageChange } from './image-change.ts';
export { type MixUpOptions, mixUp } from './mix-up.ts';
export { type RandomColourOptions, randomBrightness, randomContrast } from './random-colour.ts';
export { type RandomCropOptions, randomCrop } from './random-crop.ts';
export { type RandomErasingOptions, randomErasing } from './random-erasing.ts';
export { type RandomFlipOptions, randomFlip } from './random-flip.ts';
export { type RandomRotationOptions, randomRotation } from './random-rotation.ts';
export { type RandomTranslationOptions, randomTranslation } from './random-translation.ts';
