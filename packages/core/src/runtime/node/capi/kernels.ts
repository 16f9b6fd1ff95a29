import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ownDomain, type Runs } from '../../../graph/index.ts';
import { type Koffi, loadForGood } from './load-for-good.ts';

/** Instruction sets that the library has kernels for, each with all before it. */
export const levels = ['base', 'avx2', 'avx512'] as const;
export type Level = (typeof levels)[number];

/** Kernels of our own, as ONNX Runtime takes them. */
export interface OwnKernels {
  /** Addresses of their descriptions. They live as long as the process. */
  readonly ops: readonly bigint[];
  readonly runs: Runs;
}

/** The library of this platform; undefined where there is none. */
function libraryFile(): string | undefined {
  const suffix = process.platform === 'win32' ? 'dll' : process.platform === 'darwin' ? 'dylib' : 'so';
  const url = new URL(`../../../../kernels/prebuilt/${process.platform}-${process.arch}.${suffix}`, import.meta.url);
  if (url.protocol !== 'file:') return undefined; // in a bundle, for one
  const file = fileURLToPath(url);
  return existsSync(file) ? file : undefined;
}

/**
 * Loads the kernels, those for what this processor can do and `most` allows. Undefined where there are none for this platform, or they
 * do not load: everything they do can be done without them.
 */
export function loadKernels(koffi: Koffi, most: Level): OwnKernels | undefined {
  const file = libraryFile();
  if (!file) return undefined;
  try {
    const library = loadForGood(koffi, file);
    const opAt = library.func('uintptr_t stratus_kernel(size_t i, int most)');
    const nameOf = library.func('const char* stratus_kernel_name(size_t i)');
    const names = new Set<string>();
    const ops: bigint[] = [];
    for (let i = 0; ; i++) {
      const op = BigInt(opAt(i, levels.indexOf(most)) as number | bigint);
      if (op === 0n) break;
      ops.push(op);
      names.add(nameOf(i) as string);
    }
    return {
      ops,
      runs: (node) => node.op.domain !== ownDomain || (names.has(node.op.type) && (node.op.suits?.(node) ?? true)),
    };
  } catch {
    return undefined;
  }
}
