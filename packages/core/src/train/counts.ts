/** Where a training stands: what it needs besides its tensors. */
export interface Counts {
  /** Batches trained on, ever: the random numbers of a step depend on it. */
  readonly batchCount: number;
  /** Updates of the parameters since compile: what bias corrections and schedules count. */
  readonly updateCount: number;
  /** Batches whose gradients wait for an update, with gradient accumulation. */
  readonly collected: number;
}
