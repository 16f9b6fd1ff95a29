// Blobs on a real server of S3 (OpenStack Swift), also over a wire that breaks.
import { randomBytes } from 'node:crypto';
import { CreateMultipartUploadCommand, ListMultipartUploadsCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { openBlobs } from '../src/blobs/index.ts';
import { type S3Options, s3Blobs } from '../src/blobs/s3.ts';
import { parseS3Address } from '../src/blobs/s3-address.ts';
import { s3Server } from '../src/blobs/s3-client.ts';
import { s3Places } from '../src/blobs/s3-places.ts';
import { openWorkspace } from '../src/workspace/index.ts';
import { all, blobsContract, digestOf, text } from './blobs-contract.ts';
import { type CutProxy, cutProxy } from './cut-proxy.ts';
import { failure } from './store-contract.ts';
import { type SwiftServer, startSwift, swiftFolder } from './swift-server.ts';

describe.skipIf(swiftFolder === undefined)('blobs on a server of S3 (the Debian packages swift-proxy and others)', () => {
  let server: SwiftServer;
  let proxy: CutProxy;
  let client: S3Client;
  let count = 0;
  const Bucket = 'models';
  const mebi = 2 ** 20;

  beforeAll(async () => {
    server = await startSwift();
    proxy = await cutProxy(server.port);
    await server.makeBucket(Bucket);
    vi.stubEnv('AWS_ACCESS_KEY_ID', server.accessKey);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', server.secretKey);
    client = new S3Client({ endpoint: endpoint(server.port), region: 'us-east-1', forcePathStyle: true });
  }, 120_000);
  afterAll(async () => {
    await proxy?.stop();
    server?.stop();
    vi.unstubAllEnvs();
  });
  afterEach(() => proxy.out(false));

  const endpoint = (port: number): string => `http://127.0.0.1:${port}`;
  const addressOf = (prefix: string, port = server.port): string =>
    `s3://${Bucket}/${prefix}?endpoint=${endpoint(port)}&region=us-east-1`;
  const prefixOf = (): string => `p${++count}`;
  const over = (prefix: string, options: S3Options, port = proxy.port) =>
    s3Blobs(parseS3Address(addressOf(prefix, port), {}), options);
  const uploads = async (prefix: string): Promise<string[]> => {
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket, Prefix: `${prefix}/` }));
    return Uploads.map(({ Key }) => Key!);
  };
  const keyOf = (prefix: string, digest: string): string => `${prefix}/sha256/${digest.slice(7)}`;

  blobsContract({
    tickMs: 1000,
    rounds: 8,
    async fresh() {
      const prefix = prefixOf();
      return {
        blobs: await openBlobs(addressOf(prefix)),
        damage: async (digest, Body) =>
          void (await client.send(new PutObjectCommand({ Bucket, Key: keyOf(prefix, digest), Body }))),
        unfinished: () => uploads(prefix),
        abandon: async () =>
          void (await client.send(new CreateMultipartUploadCommand({ Bucket, Key: `${prefix}/sha256/abandoned` }))),
      };
    },
  });

  it('uploads large ones in parts', async () => {
    const prefix = prefixOf();
    const blobs = over(prefix, { partBytes: mebi });
    const bytes = randomBytes(3.5 * mebi);
    const pieces = async function* () {
      for (let at = 0; at < bytes.length; at += 100_000) yield bytes.subarray(at, at + 100_000);
    };
    const { digest } = await blobs.put(pieces());
    expect(digest).toBe(digestOf(bytes));
    expect(Buffer.from(await blobs.read(digest)).equals(bytes)).toBe(true);
    expect((await blobs.stat(digest))?.bytes).toBe(bytes.length);
    await blobs.put(bytes);
    expect(await uploads(prefix)).toEqual([]);
  });

  it('goes on when connections are cut in the middle of parts, and sends no part again that arrived', async () => {
    const prefix = prefixOf();
    const blobs = over(prefix, { partBytes: mebi });
    const bytes = randomBytes(6 * mebi);
    const [sent, cuts] = [proxy.sent, proxy.cuts];
    proxy.cutAfter(2.5 * mebi); // in the third part
    proxy.cutAfter(0.7 * mebi); // in the third part again
    proxy.cutAfter(1.6 * mebi);
    const { digest } = await blobs.put(bytes);
    expect(proxy.cuts - cuts).toBe(3);
    expect(proxy.sent - sent).toBeLessThan(6 * mebi + 3 * mebi); // three parts were sent twice, at most
    expect(Buffer.from(await blobs.read(digest)).equals(bytes)).toBe(true);
    expect(await uploads(prefix)).toEqual([]);
  });

  it('reads on where a connection was cut', async () => {
    const blobs = over(prefixOf(), {});
    const bytes = randomBytes(4 * mebi);
    const { digest } = await blobs.put(bytes);
    const cuts = proxy.cuts;
    proxy.cutAfter(1.5 * mebi, 'down');
    proxy.cutAfter(1.2 * mebi, 'down');
    expect((await all(blobs.stream(digest))).equals(bytes)).toBe(true);
    expect(proxy.cuts - cuts).toBe(2);
  });

  it('waits for a server that is away for a while', async () => {
    const blobs = over(prefixOf(), {});
    proxy.out(true);
    const put = blobs.put(text('weights'));
    setTimeout(() => proxy.out(false), 400);
    const { digest } = await put;
    expect((await blobs.read(digest)).length).toBe(7);
  });

  it('has nothing of what could not be sent, and sends the rest when it is put again', async () => {
    const prefix = prefixOf();
    const bytes = randomBytes(5 * mebi);
    const digest = digestOf(bytes);
    const short = over(prefix, { partBytes: mebi, patienceMs: 300 });
    proxy.cutAfter(3.5 * mebi);
    const put = short.put(bytes);
    const cuts = proxy.cuts;
    await vi.waitUntil(() => proxy.cuts > cuts, { timeout: 30_000, interval: 1 });
    proxy.out(true); // from the middle of the fourth part on
    const e = await failure(put);
    expect(e.code).toBe('storage-failed');
    expect(e.message).toContain(`s3://${Bucket}/${prefix}`);
    expect(e.message).toContain(`Check that ${endpoint(proxy.port)} is reached`);
    expect(e.message).not.toContain(server.secretKey);
    proxy.out(false);
    expect(await short.stat(digest)).toBeUndefined();
    expect(await short.list()).toEqual([]);
    expect(await uploads(prefix)).toEqual([keyOf(prefix, digest)]);
    const sent = proxy.sent;
    expect((await over(prefix, { partBytes: mebi }).put(bytes)).digest).toBe(digest); // as another process would
    expect(proxy.sent - sent).toBeLessThan(2.5 * mebi); // two of five parts, and what is said around them
    expect(Buffer.from(await short.read(digest)).equals(bytes)).toBe(true);
    expect(await uploads(prefix)).toEqual([]);
  });

  it('does not take parts of something else for its own', async () => {
    const prefix = prefixOf();
    const [bytes, other] = [randomBytes(3 * mebi), randomBytes(mebi)];
    const { UploadPartCommand } = await import('@aws-sdk/client-s3');
    const Key = keyOf(prefix, digestOf(bytes));
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }));
    await client.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 2, Body: other }));
    await client.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 4, Body: other }));
    const { digest } = await over(prefix, { partBytes: mebi }).put(bytes);
    expect(Buffer.from(await over(prefix, {}).read(digest)).equals(bytes)).toBe(true);
  });

  it('stops an upload that is not wanted any more, and leaves nothing behind', async () => {
    const prefix = prefixOf();
    const stop = new AbortController();
    const cuts = proxy.cuts;
    proxy.cutAfter(1.5 * mebi);
    const put = over(prefix, { partBytes: mebi }).put(randomBytes(4 * mebi), { signal: stop.signal });
    await vi.waitUntil(() => proxy.cuts > cuts, { timeout: 30_000, interval: 1 });
    stop.abort();
    expect((await failure(put)).code).toBe('aborted');
    expect(await uploads(prefix)).toEqual([]);
  });

  it('lets many put the same large one at once', async () => {
    const prefix = prefixOf();
    const bytes = randomBytes(3 * mebi);
    const puts = Array.from({ length: 4 }, () => over(prefix, { partBytes: mebi }, server.port).put(bytes));
    for (const { digest } of await Promise.all(puts)) expect(digest).toBe(digestOf(bytes));
    expect(Buffer.from(await over(prefix, {}).read(digestOf(bytes))).equals(bytes)).toBe(true);
  });

  it('copies in parts what is too large to be copied at once', async () => {
    const prefix = prefixOf();
    const s3 = s3Server(parseS3Address(addressOf(prefix), {}), 10_000);
    const places = s3Places(s3, mebi, mebi);
    const bytes = randomBytes(2.5 * mebi);
    await client.send(new PutObjectCommand({ Bucket, Key: `${prefix}/a`, Body: bytes }));
    expect(await places.copy('Copying', `${prefix}/a`, keyOf(prefix, digestOf(bytes)))).toBe(true);
    expect(await places.copy('Copying', `${prefix}/none`, `${prefix}/b`)).toBe(false);
    expect(Buffer.from(await over(prefix, {}).read(digestOf(bytes))).equals(bytes)).toBe(true);
  });

  it('keeps what is put while several sweeps, which do not know of it yet, are putting it aside', async () => {
    const blobs = over(prefixOf(), {}, server.port);
    const contents = Array.from({ length: 12 }, () => randomBytes(100));
    const graceMs = 1500;
    const digests = await Promise.all(contents.map(async (bytes) => (await blobs.put(bytes)).digest));
    await vi.waitFor(
      async () => expect((await blobs.sweep({ references: async () => new Set(), graceMs, dryRun: true })).aside.length).toBe(12),
      {
        timeout: 10_000,
        interval: 100,
      },
    );
    // When all sweeps have looked and not yet moved anything, puts begin at the end of the list and meet the sweeps, which begin at its start.
    let looked = 0;
    let go = (): void => {};
    const allLooked = new Promise<void>((done) => (go = done));
    const references = async (): Promise<Set<string>> => {
      if (++looked === 3) go();
      await allLooked;
      return new Set();
    };
    const sweeps = Array.from({ length: 3 }, () => blobs.sweep({ references, graceMs }));
    await allLooked;
    const backwards = contents.toSorted((x, y) => (digestOf(x) < digestOf(y) ? 1 : -1));
    for (let i = 0; i < backwards.length; i += 3) await Promise.all(backwards.slice(i, i + 3).map((bytes) => blobs.put(bytes)));
    const asides = (await Promise.all(sweeps)).flatMap(({ aside }) => aside);
    expect(asides.length).toBeGreaterThan(0);
    for (const digest of digests) expect((await blobs.read(digest)).length).toBe(100);
  });

  it('says what to check when the server refuses', async () => {
    const expectError = async (work: Promise<unknown>, ...words: readonly string[]): Promise<void> => {
      const e = await failure(work);
      expect(e.code).toBe('storage-failed');
      for (const word of words) expect(e.message).toContain(word);
      expect(e.message).not.toContain('hidden');
    };
    const noBucket = await openBlobs(`s3://nobody/x?endpoint=${endpoint(server.port)}&region=us-east-1`);
    await expectError(noBucket.put(text('x')), 's3://nobody/x', "Make the bucket 'nobody'", endpoint(server.port));
    await expectError(noBucket.list(), "Make the bucket 'nobody'");
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'hidden');
    await expectError((await openBlobs(addressOf('x'))).put(text('x')), 'AWS_SECRET_ACCESS_KEY', 'SignatureDoesNotMatch');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', server.secretKey);
    const nobody = over('x', { patienceMs: 200 }, 9);
    await expectError(nobody.read(digestOf(text('x'))), 'Check that http://127.0.0.1:9 is reached');
  });

  it('holds the files of a workspace', async () => {
    const { mkdtempSync, rmSync } = await import('node:fs');
    const folder = mkdtempSync('/tmp/stratus-s3-workspace-');
    const workspace = await openWorkspace({ folder, blobs: addressOf(prefixOf()) });
    const { digest } = await workspace.blobs.put(text('weights'));
    await workspace.store.models.register('net', { digest, bytes: 7 });
    expect((await workspace.blobs.sweep({ references: () => workspace.store.references(), graceMs: -5000 })).aside).toEqual([]);
    expect(Buffer.from(await workspace.blobs.read(digest)).toString()).toBe('weights');
    await workspace.close();
    rmSync(folder, { recursive: true, force: true });
  });
});
