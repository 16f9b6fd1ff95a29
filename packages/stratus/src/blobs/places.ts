import { mkdir, readdir, rename, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncFolder } from './sync.ts';

/** Where things lie within the folder of the blobs. */
export interface Places {
  /** `sha256/ab/ab…`. */
  readonly blob: (hex: string) => string;
  /** What a sweep has put aside; whoever looks for it takes it back. */
  readonly aside: (hex: string) => string;
  readonly blobs: string;
  readonly asides: string;
  /** What is being written. */
  readonly unfinished: string;
}

export const placesIn = (folder: string): Places => ({
  blob: (hex) => join(folder, 'sha256', hex.slice(0, 2), hex),
  aside: (hex) => join(folder, 'aside', hex),
  blobs: join(folder, 'sha256'),
  asides: join(folder, 'aside'),
  unfinished: join(folder, 'unfinished'),
});

export const isMissing = (e: unknown): boolean => (e as NodeJS.ErrnoException).code === 'ENOENT';

/** The names in a folder; none where it is missing. */
export const namesIn = async (folder: string): Promise<string[]> =>
  await readdir(folder).catch((e: unknown) => {
    if (isMissing(e)) return [];
    throw e;
  });

/** Takes a blob back that was put aside. True where it was. */
export async function takeBack(places: Places, hex: string): Promise<boolean> {
  try {
    await mkdir(dirname(places.blob(hex)), { recursive: true });
    await utimes(places.aside(hex), new Date(), new Date()); // young again
    await rename(places.aside(hex), places.blob(hex));
    await syncFolder(dirname(places.blob(hex)));
    return true;
  } catch (e) {
    if (isMissing(e)) return false;
    throw e;
  }
}
