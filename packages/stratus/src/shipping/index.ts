export { imageParts, plainName } from './names.ts';
export type { RegistrySource, Shipment } from './shipment.ts';
export type { Target } from './target.ts';
export { targets } from './targets/index.ts';
export { type Written, writeTarget } from './write.ts';
