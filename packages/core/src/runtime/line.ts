import { fail } from '../errors.ts';

/** Something that one piece of work uses at a time: a session, a set of held tensors. */
export class Line {
  /** Ends with the last piece of work that stands in line; undefined when nobody does. */
  last: Promise<void> | undefined;
}

/** Does `work` when all that stood in these lines before is over, first come, first served. */
export async function inTurn<T>(lines: readonly Line[], work: () => T | Promise<T>): Promise<T> {
  const before = lines.flatMap((line) => line.last ?? []);
  let leave!: () => void;
  // One promise for all lines, entered at once: two pieces of work can never wait for each other.
  const mine = new Promise<void>((resolve) => {
    leave = resolve;
  });
  for (const line of lines) line.last = mine;
  try {
    if (before.length > 0) await Promise.all(before);
    return await work();
  } finally {
    for (const line of lines) if (line.last === mine) line.last = undefined;
    leave();
  }
}

/** Lets work in until it is closed, and knows when all is out again. */
export class Door {
  readonly #what: string;
  #inside = 0;
  #closed = false;
  #empty: (() => void) | undefined;

  constructor(what: string) {
    this.#what = what;
  }

  /** Errors: `released` when it is closed. */
  check(): void {
    if (this.#closed) throw fail('released', { what: this.#what });
  }

  /** Does `work` inside. Errors: `released` when it is closed. */
  async pass<T>(work: () => Promise<T>): Promise<T> {
    this.check();
    this.#inside++;
    try {
      return await work();
    } finally {
      this.#inside--;
      if (this.#inside === 0) this.#empty?.();
    }
  }

  /** Closes, and waits until all are out. False when it was closed before. */
  async close(): Promise<boolean> {
    if (this.#closed) return false;
    this.#closed = true;
    if (this.#inside > 0) await new Promise<void>((resolve) => void (this.#empty = resolve));
    return true;
  }
}

/** What a piece of work knows about the signal that may stop it. */
export interface Stop {
  /** Throws `aborted` if it was stopped; call before anything that cannot be taken back. */
  check(): void;
  /** From here on the work counts as done, and an abort comes too late. */
  commit(): void;
  /** Called at the moment of the abort. */
  onAbort: (() => void) | undefined;
}

const never: Stop = { check: () => {}, commit: () => {}, onAbort: undefined };

/** Rejects with `aborted` the moment the signal says so; the work itself may end later, and then changes nothing. */
export function abortable<T>(what: string, signal: AbortSignal | undefined, work: (stop: Stop) => Promise<T>): Promise<T> {
  if (!signal) return work(never);
  const aborted = () => fail('aborted', { what }, signal.reason);
  if (signal.aborted) return Promise.reject(aborted());
  return new Promise<T>((resolve, reject) => {
    let done = false;
    const stop: Stop = {
      check: () => {
        if (signal.aborted && !done) throw aborted();
      },
      commit: () => {
        done = true;
      },
      onAbort: undefined,
    };
    const abort = () => {
      if (done) return;
      stop.onAbort?.();
      reject(aborted());
    };
    signal.addEventListener('abort', abort, { once: true });
    work(stop)
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', abort));
  });
}
