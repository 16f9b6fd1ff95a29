import { fail } from '@stratus/core';
import type { Blobs } from './blobs.ts';
import { diskBlobs } from './disk.ts';

/**
 * Opens blobs: a folder, or `s3://bucket/prefix?endpoint=https://…&region=…` on any server that speaks S3. Keys are taken from where Amazon's own tools take them:
 * AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile (AWS_PROFILE), or the machine's role; never from the address. The bucket has to be there.
 *
 * On a server: what is larger than 16 MiB is uploaded in parts. When the server or the way to it fails, requests are made again for a minute, with growing pauses; an upload that
 * was cut off goes on behind the parts that arrived, and nothing is seen of it before it is whole. Streams of more than 16 MiB are written to a temporary file first.
 *
 * Errors: `bad-value`; those of {@link Blobs}; `storage-failed`, which says bucket, server and what to check.
 * Source: Amazon S3 API, Signature Version 4.
 *
 * @example no-run
 * import { openBlobs } from 'stratus';
 * const blobs = await openBlobs('s3://models/team?endpoint=https://storage.example.org');
 * const { digest } = await blobs.put(new TextEncoder().encode('weights'));
 * console.log((await blobs.read(digest)).length); // 7
 */
export async function openBlobs(address: string): Promise<Blobs> {
  if (!/^[a-z][a-z0-9+.-]+:\/\//i.test(address)) return diskBlobs(address);
  if (!address.startsWith('s3://'))
    throw fail('bad-value', {
      what: 'openBlobs',
      got: `'${address.split('://')[0]}://…'`,
      want: "a folder or 's3://bucket/prefix'",
    });
  const [{ parseS3Address }, { s3Blobs }] = await Promise.all([import('./s3-address.ts'), import('./s3.ts')]); // the library is loaded by those who use it
  return s3Blobs(parseS3Address(address, process.env));
}
