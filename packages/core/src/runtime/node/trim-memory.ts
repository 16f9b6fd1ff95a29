import { type Koffi, loadForGood } from './capi/load-for-good.ts';

type CFunction = ReturnType<ReturnType<Koffi['load']>['func']>;

let trim: Promise<CFunction | undefined> | undefined;

/** Undefined where the C library is another one than glibc: others give back what is freed, or have no such function. */
async function trimOfLibrary(): Promise<CFunction | undefined> {
  if (process.platform !== 'linux') return undefined;
  try {
    const koffi = (await import('koffi')).default;
    return loadForGood(koffi, null).func('int malloc_trim(size_t pad)');
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
