import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { StratusError } from '../src/errors.ts';
import { files } from '../src/runtime/node/files.ts';
import { files as webFiles } from '../src/runtime/web/files.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (b: Uint8Array | undefined): string | undefined => b && new TextDecoder().decode(b);
const errorOf = async (work: Promise<unknown>): Promise<StratusError> => {
  const error: unknown = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  if (!StratusError.is(error)) throw new Error(`expected an error of ours, got ${String(error)}`);
  return error;
};

const root = mkdtempSync(join(tmpdir(), 'stratus-files-'));
let dir = '';
let count = 0;
beforeEach(() => {
  dir = join(root, String(count++));
  mkdirSync(dir);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('files', () => {
  it('writes what it reads, into folders that are not there yet', async () => {
    const path = files.join(dir, 'a', 'b', 'c.bin');
    await files.write(path, Uint8Array.of(1, 2, 3));
    expect([...(await files.read(path))]).toEqual([1, 2, 3]);
    expect((await files.read(path)).constructor).toBe(Uint8Array);
    expect([...((await files.readIfThere(path)) ?? [])]).toEqual([1, 2, 3]);
    expect(await files.list(files.join(dir, 'a', 'b'))).toEqual(['c.bin']);
  });

  it('writes only the part of memory that it is given', async () => {
    const path = join(dir, 'x');
    await files.write(path, Uint8Array.of(1, 2, 3, 4, 5).subarray(1, 3));
    expect([...(await files.read(path))]).toEqual([2, 3]);
  });

  it('replaces a file whole, and leaves nothing beside it', async () => {
    const path = join(dir, 'x');
    await files.write(path, bytes('a long first text'));
    await files.write(path, bytes('short'));
    expect(textOf(await files.read(path))).toBe('short');
    expect(readdirSync(dir)).toEqual(['x']);
  });

  it('lets one of many writers at once win, never a mixture', async () => {
    const path = join(dir, 'x');
    const texts = Array.from({ length: 20 }, (_, i) => String(i).repeat(50_000));
    await Promise.all(texts.map((text) => files.write(path, bytes(text))));
    expect(texts).toContain(textOf(await files.read(path)));
    expect(readdirSync(dir)).toEqual(['x']);
  });

  it('makes a folder that appears whole', async () => {
    const folder = join(dir, 'checkpoint');
    await files.writeFolder(folder, { 'model.onnx': bytes('m'), 'deep/state.bin': bytes('s') });
    expect(await files.list(folder)).toEqual(['deep', 'model.onnx']);
    expect(textOf(await files.read(files.join(folder, 'deep', 'state.bin')))).toBe('s');
    expect(readdirSync(dir)).toEqual(['checkpoint']);
  });

  it('does not touch a folder that exists, empty or not', async () => {
    for (const [name, inside] of [
      ['empty', []],
      ['full', ['old']],
    ] as const) {
      const folder = join(dir, name);
      mkdirSync(folder);
      for (const file of inside) writeFileSync(join(folder, file), 'old');
      const error = await errorOf(files.writeFolder(folder, { new: bytes('n') }));
      expect(error.code).toBe('file-failed');
      expect(error.message).toContain('it exists already');
      expect(readdirSync(folder)).toEqual([...inside]);
    }
    expect(readdirSync(dir).sort()).toEqual(['empty', 'full']);
  });

  it('appends, to a new file and to an old one', async () => {
    const path = join(dir, 'logs', 'run.jsonl');
    await files.append(path, bytes('one\n'));
    await files.append(path, bytes('two\n'));
    expect(textOf(await files.read(path))).toBe('one\ntwo\n');
  });

  it('lists in order, and nothing where there is nothing', async () => {
    for (const name of ['b', 'a', 'c']) writeFileSync(join(dir, name), '');
    expect(await files.list(dir)).toEqual(['a', 'b', 'c']);
    expect(await files.list(join(dir, 'nowhere'))).toEqual([]);
  });

  it('removes files and folders, and does not mind when there are none', async () => {
    await files.writeFolder(join(dir, 'f'), { 'a/b': bytes('') });
    writeFileSync(join(dir, 'x'), '');
    for (const name of ['f', 'x', 'f', 'nowhere']) await files.remove(join(dir, name));
    expect(readdirSync(dir)).toEqual([]);
  });

  it('says which file is not there', async () => {
    const error = await errorOf(files.read(join(dir, 'none')));
    expect(error.code).toBe('file-not-found');
    expect(error.message).toContain(join(dir, 'none'));
    expect(await files.readIfThere(join(dir, 'none'))).toBeUndefined();
  });

  it('says why a path cannot be', async () => {
    const file = join(dir, 'file');
    writeFileSync(file, 'x');
    mkdirSync(join(dir, 'folder'));
    for (const work of [
      () => files.write(join(dir, 'folder'), bytes('x')),
      () => files.write(join(file, 'below'), bytes('x')),
      () => files.read(join(dir, 'folder')),
      () => files.list(file),
      () => files.append(join(dir, 'folder'), bytes('x')),
      () => files.write(join(dir, 'n'.repeat(300)), bytes('x')),
    ]) {
      expect((await errorOf(work())).code).toBe('file-failed');
    }
    expect(readdirSync(dir).sort()).toEqual(['file', 'folder']);
    expect(readFileSync(file, 'utf8')).toBe('x');
  });

  it('says when permission is lacking', async (context) => {
    context.skip(process.getuid?.() === 0, 'root has every permission');
    chmodSync(dir, 0o500);
    const error = await errorOf(files.write(join(dir, 'x'), bytes('x')));
    chmodSync(dir, 0o700);
    expect(error.code).toBe('file-failed');
    expect(error.message).toContain('permission denied');
  });

  it.skipIf(!existsSync('/dev/full'))('says when the disk is full while it appends (where there is a /dev/full)', async () => {
    const error = await errorOf(files.append('/dev/full', bytes('x')));
    expect(error.code).toBe('file-failed');
    expect(error.message).toContain('no space left');
  });
});

/** A disk of 256 KB, or undefined where this user may not make one. */
const smallDisk = ((): string | undefined => {
  const at = mkdtempSync(join(tmpdir(), 'stratus-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', at], { stdio: 'ignore' });
    return at;
  } catch {
    rmSync(at, { recursive: true, force: true });
    return undefined;
  }
})();

describe.skipIf(smallDisk === undefined)('files on a full disk (where a tmpfs can be mounted)', () => {
  const disk = smallDisk ?? '';
  const full = 300 * 1024;
  beforeAll(async () => {
    await files.write(join(disk, 'model'), bytes('the old one'));
    await files.append(join(disk, 'log'), bytes('one\n'));
  });
  afterAll(() => {
    execFileSync('umount', [disk], { stdio: 'ignore' });
    rmSync(disk, { recursive: true, force: true });
  });

  it('keep the old file and leave no part of the new one', async () => {
    const error = await errorOf(files.write(join(disk, 'model'), new Uint8Array(full)));
    expect(error.code).toBe('file-failed');
    expect(error.message).toContain('no space left');
    expect(textOf(await files.read(join(disk, 'model')))).toBe('the old one');
    expect(readdirSync(disk).sort()).toEqual(['log', 'model']);
  });

  it('show no part of a folder', async () => {
    const error = await errorOf(files.writeFolder(join(disk, 'folder'), { small: bytes('s'), large: new Uint8Array(full) }));
    expect(error.code).toBe('file-failed');
    expect(readdirSync(disk).sort()).toEqual(['log', 'model']);
  });

  it('append all or nothing', async () => {
    const error = await errorOf(files.append(join(disk, 'log'), new Uint8Array(full).fill(65)));
    expect(error.code).toBe('file-failed');
    expect(statSync(join(disk, 'log')).size).toBe(4);
    await files.append(join(disk, 'log'), bytes('two\n'));
    expect(textOf(await files.read(join(disk, 'log')))).toBe('one\ntwo\n');
  });
});

it('without a file system, everything says so', async () => {
  const works = [
    webFiles.read('x'),
    webFiles.readIfThere('x'),
    webFiles.write('x', bytes('')),
    webFiles.writeFolder('x', {}),
    webFiles.append('x', bytes('')),
    webFiles.list('x'),
    webFiles.remove('x'),
  ];
  for (const work of works) expect((await errorOf(work)).code).toBe('no-files');
  expect(webFiles.join('a', '', 'b')).toBe('a/b');
});
