// The types of what `#ort` gives in every environment: runtime/node/index.ts or runtime/web/index.ts, chosen by package.json's "imports".
import type { Executor, ExecutorOptions } from '../runtime/executor.ts';

/**
 * Makes an executor of its own: with its own threads, beside the shared one that `executor()` gives.
 *
 * Errors: `bad-value` and `unknown-name` for wrong options, `engine` when ONNX Runtime cannot be loaded.
 * Source: ONNX Runtime.
 *
 * @example
 * import { createExecutor } from '@stratus/core';
 * const single = await createExecutor({ threads: 1 });
 * console.log(single.description);
 * await single.release();
 */
export declare function createExecutor(options?: ExecutorOptions): Promise<Executor>;
/** Lets timers, sockets and pages have their turn: resolves in a later turn of the event loop. */
export declare function nextTurn(): Promise<void>;
/** SHA-256 of much data as hexadecimal digits, without holding up the event loop; undefined where WebCrypto is all there is. */
export declare const sha256InPieces: ((bytes: Uint8Array) => Promise<string>) | undefined;
/** The most bytes that the process has ever had in memory; undefined where nobody tells. */
export declare const peakMemory: (() => number) | undefined;
/**
 * Gives memory back to the operating system that the process has freed and its C library keeps: glibc keeps a pool for each thread, which a server with many
 * threads and requests of all sizes fills with gaps. True where something went back; false elsewhere than on Linux with glibc. Takes some ten milliseconds
 * for some hundred megabytes, in a thread of its own; meanwhile allocations may wait. From the first call on, at most 8 MB stay free at the end of each
 * thread's pool, and blocks of more than 4 MB go back as soon as they are freed.
 *
 * Source: malloc_trim(3), mallopt(3).
 *
 * @example
 * import { trimMemory } from '@stratus/core';
 * console.log(typeof (await trimMemory())); // boolean
 */
export declare function trimMemory(): Promise<boolean>;
