import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { readdir, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { type Blobs, diskBlobs } from '../src/blobs/index.ts';
import { failure } from './store-contract.ts';

const root = mkdtempSync(join(tmpdir(), 'stratus-blobs-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let count = 0;
const fresh = (): { blobs: Blobs; folder: string } => {
  const folder = join(root, `b${++count}`);
  return { blobs: diskBlobs(folder), folder };
};
const text = (s: string): Uint8Array => new TextEncoder().encode(s);
const digestOf = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const fileOf = (folder: string, digest: string): string => join(folder, 'sha256', digest.slice(7, 9), digest.slice(7));
async function all(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces);
}
const nobody = { references: async () => new Set<string>() };

it('gives back what was put, whole or in pieces', async () => {
  const { blobs, folder } = fresh();
  const pieces = fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(pieces, async (parts) => {
      const bytes = Buffer.concat(parts);
      const blob = await blobs.put(
        (async function* () {
          yield* parts;
        })(),
      );
      expect(blob).toEqual({ digest: digestOf(bytes), bytes: bytes.length });
      expect(await blobs.put(bytes, { expect: blob.digest })).toEqual(blob);
      expect(Buffer.from(await blobs.read(blob.digest)).equals(bytes)).toBe(true);
      expect((await all(blobs.stream(blob.digest))).equals(bytes)).toBe(true);
      expect(await blobs.stat(blob.digest)).toEqual(blob);
    }),
    { numRuns: 25 },
  );
  expect(readdirSync(join(folder, 'unfinished'))).toEqual([]);
});

it('keeps nothing of what was cut off, stopped or something else', async () => {
  const { blobs, folder } = fresh();
  const broken = async function* () {
    yield text('half');
    throw new Error('the line broke');
  };
  expect((await failure(blobs.put(broken()))).message).toContain('the line broke');
  expect((await failure(blobs.put(text('a'), { expect: digestOf(text('b')) }))).code).toBe('corrupt');
  expect((await failure(blobs.put(text('a'), { signal: AbortSignal.abort() }))).code).toBe('aborted');
  expect(await blobs.list()).toEqual([]);
  expect(readdirSync(join(folder, 'unfinished'))).toEqual([]);
});

it('refuses what was damaged, and is mended by putting it again', async () => {
  const { blobs, folder } = fresh();
  const { digest } = await blobs.put(text('weights'));
  for (const damage of [() => writeFileSync(fileOf(folder, digest), 'Weights'), () => truncateSync(fileOf(folder, digest), 3)]) {
    damage();
    const e = await failure(blobs.read(digest));
    expect(e.code).toBe('corrupt');
    expect(e.message).toContain(digest);
    expect((await failure(all(blobs.stream(digest)))).code).toBe('corrupt');
    await blobs.put(text('weights'));
    expect(Buffer.from(await blobs.read(digest)).toString()).toBe('weights');
  }
});

it('says what is missing, and takes no paths for digests', async () => {
  const { blobs } = fresh();
  const gone = digestOf(text('gone'));
  expect(await blobs.stat(gone)).toBeUndefined();
  expect((await failure(blobs.read(gone))).code).toBe('file-not-found');
  expect((await failure(all(blobs.stream(gone)))).code).toBe('file-not-found');
  for (const bad of ['sha256:../../etc/passwd', 'sha256:', '', gone.toUpperCase(), `${gone}0`, 'md5:00'])
    for (const work of [() => blobs.stat(bad), () => blobs.read(bad), () => all(blobs.stream(bad))])
      expect((await failure(work())).code).toBe('bad-value');
  const file = join(root, 'a-file');
  writeFileSync(file, '');
  expect((await failure(diskBlobs(file).put(text('x')))).code).toBe('file-failed');
});

it('clears up in two steps, and never what is named', async () => {
  const { blobs, folder } = fresh();
  const [kept, left, found] = [await blobs.put(text('kept')), await blobs.put(text('left')), await blobs.put(text('found'))];
  const sweep = (names: readonly string[], graceMs: number) => blobs.sweep({ references: async () => new Set(names), graceMs });
  expect(await sweep([], 60_000)).toEqual({ aside: [], removed: [], restored: [] });
  await sleep(15);
  expect((await sweep([kept.digest], 5)).aside).toEqual([left.digest, found.digest].sort());
  expect(await blobs.list()).toEqual([kept, left, found].map(({ digest }) => digest).sort());
  expect((await blobs.stat(found.digest))?.bytes).toBe(5); // whoever looks for it takes it back
  await sleep(15);
  expect(await sweep([kept.digest, left.digest], 60_000)).toEqual({ aside: [], removed: [], restored: [left.digest] });
  await sleep(15);
  expect((await sweep([kept.digest, left.digest], 5)).aside).toEqual([found.digest]);
  await sleep(15);
  expect((await sweep([kept.digest, left.digest], 5)).removed).toEqual([found.digest]);
  expect(await blobs.stat(found.digest)).toBeUndefined();
  expect(Buffer.from(await blobs.read(left.digest)).toString()).toBe('left');
  const abandoned = join(folder, 'unfinished', 'x');
  writeFileSync(abandoned, 'half');
  await utimes(abandoned, 1, 1);
  await sweep([kept.digest, left.digest], 60_000);
  expect(await readdir(join(folder, 'unfinished'))).toEqual([]);
});

it('loses nothing that is named while others clear up all the time', async () => {
  const { blobs } = fresh();
  const named = new Set<string>();
  let isDone = false;
  const graceMs = 150; // each blob is named well within it
  const sweeper = async (): Promise<void> => {
    while (!isDone) {
      await blobs.sweep({ references: async () => new Set(named), graceMs });
      await sleep(1);
    }
  };
  const contents = Array.from({ length: 20 }, () => randomBytes(2000));
  const writer = async (n: number): Promise<void> => {
    const end = performance.now() + 1200;
    for (let i = n; performance.now() < end; i++) {
      const { digest } = await blobs.put(contents[i % contents.length]!);
      named.add(digest);
      if (i % 5 === 0)
        named.delete(digest); // forgotten, and perhaps put again
      else expect((await blobs.read(digest)).length).toBe(2000);
      await sleep(3);
    }
  };
  const sweepers = [sweeper(), sweeper()];
  await Promise.all([writer(0), writer(7), writer(13)]);
  isDone = true;
  await Promise.all(sweepers);
  for (const digest of named) expect((await blobs.read(digest)).length).toBe(2000);
  expect(named.size).toBeGreaterThan(0);
});

it('is not disturbed by sweeping a folder that is empty', async () => {
  expect(await fresh().blobs.sweep(nobody)).toEqual({ aside: [], removed: [], restored: [] });
});
