import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeSafetensors, encodeSafetensors } from '../src/artifact/safetensors.ts';
import { sha256, sha256InJavaScript } from '../src/artifact/sha256.ts';
import { bytesOf, type DType, dtypes, sizeOf, type Tensor, tensor, tensorOfBytes, zeros } from '../src/tensor/index.ts';

interface Golden {
  readonly metadata: Record<string, string>;
  readonly tensors: Record<string, { readonly dtype: DType; readonly shape: number[]; readonly bytes: string }>;
  readonly base64: string;
}
const golden = JSON.parse(
  readFileSync(fileURLToPath(new URL('../../../golden/safetensors.json', import.meta.url)), 'utf8'),
) as Golden;
const goldenFile = new Uint8Array(Buffer.from(golden.base64, 'base64'));

const codeOf = (bytes: Uint8Array): string => {
  try {
    decodeSafetensors(bytes);
  } catch (e) {
    return (e as { code?: string }).code ?? String(e);
  }
  return 'no error';
};
const fileOf = (header: unknown, data = 0, text = typeof header === 'string' ? header : JSON.stringify(header)): Uint8Array => {
  const json = Buffer.from(text);
  const bytes = new Uint8Array(8 + json.length + data);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
};

describe('safetensors', () => {
  it("reads what the format's own implementation wrote", () => {
    const { tensors, metadata } = decodeSafetensors(goldenFile);
    expect(metadata).toEqual(golden.metadata);
    expect(Object.keys(tensors).toSorted()).toEqual(Object.keys(golden.tensors).toSorted());
    for (const [name, { dtype, shape, bytes }] of Object.entries(golden.tensors)) {
      const t = tensors[name]!;
      expect([name, t.dtype, t.shape, Buffer.from(bytesOf(t)).toString('hex')]).toEqual([name, dtype, shape, bytes]);
    }
    expect(tensors['layer/kernel']!.toArray()).toEqual([
      [1.5, -2, 3.25],
      [0, Math.fround(1e-3), -7.5],
    ]);
  });

  it('writes and reads any tensors, aligned and without a copy', () => {
    const kinds = (Object.keys(dtypes) as DType[]).filter((d) => d !== 'string');
    const any = fc
      .tuple(
        fc.constantFrom(...kinds),
        fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }),
        fc.infiniteStream(fc.nat(255)),
      )
      .map(([dtype, shape, stream]) => {
        const bytes = Uint8Array.from({ length: sizeOf(shape) * dtypes[dtype].bytes }, () => stream.next().value!);
        return tensorOfBytes(dtype, shape, bytes) as Tensor;
      });
    const name = fc.string({ unit: 'grapheme', maxLength: 8 }).filter((s) => s !== '__metadata__');
    fc.assert(
      fc.property(fc.dictionary(name, any), fc.dictionary(name, fc.string({ unit: 'grapheme' })), (tensors, metadata) => {
        const bytes = encodeSafetensors(tensors, metadata);
        const back = decodeSafetensors(bytes);
        expect(Object.entries(back.metadata).toSorted()).toEqual(Object.entries(metadata).toSorted());
        expect(Object.keys(back.tensors).toSorted()).toEqual(Object.keys(tensors).toSorted());
        for (const [key, t] of Object.entries(tensors)) {
          const b = back.tensors[key]!;
          expect([b.dtype, b.shape, [...bytesOf(b)]]).toEqual([t.dtype, t.shape, [...bytesOf(t)]]);
          expect(bytesOf(b).buffer).toBe(bytes.buffer);
        }
        const shifted = new Uint8Array(bytes.length + 1);
        shifted.set(bytes, 1);
        for (const [key, t] of Object.entries(decodeSafetensors(shifted.subarray(1)).tensors))
          expect([...bytesOf(t)]).toEqual([...bytesOf(tensors[key]!)]);
      }),
      { numRuns: 60 },
    );
  });

  it('reads bfloat16 as float32, exactly', () => {
    const bytes = fileOf({ x: { dtype: 'BF16', shape: [3], data_offsets: [0, 6] } }, 6);
    bytes.set([0xc0, 0x3f, 0x80, 0xff, 0x49, 0x40], bytes.length - 6);
    expect(decodeSafetensors(bytes).tensors.x!.toArray()).toEqual([1.5, Number.NEGATIVE_INFINITY, 3.140625]);
  });

  it('says what cannot be stored', () => {
    expect(() => encodeSafetensors({ s: tensor(['a']) })).toThrow('safetensors at s: got string, expected numbers or booleans');
    expect(() => encodeSafetensors({ __metadata__: zeros([1]) })).toThrow('reserved');
    expect(codeOf(fileOf({ x: { dtype: 'F8_E4M3', shape: [1], data_offsets: [0, 1] } }, 1))).toBe('dtype-mismatch');
  });

  it('refuses every truncation, and bytes too many', () => {
    for (let length = 0; length < goldenFile.length; length++)
      expect(codeOf(goldenFile.subarray(0, length)), `${length} bytes`).toBe('corrupt');
    expect(codeOf(Uint8Array.from([...goldenFile, 0]))).toBe('corrupt');
  });

  it('refuses hostile headers', () => {
    const f32 = (shape: unknown, data_offsets: unknown) => ({ dtype: 'F32', shape, data_offsets });
    const hostile: Record<string, Uint8Array> = {
      'no JSON': fileOf('{"x":'),
      'no UTF-8': Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0, 0x22, 0xff, 0x22),
      list: fileOf('[]'),
      null: fileOf('null'),
      'deep nesting': fileOf('['.repeat(200_000)),
      'length of 2^64 - 1': new Uint8Array(16).fill(0xff),
      'length of 2^63': Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0x80, 0x7b, 0x7d),
      'tensor that is a number': fileOf({ x: 1 }),
      'no shape': fileOf({ x: { dtype: 'F32', data_offsets: [0, 4] } }, 4),
      'no dtype': fileOf({ x: { shape: [1], data_offsets: [0, 4] } }, 4),
      'negative size': fileOf({ x: f32([-1], [0, 4]) }, 4),
      'fractional size': fileOf({ x: f32([0.5], [0, 2]) }, 2),
      'sizes that overflow': fileOf({ x: f32([2 ** 52, 2 ** 52, 2 ** 52], [0, 4]) }, 4),
      'size that rounds': fileOf({ x: f32([2 ** 53], [0, 4]) }, 4),
      'three offsets': fileOf({ x: f32([1], [0, 4, 8]) }, 8),
      'offsets outside': fileOf({ x: f32([2], [0, 8]) }, 4),
      'offsets swapped': fileOf({ x: f32([1], [4, 0]) }, 4),
      'wrong size': fileOf({ x: f32([2], [0, 4]) }, 4),
      overlap: fileOf({ x: f32([1], [0, 4]), y: f32([1], [0, 4]) }, 4),
      'partial overlap': fileOf({ x: f32([2], [0, 8]), y: f32([1], [4, 8]) }, 8),
      gap: fileOf({ x: f32([1], [0, 4]), y: f32([1], [8, 12]) }, 12),
      'bytes left over': fileOf({ x: f32([1], [0, 4]) }, 8),
      'name twice': fileOf(
        '{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}',
        8,
      ),
      'metadata of numbers': fileOf({ __metadata__: { step: 3 } }),
      'metadata list': fileOf({ __metadata__: ['a'] }),
    };
    for (const [what, bytes] of Object.entries(hostile)) expect(codeOf(bytes), what).toBe('corrupt');
    expect(() => decodeSafetensors(new Uint8Array(3), { file: 'state.safetensors' })).toThrow('state.safetensors is damaged');
  });

  it('never fails otherwise, whatever the bytes', () => {
    const flips = fc.array(fc.tuple(fc.nat(goldenFile.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(flips, (changes) => {
        const bytes = goldenFile.slice();
        for (const [at, value] of changes) bytes[at] = value;
        expect(['no error', 'corrupt', 'dtype-mismatch']).toContain(codeOf(bytes));
      }),
      { numRuns: 500 },
    );
  });

  it('treats a tensor named __proto__ as a tensor', () => {
    const text = '{"__proto__":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}';
    const { tensors } = decodeSafetensors(fileOf(text, 4));
    expect(Object.keys(tensors)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(tensors)).toBe(Object.prototype);
  });
});

describe('sha256', () => {
  it('gives the digests of FIPS 180-4', async () => {
    const text = (s: string): Uint8Array => new TextEncoder().encode(s);
    expect(await sha256(text(''))).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(await sha256(text('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq'))).toBe(
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    );
  });

  it('is the same in JavaScript, for every length around a block', async () => {
    for (const length of [...Array.from({ length: 200 }, (_, i) => i), 100_003]) {
      const bytes = Uint8Array.from({ length: length + 1 }, (_, i) => (i * 7 + length) & 255).subarray(1);
      const want = createHash('sha256').update(bytes).digest('hex');
      expect(Buffer.from(sha256InJavaScript(bytes)).toString('hex')).toBe(want);
      expect(await sha256(bytes)).toBe(want);
    }
  });

  it('takes shared memory, which WebCrypto refuses', async () => {
    const shared = new Uint8Array(new SharedArrayBuffer(3));
    shared.set([0x61, 0x62, 0x63]);
    expect(await sha256(shared)).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});
