import type { TrainingRun } from '@stratus/core';

/** What happened so many seconds ago counts 1/e. */
const memorySeconds = 3;

/**
 * How fast a training goes: steps a second and the time left, smoothed. Validation and checkpoints between epochs count in the
 * time left, not in the speed; so does what the engine prepares before the first step.
 */
export class Pace {
  readonly #now: () => number;
  #steps = 0;
  #seconds = 0;
  /** When the latest step ended, or could begin. */
  #last: number | undefined;
  #epochBegan: number;
  #stepsEnded: number | undefined;
  #pause = 0;
  #batches: number | undefined;

  /** `now` gives seconds. */
  constructor(now: () => number) {
    this.#now = now;
    this.#epochBegan = now();
  }

  beginEpoch(): void {
    const now = this.#now();
    if (this.#stepsEnded !== undefined) {
      this.#pause = now - this.#stepsEnded;
      this.#last = now;
    }
    this.#epochBegan = now;
  }

  step(): void {
    const now = this.#now();
    if (this.#last !== undefined) {
      const seconds = now - this.#last;
      const kept = Math.exp(-seconds / memorySeconds);
      this.#steps = this.#steps * kept + 1;
      this.#seconds = this.#seconds * kept + seconds;
    }
    this.#last = now;
    this.#stepsEnded = now;
  }

  /** Seconds since the epoch began. */
  endEpoch(run: TrainingRun): number {
    this.#batches = run.batch;
    return this.#now() - this.#epochBegan;
  }

  /** Undefined before two steps were done. */
  get stepsPerSecond(): number | undefined {
    return this.#seconds > 0 ? this.#steps / this.#seconds : undefined;
  }

  /** Of the whole training. Undefined as long as speed or length are unknown. */
  secondsLeft(run: TrainingRun): number | undefined {
    const { stepsPerSecond: speed } = this;
    const batches = run.batches ?? this.#batches;
    if (speed === undefined || batches === undefined) return undefined;
    const epochs = run.epochs - run.epoch;
    return Math.max(0, epochs * batches - run.batch) / speed + epochs * this.#pause;
  }
}
