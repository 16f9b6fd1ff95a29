import { randomUUID } from 'node:crypto';
import { AbortMultipartUploadCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import type { ClearOptions, Swept } from './blobs.ts';
import { isMissing, type S3Server } from './s3-client.ts';
import { hexIn, type Listed, type S3Places } from './s3-places.ts';

const doing = 'Clearing up';
const day = 86_400_000;

const shown = (list: Iterable<string>): string[] => [...new Set(list)].map((hex) => `sha256:${hex}`).sort();

/** Takes a blob back that was put aside. True where it was. What is aside stays there until it is old: taking it away could meet another sweep that has just put it there. */
export async function takeBack(places: S3Places, hex: string): Promise<boolean> {
  const found: Listed[] = [];
  for await (const listed of places.list('Reading', places.asides(hex))) found.push(listed);
  for (const { key } of found.sort((a, b) => b.at - a.at)) if (await places.copy('Reading', key, places.blob(hex))) return true;
  return false;
}

/** Uploads in parts that nobody has gone on with. */
async function abandoned({ client, address, request }: S3Server, isOld: (at: number) => boolean): Promise<void> {
  const { bucket: Bucket, prefix: Prefix } = address;
  let after: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } = {};
  for (let more = true; more; ) {
    const page = await request(doing, () => client.send(new ListMultipartUploadsCommand({ Bucket, Prefix, ...after })));
    for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
      if (!isOld(Initiated?.getTime() ?? 0)) continue;
      await request(doing, () => client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }))).catch((e: unknown) => {
        if (!isMissing(e)) throw e;
      });
    }
    more = page.IsTruncated === true;
    after = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
  }
}

/**
 * As on a disk, in two steps; but a server of S3 cannot rename. Putting aside is a copy under a name of its own and then a removal, so at every moment the blob is in one place at least, and
 * what one sweep removes for good is never what another has just put aside.
 */
export async function sweepS3(
  server: S3Server,
  places: S3Places,
  { references, graceMs = day, dryRun = false }: ClearOptions,
): Promise<Swept> {
  const [blobs, asides]: [Listed[], Listed[]] = [[], []];
  for await (const listed of places.list(doing, places.allBlobs)) blobs.push(listed);
  for await (const listed of places.list(doing, places.allAsides)) asides.push(listed);
  const now = server.now();
  const isOld = (at: number): boolean => now - at > graceMs;
  const named = await references(); // after the ages: whoever put one again since then has made it young, or finds it aside
  const isNamed = (hex: string): boolean => named.has(`sha256:${hex}`);
  const blobHex = ({ key }: Listed): string => hexIn(key, places.allBlobs);
  const asideHex = ({ key }: Listed): string => hexIn(key, places.allAsides);
  const present = new Set(blobs.map(blobHex));

  const old = blobs.filter((blob) => isOld(blob.at) && !isNamed(blobHex(blob)));
  const back = [...new Set(asides.map(asideHex))].filter((hex) => isNamed(hex) && !present.has(hex));
  const gone = asides.filter((aside) => isOld(aside.at) && !isNamed(asideHex(aside)));
  const swept = {
    aside: shown(old.map(blobHex)),
    restored: shown(back),
    removed: shown(gone.map(asideHex).filter((hex) => !present.has(hex))),
  };
  if (dryRun) return swept;

  const restored: string[] = [];
  for (const hex of back) if (await takeBack(places, hex)) restored.push(hex);
  for (const { key } of gone) await places.remove(doing, key);
  // What was taken back has left a copy aside.
  for (const aside of asides.filter((one) => isOld(one.at) && isNamed(asideHex(one))))
    if ((await places.head(doing, places.blob(asideHex(aside)))) !== undefined) await places.remove(doing, aside.key);
  const put: string[] = [];
  for (const { key } of old) {
    const hex = hexIn(key, places.allBlobs);
    const found = await places.head(doing, key);
    if (found === undefined || server.now() - found.at <= graceMs) continue;
    if (!(await places.copy(doing, key, `${places.asides(hex)}${randomUUID()}`))) continue;
    await places.remove(doing, key);
    put.push(hex);
  }
  await abandoned(server, isOld);
  return { ...swept, aside: shown(put), restored: shown(restored) };
}
