import { type Koffi, loadForGood } from './load-for-good.ts';

/**
 * Numbers below 1e-38 (denormals) cost 25 times as much as others, and momentum that decays ends there. ONNX Runtime can treat them
 * as zero, but does so only in the threads of its pool and in the thread that creates the process' first session. Created in
 * the main thread, that changes JavaScript's own arithmetic; created elsewhere, results depend on which thread computes which
 * row. So the mode is set here, in every thread that calls the engine, and only while it does in the main thread.
 */
export interface Denormals {
  /** Addresses, for another thread: fesetenv, and the environment in which denormals are zero. */
  readonly setter: bigint;
  readonly asZero: bigint;
  /** Runs `work` in this thread with denormals as zero. */
  run<T>(work: () => T): T;
}

// glibc's and musl's fenv_t on x86-64: 28 bytes for the x87 unit, then MXCSR.
const mxcsr = 7;
const flushToZero = 0x8000;
const denormalsAreZero = 0x0040;
const allMasked = 0x1f80;

/**
 * They live as long as their addresses, which other threads are given: for good. Not in a closure that only mentions them, because who bundles this may have a program that takes such a mention away, and a
 * freed one would be read as an environment in which arithmetic traps.
 */
const kept: Uint32Array[] = [];

/** Undefined where this is not known to work; denormals then stay as they are everywhere, also in the pool. */
export function denormalsOf(koffi: Koffi): Denormals | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  try {
    const library = loadForGood(koffi, null);
    const type = koffi.proto('int', ['uintptr_t']);
    const setter = library.symbol('fesetenv') as bigint;
    const get = koffi.decode(library.symbol('fegetenv'), type) as (at: bigint) => number;
    const set = koffi.decode(setter, type) as (at: bigint) => number;
    const [normal, asZero] = [new Uint32Array(32), new Uint32Array(32)];
    kept.push(normal, asZero);
    const [atNormal, atAsZero] = [koffi.address(normal), koffi.address(asZero)];
    if (get(atNormal) !== 0 || (normal[mxcsr]! & allMasked) !== allMasked) return undefined;
    normal[mxcsr]! &= ~0x3f; // the exceptions noted so far
    asZero.set(normal);
    asZero[mxcsr]! |= flushToZero | denormalsAreZero;
    return {
      setter,
      asZero: atAsZero,
      run(work) {
        set(atAsZero);
        try {
          return work();
        } finally {
          set(atNormal);
        }
      },
    };
  } catch {
    return undefined;
  }
}
