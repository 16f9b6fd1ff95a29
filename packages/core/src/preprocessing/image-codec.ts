import { fail } from '../errors.ts';
import { Tensor } from '../tensor/index.ts';

/** How an image is brought to a size. */
export interface ImageShape {
  readonly size: readonly [height: number, width: number];
  /** An image of another shape: 'cover' cuts off its edges, 'contain' adds black ones, 'fill' stretches it. */
  readonly fit: 'cover' | 'contain' | 'fill';
  readonly channels: 1 | 3 | 4;
}

/** Reads encoded images: `[height, width, channels]` uint8. Errors: `corrupt`. */
export type ImageCodec = (bytes: Uint8Array, shape: ImageShape) => Promise<Tensor>;

let chosen: ImageCodec | undefined;

/**
 * Decides who decodes images here. Browsers do it themselves; the package `stratus` brings a codec.
 *
 * @example
 * import { setImageCodec, tensor } from '@stratus/core';
 * setImageCodec(async (bytes, { size, channels }) => tensor(new Uint8Array(size[0] * size[1] * channels).fill(bytes[0]!), { shape: [...size, channels] }));
 */
export function setImageCodec(codec: ImageCodec): void {
  chosen = codec;
}

/** The codec of this environment. Errors: `bad-value` where there is none. */
export function imageCodec(): ImageCodec {
  if (chosen) return chosen;
  if ('createImageBitmap' in globalThis && 'OffscreenCanvas' in globalThis) return canvasCodec;
  throw fail('bad-value', {
    what: 'image',
    got: 'an encoded image where nothing can decode it',
    want: 'an image codec',
    fix: "Import from 'stratus', which brings one, or call setImageCodec(…).",
  });
}

/** What a browser can do by itself. */
async function canvasCodec(bytes: Uint8Array, { size: [height, width], fit, channels }: ImageShape): Promise<Tensor> {
  const bitmap = await createImageBitmap(new Blob([bytes as Uint8Array<ArrayBuffer>]), {
    colorSpaceConversion: 'none',
    premultiplyAlpha: 'none',
  }).catch((e: unknown) => {
    throw fail('corrupt', { file: 'The image', reason: (e as Error).message, fix: 'Check that it is a whole image.' }, e);
  });
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  if (channels !== 4) {
    context.fillStyle = 'black';
    context.fillRect(0, 0, width, height);
  }
  context.imageSmoothingQuality = 'high';
  const ratios = [width / bitmap.width, height / bitmap.height] as const;
  const scale = fit === 'cover' ? Math.max(...ratios) : Math.min(...ratios);
  const [w, h] = fit === 'fill' ? [width, height] : [bitmap.width * scale, bitmap.height * scale];
  context.drawImage(bitmap, (width - w) / 2, (height - h) / 2, w, h);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  const pixels = new Uint8Array(height * width * channels);
  for (let i = 0; i < height * width; i++) {
    const [r, g, b, a] = [data[4 * i]!, data[4 * i + 1]!, data[4 * i + 2]!, data[4 * i + 3]!];
    if (channels === 1) pixels[i] = Math.round(0.2126 * r + 0.7152 * g + 0.0722 * b);
    else pixels.set(channels === 3 ? [r, g, b] : [r, g, b, a], i * channels);
  }
  return new Tensor('uint8', [height, width, channels], pixels);
}
