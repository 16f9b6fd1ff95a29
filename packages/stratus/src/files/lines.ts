// Files as lines, without ever holding a file: what text and JSON Lines share.
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { fail, StratusError } from '@stratus/core';
import { checkUnchanged, filesOf, type Paths, stampOf } from './paths.ts';

/** A line, and where it stands. */
export interface Line {
  readonly text: string;
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
}

/** No line may be longer than this many bytes, unless told: one without an end would fill the memory. */
export const longestLine = 16 * 2 ** 20;

const newline = 10;

/** The lines of files, without what ends them; an empty one at the end of a file is none. */
export async function* linesOf(
  paths: Paths,
  { longest = longestLine }: { readonly longest?: number | undefined } = {},
): AsyncGenerator<Line> {
  for (const file of await filesOf(paths)) {
    const stamps = new Map([[file, await stampOf(file)]]);
    const source = createReadStream(file, { highWaterMark: 2 ** 18 });
    // A stream that fails ends the other too.
    const bytes: Readable = file.endsWith('.gz') ? source.on('error', (e) => bytes.destroy(e)).pipe(createGunzip()) : source;
    let line = 0;
    const decoder = new TextDecoder('utf-8', { fatal: true });
    const tooLong = (): Error =>
      fail('corrupt', {
        file,
        reason: `line ${line + 1} is longer than ${longest} bytes`,
        fix: 'Check that it is a file of lines, or allow longer ones with longestLine.',
      });
    const decoded = (part: Uint8Array): Line => {
      if (part.length > longest) throw tooLong();
      line++;
      try {
        const end = part.length > 0 && part[part.length - 1] === 13 ? part.length - 1 : part.length;
        return { text: decoder.decode(part.subarray(0, end)), file, line };
      } catch (e) {
        throw fail('corrupt', { file, reason: `line ${line} is not UTF-8`, fix: 'Convert the file: iconv -t utf-8.' }, e);
      }
    };
    try {
      let rest: Uint8Array = new Uint8Array(0);
      for await (const chunk of bytes as AsyncIterable<Uint8Array>) {
        let from = 0;
        for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, from)) {
          const part = chunk.subarray(from, end);
          yield decoded(rest.length > 0 ? Buffer.concat([rest, part]) : part);
          [rest, from] = [new Uint8Array(0), end + 1];
        }
        rest = from === 0 && rest.length > 0 ? Buffer.concat([rest, chunk]) : Buffer.from(chunk.subarray(from));
        if (rest.length > longest) throw tooLong();
      }
      if (rest.length > 0) yield decoded(rest);
      await checkUnchanged(stamps);
    } catch (e) {
      if (StratusError.is(e)) throw e;
      const { code, message } = e as NodeJS.ErrnoException;
      if (code?.startsWith('Z_') || code === 'ERR_BUFFER_OUT_OF_BOUNDS')
        throw fail('corrupt', { file, reason: `it is no whole gzip file (${message})`, fix: 'Get it again.' }, e);
      throw fail('file-failed', { file, doing: 'Reading', reason: message }, e);
    } finally {
      source.destroy();
      bytes.destroy();
    }
  }
}
