export type { Blob, BlobSource, Blobs, ClearOptions, PutOptions, Swept } from './blobs.ts';
export { diskBlobs } from './disk.ts';
export { openBlobs } from './open.ts';
