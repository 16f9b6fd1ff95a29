import { fail, parseNpy, type Tensor } from '@stratus/core';
import { bytesOf } from './paths.ts';

/**
 * The array of a .npy file of NumPy.
 *
 * Shapes: those in the file. Errors: `file-not-found`, `file-failed`; `corrupt`, also for Python objects, which are never executed.
 * Source: numpy.save, numpy.lib.format.
 *
 * @example no-run
 * import { dataset, npy } from 'stratus';
 * const data = dataset({ x: await npy('features.npy'), y: await npy('labels.npy') });
 * for await (const { x, y } of data.shuffle(1).batch(32)) console.log(x.shape, y.shape);
 */
export const npy = async (file: string): Promise<Tensor> => parseNpy(await bytesOf(file), { file });

/**
 * The arrays of a .npz file of NumPy, by their names.
 *
 * Shapes: those in the file. Errors: as those of `npy`. Source: numpy.savez, numpy.savez_compressed.
 *
 * @example no-run
 * import { dataset, npz } from 'stratus';
 * const { x, y } = await npz('digits.npz');
 * const data = dataset({ x: x!, y: y! });
 * console.log(data.length);
 */
export async function npz(file: string): Promise<Readonly<Record<string, Tensor>>> {
  const bytes = await bytesOf(file);
  const { unzipSync } = await import('fflate');
  let parts: Record<string, Uint8Array>;
  try {
    parts = unzipSync(bytes, { filter: ({ name }) => name.endsWith('.npy') });
  } catch (e) {
    throw fail(
      'corrupt',
      { file, reason: `it is no whole zip file (${(e as Error).message})`, fix: 'Write it again with numpy.savez.' },
      e,
    );
  }
  return Object.fromEntries(
    Object.entries(parts).map(([name, part]) => [name.replace(/\.npy$/, ''), parseNpy(part, { file: `${file}, ${name}` })]),
  );
}
