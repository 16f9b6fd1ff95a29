/** One number that was measured, beside the number that was promised. */
export interface Result {
  /** What was measured, for people: 'MLP: step, ours / PyTorch'. */
  readonly name: string;
  readonly reached: number;
  readonly target: number;
  /** Whether a number below or above the target is good. The target itself is. */
  readonly better: 'lower' | 'higher';
  /** 'ms', 's', 'ratio', 'accuracy'. */
  readonly unit: string;
  /** How it came about: 'median of 5, 2 threads; PyTorch 2.13.0'. */
  readonly detail?: string;
}

/** What a measurement is given by tools/run.mjs. */
export interface RunContext {
  /** The root of the repository. */
  readonly root: string;
  /** What `--device` says; undefined where the library may choose. */
  readonly device?: string | undefined;
  /** What `--rounds` says, for those that go in rounds; undefined where they may choose. */
  readonly rounds?: number | undefined;
  /** What `--minutes` and `--inputs` say, for those that go on for a time, or with so many inputs. */
  readonly minutes?: number | undefined;
  readonly inputs?: number | undefined;
  /** Says on standard error what is going on; standard output is for the results. */
  log(line: string): void;
  /** Ctrl-C. */
  readonly signal: AbortSignal;
}

/**
 * What a file of bench/cases, bench/acceptance or bench/soak exports as `run`. It has a process of its own, with `gc()` exposed.
 * A peer that is not installed is left out, with a line in the log.
 */
export interface Run {
  (context: RunContext): Promise<readonly Result[]>;
  /** True where `--device` means something; other measurements are left out with it. */
  readonly anyDevice?: true;
}

/** A measurement on the device that is asked for. */
export const onAnyDevice = (run: Run): Run => Object.assign((context: RunContext) => run(context), { anyDevice: true as const });

/** Whether the promise was kept; NaN never keeps one. */
export const isMet = ({ reached, target, better }: Result): boolean =>
  better === 'lower' ? reached <= target : reached >= target;
