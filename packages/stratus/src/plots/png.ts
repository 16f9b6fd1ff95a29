import type { Plot } from './curve.ts';
import { plotSvg, type SvgOptions } from './svg.ts';

/** A plot as the bytes of a PNG, on a light page unless told, twice as many dots as the picture has points. */
export async function plotPng(
  plot: Plot,
  options: SvgOptions & { readonly background?: 'light' | 'dark' } = {},
): Promise<Uint8Array> {
  const { default: sharp } = await import('sharp'); // only where a picture is wanted
  return await sharp(Buffer.from(plotSvg(plot, { background: 'light', ...options })), { density: 144 })
    .png()
    .toBuffer();
}
