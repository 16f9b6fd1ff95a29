export type { Blob, BlobSource, Blobs, PutOptions, SweepOptions, Swept } from './blobs.ts';
export { diskBlobs } from './disk.ts';
export { openBlobs } from './open.ts';
