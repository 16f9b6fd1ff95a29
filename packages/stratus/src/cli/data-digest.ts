import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';

const named = (hash: Hash): string => `sha256:${hash.digest('hex')}`;

/** Of the bytes of a file. Errors: those of Node. */
export async function digestOfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path)) hash.update(piece as Uint8Array);
  return named(hash);
}

/** Of samples and targets: of their names, types, shapes and numbers. */
export function digestOfSamples(data: { readonly x: unknown; readonly y: unknown }): string {
  const hash = createHash('sha256');
  const add = (value: unknown): void => {
    if (ArrayBuffer.isView(value)) return void hash.update(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return void hash.update(JSON.stringify(value) ?? '');
    for (const [name, inner] of Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) {
      hash.update(`${JSON.stringify(name)}:`);
      add(inner);
    }
  };
  add({ x: plain(data.x), y: plain(data.y) });
  return named(hash);
}

/** Of a tensor what it is made of, and of a set of tensors each. */
function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) return value;
  if ('dtype' in value && 'shape' in value && 'data' in value) {
    const { dtype, shape, data } = value;
    return { dtype, shape, data };
  }
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
}
