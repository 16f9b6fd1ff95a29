// What every place for blobs promises.
import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Blobs } from '../src/blobs/index.ts';
import { failure } from './store-contract.ts';

export interface BlobsPlace {
  readonly blobs: Blobs;
  /** Puts other bytes where a blob lies, without its knowledge. */
  damage(digest: string, bytes: Uint8Array): Promise<void>;
  /** What was begun and never finished, in whatever form. */
  unfinished(): Promise<readonly string[]>;
  /** Leaves something behind as a process does that is killed while it writes. */
  abandon(): Promise<void>;
}

export interface BlobsContract {
  /** One that is empty. */
  fresh(): Promise<BlobsPlace>;
  /** What its clock counts in, in milliseconds: ages are not finer. */
  readonly tickMs: number;
  /** Rounds of what is drawn at random. */
  readonly rounds: number;
}

export const text = (s: string): Uint8Array => new TextEncoder().encode(s);
export const digestOf = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
export async function all(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces);
}
const nothing = { aside: [], removed: [], restored: [] };

export function blobsContract({ fresh, tickMs, rounds }: BlobsContract): void {
  /** A time of grace, and a pause after which what was written before is older than it. */
  const graceMs = 1;
  const age = (): Promise<void> => sleep(15 + 1.1 * tickMs);
  const longMs = 3_600_000;

  it('gives back what was put, whole or in pieces', async () => {
    const { blobs, unfinished } = await fresh();
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
      { numRuns: rounds },
    );
    expect(await unfinished()).toEqual([]);
  });

  it('keeps nothing of what was cut off, stopped or something else', async () => {
    const { blobs, unfinished } = await fresh();
    const broken = async function* () {
      yield text('half');
      throw new Error('the line broke');
    };
    expect((await failure(blobs.put(broken()))).message).toContain('the line broke');
    expect((await failure(blobs.put(text('a'), { expect: digestOf(text('b')) }))).code).toBe('corrupt');
    expect((await failure(blobs.put(text('a'), { signal: AbortSignal.abort() }))).code).toBe('aborted');
    expect(await blobs.list()).toEqual([]);
    expect(await unfinished()).toEqual([]);
  });

  it('refuses what was damaged, and is mended by putting it again', async () => {
    const { blobs, damage } = await fresh();
    const { digest } = await blobs.put(text('weights'));
    for (const wrong of ['Weights', 'wei', 'weights and more']) {
      await damage(digest, text(wrong));
      const e = await failure(blobs.read(digest));
      expect(e.code).toBe('corrupt');
      expect(e.message).toContain(digest);
      expect((await failure(all(blobs.stream(digest)))).code).toBe('corrupt');
      await blobs.put(text('weights'));
      expect(Buffer.from(await blobs.read(digest)).toString()).toBe('weights');
    }
  });

  it('says what is missing, and takes no paths for digests', async () => {
    const { blobs } = await fresh();
    const gone = digestOf(text('gone'));
    expect(await blobs.stat(gone)).toBeUndefined();
    expect((await failure(blobs.read(gone))).code).toBe('file-not-found');
    expect((await failure(all(blobs.stream(gone)))).code).toBe('file-not-found');
    for (const bad of ['sha256:../../etc/passwd', 'sha256:', '', gone.toUpperCase(), `${gone}0`, 'md5:00'])
      for (const work of [() => blobs.stat(bad), () => blobs.read(bad), () => all(blobs.stream(bad))])
        expect((await failure(work())).code).toBe('bad-value');
  });

  it('clears up in two steps, and never what is named', async () => {
    const { blobs, abandon, unfinished } = await fresh();
    const [kept, left, found] = [await blobs.put(text('kept')), await blobs.put(text('left')), await blobs.put(text('found'))];
    const sweep = (names: readonly string[], grace: number, dryRun = false) =>
      blobs.sweep({ references: async () => new Set(names), graceMs: grace, dryRun });
    expect(await sweep([], longMs)).toEqual(nothing);
    await age();
    const first = { ...nothing, aside: [left.digest, found.digest].sort() };
    expect(await sweep([kept.digest], graceMs, true)).toEqual(first); // and nothing happens
    expect(await sweep([kept.digest], graceMs)).toEqual(first);
    expect(await blobs.list()).toEqual([kept, left, found].map(({ digest }) => digest).sort());
    expect((await blobs.stat(found.digest))?.bytes).toBe(5); // whoever looks for it takes it back
    await age();
    const back = { ...nothing, restored: [left.digest] };
    expect(await sweep([kept.digest, left.digest], longMs, true)).toEqual(back);
    expect(await sweep([kept.digest, left.digest], longMs)).toEqual(back);
    await age();
    expect((await sweep([kept.digest, left.digest], graceMs)).aside).toEqual([found.digest]);
    await age();
    expect((await sweep([kept.digest, left.digest], graceMs, true)).removed).toEqual([found.digest]);
    expect((await sweep([kept.digest, left.digest], graceMs)).removed).toEqual([found.digest]);
    expect(await blobs.stat(found.digest)).toBeUndefined();
    expect(Buffer.from(await blobs.read(left.digest)).toString()).toBe('left');
    await abandon();
    expect((await unfinished()).length).toBe(1);
    await sweep([kept.digest, left.digest], longMs);
    await age();
    await sweep([kept.digest, left.digest], graceMs);
    expect(await unfinished()).toEqual([]);
  });

  it('loses nothing that is named while others clear up all the time', async () => {
    const { blobs } = await fresh();
    const named = new Set<string>();
    let isDone = false;
    const grace = Math.max(150, 3 * tickMs); // each blob is named well within it
    let asides = 0;
    const sweeper = async (): Promise<void> => {
      while (!isDone) {
        const { aside } = await blobs.sweep({ references: async () => new Set(named), graceMs: grace });
        asides += aside.length;
        await sleep(1);
      }
    };
    const contents = Array.from({ length: 20 }, () => randomBytes(2000));
    const idle = await blobs.put(text('nobody names it')); // so that sweeps have something to do
    const writer = async (n: number): Promise<void> => {
      const end = performance.now() + 1000 + 1.7 * grace;
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
    expect(asides).toBeGreaterThan(0);
    expect(named.has(idle.digest)).toBe(false);
  });

  it('is not disturbed by sweeping where nothing is', async () => {
    const { blobs } = await fresh();
    expect(await blobs.sweep({ references: async () => new Set() })).toEqual(nothing);
  });
}
