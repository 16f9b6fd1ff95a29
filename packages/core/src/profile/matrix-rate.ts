import { graphInput } from '../graph/index.ts';
import { exportGraph } from '../onnx/index.ts';
import { matMul } from '../ops/index.ts';
import type { Executor } from '../runtime/index.ts';
import { full, zeros } from '../tensor/index.ts';

const side = 1024;
const runs = 9;
const known = new WeakMap<Executor, Promise<number>>();

/**
 * How fast an executor multiplies matrices, in GFLOP/s: the best of some products of two float32 matrices of 1024 x 1024, with the
 * executor's own threads. What any kernel reaches is seldom more. It is measured once for each executor and takes less than a second.
 *
 * Units: 10^9 floating-point operations a second; a multiplication and an addition are two. Errors: `released`.
 *
 * @example
 * import { executor, matrixRate } from '@stratus/core';
 * console.log((await matrixRate(await executor())) > 1); // true
 */
export function matrixRate(executor: Executor): Promise<number> {
  const before = known.get(executor);
  if (before) return before;
  const rate = measure(executor);
  known.set(executor, rate);
  rate.catch(() => known.delete(executor));
  return rate;
}

async function measure(executor: Executor): Promise<number> {
  const shape = [side, side];
  const [a, b] = [graphInput('a', shape), graphInput('b', shape)];
  const program = await executor.compile(exportGraph({ name: 'product', inputs: [a, b], outputs: { y: matMul(a, b) } }));
  try {
    // All of it stays with the engine, so that nothing is copied.
    const held = await executor.hold({ a: full(shape, 0.5), b: full(shape, 0.25), result: zeros(shape) });
    try {
      let best = Number.POSITIVE_INFINITY;
      for (let i = 0; i < runs; i++) {
        const start = performance.now();
        await program.run({}, { held, updates: { y: 'result' }, fetch: [] });
        best = Math.min(best, performance.now() - start);
      }
      return (2 * side ** 3) / best / 1e6;
    } finally {
      await held.release();
    }
  } finally {
    await program.release();
  }
}
