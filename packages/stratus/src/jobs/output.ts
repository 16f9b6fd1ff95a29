import { spawn } from 'node:child_process';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { keptBytes, type LogPosition, type Printed } from '../store/index.ts';
import { freeBytes } from './space.ts';

/** A row of the log has at most so many bytes. */
const pieceBytes = 65_536;
/** As many pieces are added in one transaction. */
const piecesAtOnce = 16;
/** What has been read gives its place on the disk back each time so much has come together. */
const punchBytes = 16 * 1_048_576;
/** Where a disk has less left, every megabyte is given back. */
const scarceBytes = 64 * 1_048_576;
const smallPunchBytes = 1_048_576;
/** And where it has less than this, programs that print fail. */
const fullBytes = 65_536;
/** The end of much output changes all the time: it is looked at once a second. */
const tailEveryMs = 1000;

const streams = ['stdout', 'stderr'] as const;

/** Where the last whole character ends. */
function wholeCharacters(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!;
    if ((byte & 0xc0) === 0x80) continue; // in the middle of one
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

/** Makes a hole of a part of a file that somebody writes on. */
function punch(file: string, from: number, to: number): Promise<void> {
  const args = ['--punch-hole', '--offset', String(from), '--length', String(to - from), file];
  return new Promise((done) => {
    spawn('fallocate', args, { stdio: 'ignore' })
      .on('error', () => done())
      .on('exit', () => done())
      .unref();
  });
}

/** What an attempt prints lies in files; this carries it into the store, and of much output the beginning and the end. */
export class Output {
  readonly #folder: string;
  readonly #files = new Map<(typeof streams)[number], FileHandle>();
  readonly #punched = { stdout: 0, stderr: 0 };
  /** Up to where the middle is gone that nobody will keep. */
  readonly #skippable = { stdout: 0, stderr: 0 };
  #free = Number.POSITIVE_INFINITY;
  #tailAt = Number.NEGATIVE_INFINITY;
  position: LogPosition;
  /** Whether the disk was full at some time. */
  wasFull = false;

  constructor(folder: string, position: LogPosition) {
    this.#folder = folder;
    this.position = position;
  }

  /**
   * Where the disk has little left, the middle of what was printed goes at once: what comes after the part that is kept as the beginning and before that which may be the end. So the
   * way out of a full disk does not lead through a store that needs the same disk.
   */
  async relieve(): Promise<void> {
    this.#free = freeBytes(this.#folder);
    if (this.#free < fullBytes) this.wasFull = true;
    if (this.#free > scarceBytes) return;
    for (const stream of streams) {
      const file = await this.#file(stream);
      if (file === undefined) continue;
      const { size } = await file.stat();
      const room = Math.max(0, keptBytes - this.position.head_bytes);
      const from = Math.max(this.position[`${stream}_bytes`] + room, this.#skippable[stream]);
      const to = size - 2 * keptBytes; // the end may be looked for anywhere in there until more comes
      if (to - from < smallPunchBytes) continue;
      await punch(join(this.#folder, stream), from, to);
      this.#skippable[stream] = to;
    }
  }

  /** Carries over what is there. `isLast`: nobody writes any more. Returns false where the lease is lost. */
  async carry(
    print: (position: LogPosition, printed: readonly Printed[]) => Promise<LogPosition | undefined>,
    isLast = false,
  ): Promise<boolean> {
    if (!isLast && this.#isFull && performance.now() - this.#tailAt < tailEveryMs) return true;
    this.#tailAt = performance.now();
    for (let rounds = 0; isLast || rounds < 4; rounds++) {
      const printed = await this.#read(isLast);
      if (printed.length === 0) break;
      const next = await print(this.position, printed);
      if (next === undefined) return false;
      this.position = next;
    }
    this.#punch();
    return true;
  }

  get #isFull(): boolean {
    return this.position.head_bytes > keptBytes - 4; // no room for every character
  }

  async #read(isLast: boolean): Promise<Printed[]> {
    const printed: Printed[] = [];
    let room = keptBytes - this.position.head_bytes;
    for (const stream of streams) {
      const file = await this.#file(stream);
      if (file === undefined) continue;
      const { size } = await file.stat();
      let at = this.position[`${stream}_bytes`];
      while (at < size && printed.length < piecesAtOnce) {
        const isHead = room >= 4;
        const skipped = isHead ? 0 : Math.max(0, size - at - keptBytes);
        const length = Math.min(pieceBytes, size - at - skipped, isHead ? room : pieceBytes);
        const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, at + skipped);
        const bytes = buffer.subarray(0, bytesRead);
        const broken = skipped > 0 ? bytes.findIndex((byte) => (byte & 0xc0) !== 0x80) : 0; // the middle of a character that was skipped
        const from = Math.max(0, broken);
        const isEnd = isLast && at + skipped + bytesRead >= size;
        const to = isEnd ? bytesRead : wholeCharacters(bytes);
        if (to <= from) {
          if (!isEnd && skipped === 0) break; // the rest of a character has not come yet
          if (bytesRead === 0) break;
        }
        const text = bytes.subarray(from, Math.max(from, to)).toString('utf8');
        const piece = { stream, text, bytes: Math.max(0, to - from), skipped: skipped + from };
        printed.push(piece);
        at += piece.skipped + piece.bytes;
        room = isHead ? room - piece.bytes : 0;
      }
    }
    return printed;
  }

  async #file(stream: (typeof streams)[number]): Promise<FileHandle | undefined> {
    let file = this.#files.get(stream);
    if (file === undefined) {
      try {
        file = await open(join(this.#folder, stream), 'r');
      } catch {
        return undefined; // the folder is gone: nothing is left to be read
      }
      this.#files.set(stream, file);
    }
    return file;
  }

  /** Makes a hole of what has been read; where the program or the file system knows of none, the file stays as large as it is until the attempt ends. */
  #punch(): void {
    for (const stream of streams) {
      const until = this.position[`${stream}_bytes`];
      if (until - this.#punched[stream] < (this.#free > scarceBytes ? punchBytes : smallPunchBytes)) continue;
      this.#punched[stream] = until;
      void punch(join(this.#folder, stream), 0, until);
    }
  }

  async close(): Promise<void> {
    for (const file of this.#files.values()) await file.close();
    this.#files.clear();
  }
}
