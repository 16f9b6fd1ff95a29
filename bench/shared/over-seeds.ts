import type { Result, RunContext } from '../result.ts';
import { median } from './statistics.ts';

/** What one training came to. */
export interface Trained<F> {
  readonly seed: number;
  readonly seconds: number;
  readonly figures: F;
}

/** Where one training takes longer, one seed must do. */
const longSeconds = 600;

/** Trains an example once for each seed, or for the first alone where that takes over ten minutes, and says what it came to on the log. */
export async function overSeeds<F extends object>(
  train: (options: { readonly seed: number; readonly signal: AbortSignal }) => Promise<F>,
  seeds: readonly number[],
  { log, signal }: Pick<RunContext, 'log' | 'signal'>,
): Promise<Trained<F>[]> {
  const runs: Trained<F>[] = [];
  for (const seed of seeds) {
    signal.throwIfAborted();
    const start = performance.now();
    const figures = await train({ seed, signal });
    const seconds = (performance.now() - start) / 1e3;
    runs.push({ seed, seconds, figures });
    log(`seed ${seed}: ${JSON.stringify(figures)} in ${seconds.toFixed(1)} s`);
    if (seconds > longSeconds && seed !== seeds.at(-1)) {
      log('It takes over ten minutes: the other seeds are left out.');
      break;
    }
  }
  return runs;
}

/** The arithmetic mean. */
export const mean = (numbers: readonly number[]): number => numbers.reduce((sum, x) => sum + x, 0) / numbers.length;

/** What is promised of one figure. */
export interface Promised<F> {
  readonly name: string;
  readonly figure: { [K in keyof F]: F[K] extends number ? K : never }[keyof F];
  readonly target: number;
  readonly better?: Result['better'];
  readonly unit?: string;
  /** What of the seeds' figures counts; their median unless told. */
  readonly of?: 'median' | 'mean';
  readonly detail?: string;
}

const short = (x: number): string => String(Number(x.toPrecision(4)));

/** One figure of all seeds as a row of the table. */
export function row<F>(runs: readonly Trained<F>[], promised: Promised<F>): Result {
  const { name, figure, target, better = 'higher', unit = 'accuracy', of = 'median', detail } = promised;
  const numbers = runs.map(({ figures }) => figures[figure] as number);
  const seeds = `${numbers.map(short).join(' ')} (seed${runs.length > 1 ? 's' : ''} ${runs.map(({ seed }) => seed).join(' ')})`;
  const long = Math.max(...runs.map(({ seconds }) => seconds));
  return {
    name,
    reached: of === 'mean' ? mean(numbers) : median(numbers),
    target,
    better,
    unit,
    detail: `${runs.length > 1 ? `${of} of ` : ''}${seeds}; up to ${long.toFixed(0)} s${detail === undefined ? '' : `; ${detail}`}`,
  };
}
