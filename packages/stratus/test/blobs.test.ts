import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { diskBlobs, openBlobs } from '../src/blobs/index.ts';
import { blobsContract, text } from './blobs-contract.ts';
import { failure } from './store-contract.ts';

const root = mkdtempSync(join(tmpdir(), 'stratus-blobs-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let count = 0;

describe('blobs in a folder', () => {
  blobsContract({
    tickMs: 1,
    rounds: 25,
    async fresh() {
      const folder = join(root, `b${++count}`);
      const unfinished = join(folder, 'unfinished');
      return {
        blobs: await openBlobs(folder),
        damage: (digest, bytes) => writeFile(join(folder, 'sha256', digest.slice(7, 9), digest.slice(7)), bytes),
        unfinished: () => readdir(unfinished).catch(() => []),
        async abandon() {
          await mkdir(unfinished, { recursive: true });
          await writeFile(join(unfinished, 'x'), 'half');
          await utimes(join(unfinished, 'x'), new Date(), new Date());
        },
      };
    },
  });

  it('says so when the folder cannot be one', async () => {
    const file = join(root, 'a-file');
    writeFileSync(file, '');
    expect((await failure(diskBlobs(file).put(text('x')))).code).toBe('file-failed');
  });
});

describe('openBlobs', () => {
  it('takes a folder or an address of S3, and tells nobody what may be a secret', async () => {
    expect((await openBlobs(join(root, 'some'))).address).toBe(join(root, 'some'));
    expect((await openBlobs('s3://models/a//b/?endpoint=http://127.0.0.1:9&region=eu')).address).toBe(
      's3://models/a/b?endpoint=http://127.0.0.1:9',
    );
    for (const [address, word] of [
      ['gs://models', "'gs://…'"],
      ['s3://', "the bucket ''"],
      ['s3://key:hidden@models/a', 'keys in the address'],
      ['s3://models?endpoint=http://key:hidden@host', 'keys in the endpoint'],
      ['s3://models?endpoint=hidden', 'an endpoint that is no address of HTTP'],
      ['s3://models/../other', "the prefix '../other'"],
      ['s3://models?secret=hidden', "the option 'secret'"],
    ] as const) {
      const e = await failure(openBlobs(address));
      expect(e.code).toBe('bad-value');
      expect(e.message).toContain(word);
      expect(e.message).not.toContain('hidden');
    }
  });
});
