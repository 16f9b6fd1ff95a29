import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { isMissing, type S3Server } from './s3-client.ts';

/** An object, as a list has it. */
export interface Listed {
  readonly key: string;
  /** When it was written, on the clock of the server. */
  readonly at: number;
}

/** What is done with objects besides writing and reading them. */
export interface S3Places {
  readonly blob: (hex: string) => string;
  /** Everything of one blob that was put aside; each time under another name. */
  readonly asides: (hex: string) => string;
  readonly allBlobs: string;
  readonly allAsides: string;
  list(doing: string, prefix: string): AsyncIterable<Listed>;
  /** Its size and age; undefined where it is not. */
  head(doing: string, key: string): Promise<{ readonly bytes: number; readonly at: number } | undefined>;
  /** False where there is nothing to copy. */
  copy(doing: string, from: string, to: string): Promise<boolean>;
  remove(doing: string, key: string): Promise<void>;
}

/** What a server copies at once, at most; beyond it is copied in parts. Source: Amazon S3, CopyObject. */
const copiedAtOnce = 5 * 2 ** 30;
const copiedPart = 2 ** 30;

/** The digits of a key that ends with them, or with them and another name. */
export const hexIn = (key: string, prefix: string): string => key.slice(prefix.length).split('/')[0]!;

export function s3Places({ client, address, request }: S3Server, atOnce = copiedAtOnce, part = copiedPart): S3Places {
  const { bucket: Bucket, prefix } = address;

  const head: S3Places['head'] = async (doing, Key) => {
    try {
      const found = await request(doing, () => client.send(new HeadObjectCommand({ Bucket, Key })));
      return { bytes: found.ContentLength ?? 0, at: found.LastModified?.getTime() ?? 0 };
    } catch (e) {
      if (isMissing(e)) return undefined;
      throw e;
    }
  };

  async function copyInParts(doing: string, CopySource: string, Key: string, bytes: number): Promise<void> {
    const { UploadId } = await request(doing, () => client.send(new CreateMultipartUploadCommand({ Bucket, Key })));
    const Parts: { PartNumber: number; ETag: string | undefined }[] = [];
    for (let start = 0; start < bytes; start += part) {
      const PartNumber = Parts.length + 1;
      const CopySourceRange = `bytes=${start}-${Math.min(bytes, start + part) - 1}`;
      const one = { Bucket, Key, UploadId, PartNumber, CopySource, CopySourceRange };
      const { CopyPartResult } = await request(doing, () => client.send(new UploadPartCopyCommand(one)));
      Parts.push({ PartNumber, ETag: CopyPartResult?.ETag });
    }
    const whole = { Bucket, Key, UploadId, MultipartUpload: { Parts } };
    await request(doing, () => client.send(new CompleteMultipartUploadCommand(whole)));
  }

  return {
    blob: (hex) => `${prefix}sha256/${hex}`,
    asides: (hex) => `${prefix}aside/${hex}/`,
    allBlobs: `${prefix}sha256/`,
    allAsides: `${prefix}aside/`,
    head,
    async *list(doing, Prefix) {
      let token: string | undefined;
      do {
        const page = await request(doing, () =>
          client.send(new ListObjectsV2Command({ Bucket, Prefix, ...(token !== undefined && { ContinuationToken: token }) })),
        );
        for (const { Key, LastModified } of page.Contents ?? []) yield { key: Key!, at: LastModified?.getTime() ?? 0 };
        token = page.IsTruncated ? page.NextContinuationToken : undefined;
      } while (token !== undefined);
    },
    async copy(doing, from, to) {
      const CopySource = `${Bucket}/${from.split('/').map(encodeURIComponent).join('/')}`;
      const found = await head(doing, from);
      if (found === undefined) return false;
      try {
        if (found.bytes > atOnce) await copyInParts(doing, CopySource, to, found.bytes);
        else await request(doing, () => client.send(new CopyObjectCommand({ Bucket, Key: to, CopySource })));
        return true;
      } catch (e) {
        // Swift says of a copy whose source has gone meanwhile that there is no such bucket.
        if (isMissing(e) || (await head(doing, from)) === undefined) return false;
        throw e;
      }
    },
    remove: async (doing, Key) => {
      await request(doing, () => client.send(new DeleteObjectCommand({ Bucket, Key }))).catch((e: unknown) => {
        if (!isMissing(e)) throw e;
      });
    },
  };
}
