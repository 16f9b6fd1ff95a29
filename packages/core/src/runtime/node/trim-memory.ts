import { type Koffi, loadForGood } from './capi/load-for-good.ts';

type CFunction = ReturnType<ReturnType<Koffi['load']>['func']>;

/**
 * What `mallopt` sets, of `malloc.h`. glibc raises both limits by itself as large blocks are freed, to 64 and 32 MB: from then on every heap of a thread keeps
 * up to 64 MB that nobody uses, and `malloc_trim` gives back the end of the main heap alone. A limit that is set stays, and the end of each heap goes back as soon as it
 * is larger.
 */
const limits: readonly (readonly [option: number, bytes: number])[] = [
  // M_TRIM_THRESHOLD: so much may stay free at the end of a heap.
  [-1, 8 * 2 ** 20],
  // M_MMAP_THRESHOLD: what is larger has pages of its own, which go back when it is freed.
  [-3, 4 * 2 ** 20],
];

let trim: Promise<CFunction | undefined> | undefined;

/** Undefined where the C library is another one than glibc: others give back what is freed, or have no such function. */
async function trimOfLibrary(): Promise<CFunction | undefined> {
  if (process.platform !== 'linux') return undefined;
  try {
    const koffi = (await import('koffi')).default;
    const library = loadForGood(koffi, null);
    const found = library.func('int malloc_trim(size_t pad)');
    const set = library.func('int mallopt(int option, int value)');
    for (const [option, bytes] of limits) set(option, bytes);
    return found;
  } catch {
    return undefined;
  }
}

/** See `platform/ort.ts`. In a thread of its own: it goes through all that is free. */
export async function trimMemory(): Promise<boolean> {
  const call = await (trim ??= trimOfLibrary());
  if (!call) return false;
  return await new Promise((resolve, reject) =>
    call.async(0, (error: Error | null, gave: number) => (error ? reject(error) : resolve(gave === 1))),
  );
}
