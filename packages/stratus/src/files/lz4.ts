import { fail } from '@stratus/core';

const magic = 0x184d2204;
/** What a block may unpack to, by the code in the header. */
const blockSizes: Readonly<Record<number, number>> = { 4: 2 ** 16, 5: 2 ** 18, 6: 2 ** 20, 7: 2 ** 22 };

const corrupt = (reason: string) => fail('corrupt', { file: 'A part that is compressed with LZ4', reason, fix: 'Get it again.' });

/** A length whose first four bits were full: bytes of 255 go on. */
function more(bytes: Uint8Array, at: number): { readonly length: number; readonly next: number } {
  let [length, next] = [0, at];
  for (;;) {
    const byte = bytes[next++];
    if (byte === undefined) throw corrupt('a length is cut off');
    length += byte;
    if (byte < 255) return { length, next };
  }
}

/** Unpacks a block to the end of `out`, of which `from` bytes are there, up to `end`. Returns how many are there then. */
function block(
  bytes: Uint8Array,
  { out, from, end }: { readonly out: Uint8Array; readonly from: number; readonly end: number },
): number {
  let [at, to] = [0, from];
  while (at < bytes.length) {
    const token = bytes[at++]!;
    let literals = token >> 4;
    if (literals === 15) {
      const { length, next } = more(bytes, at);
      [literals, at] = [15 + length, next];
    }
    if (at + literals > bytes.length || to + literals > end) throw corrupt('a block has more bytes than it may');
    out.set(bytes.subarray(at, at + literals), to);
    [at, to] = [at + literals, to + literals];
    if (at === bytes.length) return to; // the last has no match
    if (at + 2 > bytes.length) throw corrupt('a block is cut off');
    const offset = bytes[at]! | (bytes[at + 1]! << 8);
    at += 2;
    let match = (token & 15) + 4;
    if ((token & 15) === 15) {
      const { length, next } = more(bytes, at);
      [match, at] = [match + length, next];
    }
    if (offset === 0 || offset > to || to + match > end) throw corrupt('a block refers to what is not there');
    if (offset >= match) out.copyWithin(to, to - offset, to - offset + match);
    else for (let i = 0; i < match; i++) out[to + i] = out[to - offset + i]!;
    to += match;
  }
  return to;
}

/**
 * Unpacks a frame of LZ4. Checksums are passed over. Own code, as the packages for it are native, or nobody keeps them.
 * Errors: `corrupt`. Source: https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md, lz4_Block_format.md.
 */
export function unpackLz4(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = (at: number): number => {
    if (at + 4 > bytes.length) throw corrupt('it is cut off');
    return view.getUint32(at, true);
  };
  if (word(0) !== magic) throw corrupt('it does not begin as a frame does');
  const flags = bytes[4] ?? 0;
  const blockSize = blockSizes[((bytes[5] ?? 0) >> 4) & 7];
  if (flags >> 6 !== 1 || blockSize === undefined || flags & 1) throw corrupt('its header is of another version');
  let at = 7 + (flags & 8 ? 8 : 0);
  let out = new Uint8Array(bytes.length * 4);
  let to = 0;
  for (;;) {
    const header = word(at);
    at += 4;
    if (header === 0) return out.subarray(0, to);
    const length = header & 0x7fffffff;
    if (length > blockSize || at + length > bytes.length) throw corrupt('a block is cut off');
    if (to + blockSize > out.length) {
      const wider = new Uint8Array(2 * out.length + blockSize);
      wider.set(out.subarray(0, to));
      out = wider;
    }
    const packed = bytes.subarray(at, at + length);
    if (header >>> 31) {
      out.set(packed, to);
      to += length;
    } else to = block(packed, { out, from: to, end: to + blockSize });
    at += length + (flags & 16 ? 4 : 0);
  }
}
