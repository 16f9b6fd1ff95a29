/** Lets many work side by side, and now and then one alone: who comes while somebody is alone, or waits to be, waits. */
export class Gate {
  #inside = 0;
  #emptied: (() => void) | undefined;
  #closed: Promise<void> | undefined;

  /** Does work that others may do at the same time. Rejects as the last work that was done alone, if that failed. */
  async shared<T>(work: () => Promise<T>): Promise<T> {
    while (this.#closed) await this.#closed;
    this.#inside++;
    try {
      return await work();
    } finally {
      if (--this.#inside === 0) this.#emptied?.();
    }
  }

  /** Does work when all that was begun before is over, and nothing else until it is done. */
  alone(work: () => Promise<void>): Promise<void> {
    const before = this.#closed?.catch(() => undefined) ?? Promise.resolve();
    const closed = before
      .then(() => (this.#inside > 0 ? new Promise<void>((resolve) => void (this.#emptied = resolve)) : undefined))
      .then(work);
    this.#closed = closed;
    const open = () => {
      if (this.#closed === closed) this.#closed = undefined;
    };
    closed.then(open, () => undefined); // after a failure it stays closed: nobody knows what is left
    return closed;
  }
}
