import type { Executor, Model, Tensor } from '@stratus/core';
import { median } from './statistics.ts';

/** The least-squares slope of log y over log x: what power of x y grows with. */
export function exponent(x: readonly number[], y: readonly number[]): number {
  const [a, b] = [x.map(Math.log), y.map(Math.log)];
  const mean = (numbers: readonly number[]): number => numbers.reduce((sum, n) => sum + n, 0) / numbers.length;
  const [ma, mb] = [mean(a), mean(b)];
  const over = a.reduce((sum, n, i) => sum + (n - ma) * (b[i]! - mb), 0);
  return over / a.reduce((sum, n) => sum + (n - ma) ** 2, 0);
}

/** A training whose size is swept. */
export interface Sweep {
  /** 'LSTM over the sequence'. */
  readonly name: string;
  readonly sizes: readonly number[];
  /** The most that the exponent may be. */
  readonly target: number;
  /** What is swept of one size where it is not the size itself: the number of parameters. */
  measure?(model: Model): number;
  make(size: number, executor: Executor): { readonly model: Model; readonly x: Tensor; readonly y: Tensor };
}

/** What a sweep came to. */
export interface Grown {
  readonly name: string;
  readonly target: number;
  readonly x: readonly number[];
  /** Median milliseconds a step. */
  readonly ms: readonly number[];
  readonly exponent: number;
}

/** Times steps of all sizes in turns, so that what disturbs the machine disturbs all alike. */
export async function grow(
  { name, sizes, target, measure, make }: Sweep,
  executor: Executor,
  { rounds, signal }: { readonly rounds: number; readonly signal: AbortSignal },
): Promise<Grown> {
  const trainings = sizes.map((size) => ({ size, ...make(size, executor), samples: [] as number[] }));
  for (let round = -1; round < rounds; round++) {
    for (const { model, x, y, samples } of trainings) {
      signal.throwIfAborted();
      if (round < 0) await model.trainOnBatch(x, y);
      const start = performance.now();
      await model.trainOnBatch(x, y);
      if (round >= 0) samples.push(performance.now() - start);
    }
  }
  const at = trainings.map(({ size, model }) => measure?.(model) ?? size);
  const ms = trainings.map(({ samples }) => median(samples));
  for (const { model } of trainings) await model.release();
  return { name, target, x: at, ms, exponent: exponent(at, ms) };
}
