import { fail, StratusError } from '../../errors.ts';
import { checkOptions } from '../../options.ts';
import { isTensor, sameShape, showShape, type Tensor } from '../../tensor/index.ts';
import { needForm } from '../form.ts';
import { type ImageShape, imageCodec } from '../image-codec.ts';
import { defineStep } from '../step.ts';

/** Options of {@link image}. */
export interface ImageStepOptions {
  /** `[height, width]`. */
  readonly size?: ImageShape['size'] | undefined;
  /** How an image of another shape gets that size: 'cover' (unless told) cuts off its edges, 'contain' adds black ones, 'fill' stretches it. */
  readonly fit?: ImageShape['fit'] | undefined;
  /** 1 for grey, 3 (unless told) for colour, 4 with transparency. */
  readonly channels?: ImageShape['channels'] | undefined;
}

/** So many images are decoded at a time. */
const atOnce = 16;

/** The bytes of an image: as they are, or as base64 with or without `data:image/…;base64,`. */
function bytesOf(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value;
  if (typeof value !== 'string') return undefined;
  const base64 = value.replace(/^data:[\w/+.-]+;base64,/, '').replace(/\s+/g, '');
  const letters = base64.replace(/={1,2}$/, '');
  const isPadded = letters.length === base64.length || base64.length % 4 === 0;
  if (!isPadded || letters.length % 4 === 1 || !/^[\w+/-]+$/.test(letters)) return undefined;
  const text = atob(letters.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(text, (c) => c.charCodeAt(0));
}

/** Errors: `bad-value`, naming the record. */
async function decoded(bytes: Uint8Array, shape: ImageShape, at: string): Promise<Tensor> {
  try {
    return await imageCodec()(bytes, shape);
  } catch (e) {
    if (!StratusError.is(e) || e.code !== 'corrupt') throw e;
    const reason = String(e.details['reason'] ?? e.message);
    throw fail(
      'bad-value',
      {
        what: 'image',
        at,
        got: `bytes that cannot be decoded (${reason})`,
        want: 'a whole JPEG, PNG, WebP, GIF, AVIF or TIFF image',
      },
      e,
    );
  }
}

/**
 * Images as pixels from 0 to 255: encoded ones (JPEG, PNG, …; bytes or base64) are decoded and brought to a size; those that are decoded already must have it. Scale
 * them in the model: `rescaling({ scale: 1 / 255 })`.
 *
 * Shapes: `[height, width, channels]` uint8. Errors: `bad-value`; also for what is no whole image, naming the record; `shape-mismatch` for pixels of another size.
 * Source: https://sharp.pixelplumbing.com in Node, the browser's own decoder there: their JPEG pixels may differ by a few units.
 *
 * @example
 * import { preprocessing, steps, tensor } from '@stratus/core';
 * const pixels = tensor(new Uint8Array(4 * 4 * 3), { shape: [4, 4, 3] });
 * const prep = await preprocessing({ features: { photo: [steps.image({ size: [4, 4] })] } }).fit([{ photo: pixels }]);
 * console.log(prep.inputs.input); // { shape: [4, 4, 3], dtype: 'uint8' }
 */
export const image = defineStep<ImageStepOptions>({
  type: 'image',
  options: ['size', 'fit', 'channels'],
  reads: 'bytes',
  check({ size, fit = 'cover', channels = 3 }) {
    if (!Array.isArray(size) || size.length !== 2)
      throw fail('bad-value', { what: 'image', got: `size = ${String(size)}`, want: '[height, width]' });
    checkOptions('image', { height: size[0], width: size[1] }, { height: 'count', width: 'count' });
    if (!['cover', 'contain', 'fill'].includes(fit))
      throw fail('bad-value', { what: 'image', got: `fit '${String(fit)}'`, want: "'cover', 'contain' or 'fill'" });
    if (![1, 3, 4].includes(channels))
      throw fail('bad-value', { what: 'image', got: `channels = ${channels}`, want: '1, 3 or 4' });
  },
  form({ size = [0, 0], channels = 3 }, input) {
    needForm('image', input, ['bytes']);
    return { kind: 'tensor', dtype: 'uint8', shape: [...size, channels] };
  },
  apply({ size = [0, 0], fit = 'cover', channels = 3 }) {
    const shape = [...size, channels];
    return async (values, { from }) => {
      const pixels: unknown[] = [];
      const one = async (value: unknown, i: number): Promise<unknown> => {
        const at = `record ${from + i}`;
        if (isTensor(value)) {
          if (value.dtype === 'uint8' && sameShape(value.shape, shape)) return value.data;
          throw fail('shape-mismatch', {
            what: 'image',
            at,
            got: `${value.dtype} ${showShape(value.shape)}`,
            want: `uint8 ${showShape(shape)}`,
            fix: `Decode images to this size: { size: [${size.join(', ')}] }.`,
          });
        }
        const bytes = bytesOf(value);
        if (!bytes)
          throw fail('bad-value', { what: 'image', at, got: typeof value, want: 'an encoded image: its bytes, or base64' });
        return (await decoded(bytes, { size, fit, channels }, at)).data;
      };
      // A few at a time: each takes memory for all of its pixels.
      for (let at = 0; at < values.length; at += atOnce)
        pixels.push(
          ...(await Promise.all(Array.prototype.slice.call(values, at, at + atOnce).map((value, i) => one(value, at + i)))),
        );
      return pixels as readonly unknown[];
    };
  },
});
