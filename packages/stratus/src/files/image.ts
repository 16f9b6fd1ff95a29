import { fail, setImageCodec, Tensor } from '@stratus/core';
import { count, oneOf, refuseUnknown } from './options.ts';
import { bytesOf } from './paths.ts';

/** Options of {@link decodeImage}. */
export interface ImageOptions {
  /** `[height, width]` of the result; that of the image unless told. */
  readonly size?: readonly [height: number, width: number] | undefined;
  /**
   * How an image of another shape gets that size: 'cover' (unless told) cuts off its edges, 'contain' adds black ones, 'fill' stretches it.
   */
  readonly fit?: 'cover' | 'contain' | 'fill' | undefined;
  /** 1 for grey, 3 (unless told) for colour, 4 with transparency. */
  readonly channels?: 1 | 3 | 4 | undefined;
  /** Images with more pixels are refused: a small file can claim to be very large. 64 million unless told. */
  readonly maxPixels?: number | undefined;
}

const known = ['size', 'fit', 'channels', 'maxPixels'];

/** Errors: `bad-value`, `unknown-name`. */
export function checkImageOptions(what: string, options: ImageOptions): void {
  refuseUnknown(what, options, known);
  const { size, fit = 'cover', channels = 3, maxPixels = 1 } = options;
  oneOf(what, 'fit', fit, ['cover', 'contain', 'fill']);
  if (size !== undefined && !(Array.isArray(size) && size.length === 2))
    throw fail('bad-value', { what, got: `size = ${String(size)}`, want: '[height, width]' });
  for (const length of size ?? []) count(what, 'size', length);
  if (![1, 3, 4].includes(channels)) throw fail('bad-value', { what, got: `channels = ${channels}`, want: '1, 3 or 4' });
  count(what, 'maxPixels', maxPixels);
}

/**
 * An image as numbers from 0 to 255: JPEG, PNG, WebP, GIF (its first picture), AVIF, TIFF or SVG, turned upright as its EXIF says.
 *
 * Shapes: a file, or its bytes, to `[height, width, channels]` uint8. Errors: `file-not-found`, `file-failed`; `corrupt` for what is no whole image or has too many
 * pixels; `bad-value`, `unknown-name` for options. Source: https://sharp.pixelplumbing.com
 *
 * @example no-run
 * import { decodeImage } from 'stratus';
 * const image = await decodeImage('cat.jpg', { size: [224, 224] });
 * console.log(image.dtype, image.shape); // uint8 [224, 224, 3]
 */
export async function decodeImage(source: string | Uint8Array, options: ImageOptions = {}): Promise<Tensor<'uint8'>> {
  checkImageOptions('decodeImage', options);
  const { size, fit = 'cover', channels = 3, maxPixels = 64_000_000 } = options;
  const bytes = typeof source === 'string' ? await bytesOf(source) : source;
  const { default: sharp } = await import('sharp');
  try {
    const image = sharp(bytes, { limitInputPixels: maxPixels, failOn: 'truncated' }).autoOrient();
    const sized = size
      ? image.resize({ height: size[0], width: size[1], fit, background: { r: 0, g: 0, b: 0, alpha: 1 } })
      : image;
    const coloured =
      channels === 4 ? sized.toColourspace('srgb').ensureAlpha() : sized.flatten().toColourspace(channels === 1 ? 'b-w' : 'srgb');
    const { data, info } = await coloured.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
    return new Tensor(
      'uint8',
      [info.height, info.width, info.channels],
      new Uint8Array(data.buffer, data.byteOffset, data.length),
    );
  } catch (e) {
    throw fail(
      'corrupt',
      {
        file: typeof source === 'string' ? source : 'The image',
        reason: (e as Error).message.replaceAll(/\s+/g, ' ').trim(),
        fix: 'Check that it is a whole JPEG, PNG, WebP, GIF, AVIF or TIFF image; larger ones want a larger maxPixels.',
      },
      e,
    );
  }
}

/** From here on models decode images by `decodeImage`. */
export const bringImageCodec = (): void => setImageCodec((bytes, shape) => decodeImage(bytes, shape));
