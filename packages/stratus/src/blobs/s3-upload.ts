import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  type Part,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { isMissing, type S3Server } from './s3-client.ts';
import { md5Of, type Spool } from './spool.ts';

const doing = 'Writing a blob to';
const mostParts = 10_000;

/** An upload in parts that was begun and not finished, of this process or of one that is gone. */
async function begun({ client, address, request }: S3Server, key: string): Promise<string | undefined> {
  const { Uploads = [] } = await request(doing, () =>
    client.send(new ListMultipartUploadsCommand({ Bucket: address.bucket, Prefix: key })),
  );
  return Uploads.findLast(({ Key }) => Key === key)?.UploadId;
}

/** The parts that the server has already, by number. */
async function partsOf({ client, address, request }: S3Server, key: string, upload: string): Promise<Map<number, Part>> {
  const found = new Map<number, Part>();
  let marker: string | undefined;
  do {
    const page = await request(doing, () =>
      client.send(new ListPartsCommand({ Bucket: address.bucket, Key: key, UploadId: upload, PartNumberMarker: marker })),
    );
    for (const part of page.Parts ?? []) found.set(part.PartNumber!, part);
    marker = page.IsTruncated ? page.NextPartNumberMarker : undefined;
  } while (marker !== undefined);
  return found;
}

const plainTag = (tag: string | undefined): string => (tag ?? '').replaceAll('"', '');

/**
 * Uploads bytes under a key. What is larger than a part goes in parts: each is tried again by itself, and an upload that was begun before goes on behind the parts that the
 * server has. Nobody sees anything under the key before all of it is there.
 */
export async function upload(
  server: S3Server,
  key: string,
  source: Spool,
  partBytes: number,
  signal?: AbortSignal,
): Promise<void> {
  const { client, address, request } = server;
  const { bytes } = source.blob;
  const Bucket = address.bucket;
  if (bytes <= partBytes) {
    const Body = await source.part(0, bytes);
    await request(
      doing,
      () => client.send(new PutObjectCommand({ Bucket, Key: key, Body, ContentLength: bytes }), abortable(signal)),
      signal,
    );
    return;
  }
  const began = server.now() - 2000; // the server counts whole seconds
  for (let tries = 1; ; tries++) {
    const id = (await begun(server, key)) ?? (await begin());
    try {
      await inParts(id);
      return;
    } catch (e) {
      // The upload is gone: it was finished, and the answer was lost or another program was faster; or another program ended it.
      if (isMissing(e) && (await isComplete())) return;
      if (isMissing(e) && tries < 5) continue;
      await client.send(new AbortMultipartUploadCommand({ Bucket, Key: key, UploadId: id })).catch(() => undefined); // else a sweep does it
      throw e;
    }
  }

  async function isComplete(): Promise<boolean> {
    try {
      const found = await request(doing, () => client.send(new HeadObjectCommand({ Bucket, Key: key })), signal);
      return found.ContentLength === bytes && found.LastModified!.getTime() >= began;
    } catch (e) {
      if (isMissing(e)) return false;
      throw e;
    }
  }

  async function begin(): Promise<string> {
    const { UploadId } = await request(doing, () => client.send(new CreateMultipartUploadCommand({ Bucket, Key: key })), signal);
    return UploadId!;
  }

  async function inParts(UploadId: string): Promise<void> {
    const size = Math.max(partBytes, Math.ceil(bytes / mostParts));
    const there = await partsOf(server, key, UploadId);
    const Parts: { PartNumber: number; ETag: string | undefined }[] = [];
    for (let start = 0; start < bytes; start += size) {
      const PartNumber = Parts.length + 1;
      const Body = await source.part(start, Math.min(size, bytes - start));
      const known = there.get(PartNumber);
      if (known?.Size === Body.length && plainTag(known.ETag) === md5Of(Body)) {
        Parts.push({ PartNumber, ETag: known.ETag });
        continue;
      }
      const part = { Bucket, Key: key, UploadId, PartNumber, Body, ContentLength: Body.length };
      const { ETag } = await request(doing, () => client.send(new UploadPartCommand(part), abortable(signal)), signal);
      Parts.push({ PartNumber, ETag });
    }
    const whole = { Bucket, Key: key, UploadId, MultipartUpload: { Parts } };
    await request(doing, () => client.send(new CompleteMultipartUploadCommand(whole)), signal);
  }
}

const abortable = (signal: AbortSignal | undefined) => (signal === undefined ? {} : { abortSignal: signal });
