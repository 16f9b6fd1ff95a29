// Archives (tar) piece by piece: what is larger than memory goes through.

import { type FileHandle, open } from 'node:fs/promises';
import { ReadableStream } from 'node:stream/web';

/** A file for an archive. */
export interface TarFile {
  readonly name: string;
  readonly bytes: number;
  readonly pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

/** A file within an archive. */
export interface TarEntry {
  readonly name: string;
  /** 'file', 'directory', 'symlink' and so on. */
  readonly type: string;
  readonly bytes: number;
  /** Where it begins in the archive. */
  readonly start: number;
}

/** One that comes by in a stream: `body` is read, or cancelled, before the next one comes. */
interface PassingEntry {
  readonly header: { readonly name: string; readonly size: number; readonly type?: string };
  readonly body: ReadableStream<Uint8Array>;
}

const blockBytes = 512;
const inBlocks = (bytes: number): number => Math.ceil(bytes / blockBytes) * blockBytes;

/** The bytes of an archive: the same files make the same ones, whoever packs them and whenever. */
export async function* tarOf(files: readonly TarFile[]): AsyncGenerator<Uint8Array> {
  const { createTarPacker } = await import('modern-tar');
  const { readable, controller } = createTarPacker();
  const header = { mode: 0o644, uid: 0, gid: 0, mtime: new Date(0), uname: '', gname: '' };
  const pack = async (): Promise<void> => {
    for (const { name, bytes, pieces } of files) {
      const body = controller.add({ ...header, name, size: bytes }).getWriter();
      for await (const piece of pieces) await body.write(piece as Uint8Array<ArrayBuffer>);
      await body.close();
    }
    controller.finalize();
  };
  const packed = pack().catch((e: unknown) => controller.error(e)); // who reads gets it
  yield* readable as unknown as AsyncIterable<Uint8Array>;
  await packed;
}

/** One small file as it begins an archive: others may follow. */
export async function tarStart(name: string, body: Uint8Array): Promise<Uint8Array> {
  const { packTar } = await import('modern-tar');
  const whole = await packTar([{ header: { name, size: body.length, mode: 0o644, mtime: new Date(0) }, body }]);
  return whole.subarray(0, blockBytes + inBlocks(body.length));
}

/** The files of an archive, as they come by. Errors: those of the stream and of the library, for what is no archive or not whole. */
export async function* untar(stream: AsyncIterable<Uint8Array>): AsyncGenerator<PassingEntry> {
  const { createTarDecoder } = await import('modern-tar');
  const source = ReadableStream.from(stream) as ReadableStream<Uint8Array>;
  yield* source.pipeThrough(createTarDecoder({ strict: true }) as never) as unknown as AsyncIterable<PassingEntry>;
}

async function readAt(file: FileHandle, start: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; ) {
    const { bytesRead } = await file.read(bytes, at, length - at, start + at);
    if (bytesRead === 0) throw new Error('Tar archive is truncated.');
    at += bytesRead;
  }
  return bytes;
}

/** A part of a file. Errors: those of the file; where it ends before. */
export async function readPart(path: string, { start, bytes }: Pick<TarEntry, 'start' | 'bytes'>): Promise<Uint8Array> {
  const file = await open(path);
  try {
    return await readAt(file, start, bytes);
  } finally {
    await file.close();
  }
}

/** Extended headers, which say more of the entry behind them: pax, and what GNU's tar writes for long names. */
const isExtension = (block: Uint8Array): boolean => 'xgLK'.includes(String.fromCharCode(block[156]!));

/** How long an extended header is: eight digits and more, never the binary form, which begins at 8 GB. */
function lengthOf(block: Uint8Array): number {
  const bytes = Number.parseInt(Buffer.from(block.subarray(124, 136)).toString('latin1'), 8);
  if (bytes <= 2 ** 20) return inBlocks(bytes);
  throw new Error('Its extended headers are not right.');
}

/** The files of an archive on a disk, by their headers alone: what is in them is not read. Errors: those of the file; those of {@link untar}. */
export async function tarEntries(path: string): Promise<readonly TarEntry[]> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const entries: TarEntry[] = [];
    for (let at = 0; ; ) {
      const head: Uint8Array[] = [];
      let block = await readAt(file, at, blockBytes);
      if (block.every((byte) => byte === 0)) return entries;
      while (isExtension(block)) {
        const length = lengthOf(block);
        head.push(block, await readAt(file, at + blockBytes, length));
        at += blockBytes + length;
        block = await readAt(file, at, blockBytes);
      }
      at += blockBytes;
      const { name, size: bytes, type = 'file' } = await headerOf([...head, block]);
      if (at + bytes > size) throw new Error('Tar archive is truncated.');
      entries.push({ name, type, bytes, start: at });
      at += inBlocks(bytes);
    }
  } finally {
    await file.close();
  }
}

/** What a header says, which the library reads: its sum, long names, large sizes. */
async function headerOf(blocks: readonly Uint8Array[]): Promise<PassingEntry['header']> {
  const { createTarDecoder } = await import('modern-tar');
  const source = ReadableStream.from(blocks) as ReadableStream<Uint8Array>;
  const reader = (source.pipeThrough(createTarDecoder({ strict: true }) as never) as ReadableStream<PassingEntry>).getReader();
  try {
    return (await reader.read()).value!.header;
  } finally {
    await reader.cancel().catch(() => undefined); // the body does not come here
  }
}
