import type { KernelPhase } from './recording.ts';
import type { KernelTime } from './summary.ts';

interface Sum {
  /** Milliseconds of a mean step. */
  readonly ms: number;
  readonly share: number;
  /** Floating-point operations of a step; undefined where some are not known. */
  readonly flops: number | undefined;
  /** GFLOP/s while it runs; undefined where it has none, or they are not known. */
  readonly rate: number | undefined;
}

/** What one layer takes of a mean step. */
export interface LayerTime extends Sum {
  /** Its path; empty for what belongs to no layer. Losses are 'loss/<output>', metrics 'metric/<name>'. */
  readonly layer: string;
  /** Milliseconds. */
  readonly forward: number;
  readonly backward: number;
  readonly update: number;
}

/** What all kernels of one op take of a mean step. */
export interface OpTime extends Sum {
  readonly op: string;
  readonly calls: number;
}

/** GFLOP/s; undefined where there is nothing to tell. */
export const rateOf = (flops: number | undefined, ms: number): number | undefined =>
  flops !== undefined && flops > 0 && ms > 0 ? flops / ms / 1e6 : undefined;

function sumOf(kernels: readonly KernelTime[]): Sum {
  const add = (value: (kernel: KernelTime) => number): number => kernels.reduce((sum, kernel) => sum + value(kernel), 0);
  const [ms, sum] = [add((kernel) => kernel.ms), add(({ flops = Number.NaN }) => flops)];
  const flops = Number.isNaN(sum) ? undefined : sum;
  return { ms, share: add(({ share }) => share), flops, rate: rateOf(flops, ms) };
}

function grouped(kernels: readonly KernelTime[], key: (kernel: KernelTime) => string): [string, KernelTime[]][] {
  const groups = new Map<string, KernelTime[]>();
  for (const kernel of kernels) {
    const group = groups.get(key(kernel));
    if (group) group.push(kernel);
    else groups.set(key(kernel), [kernel]);
  }
  return [...groups];
}

const longestFirst = (a: Sum, b: Sum): number => b.ms - a.ms;

/** Kernels by layer, the longest first. */
export const byLayer = (kernels: readonly KernelTime[]): LayerTime[] =>
  grouped(kernels, ({ layer }) => layer)
    .map(([layer, own]): LayerTime => {
      const of = (phase: KernelPhase): number => own.reduce((sum, kernel) => sum + (kernel.phase === phase ? kernel.ms : 0), 0);
      return { layer, forward: of('forward'), backward: of('backward'), update: of('update'), ...sumOf(own) };
    })
    .sort(longestFirst);

/** Kernels by op, the longest first. */
export const byOp = (kernels: readonly KernelTime[]): OpTime[] =>
  grouped(kernels, ({ op }) => op)
    .map(([op, own]): OpTime => ({ op, calls: own.reduce((sum, { calls }) => sum + calls, 0), ...sumOf(own) }))
    .sort(longestFirst);
