import { Worker } from 'node:worker_threads';
import { fail } from '../../errors.ts';

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A thread that answers calls one after another. Its program is plain JavaScript text, so that it is the same from source, from
 * `dist` and out of a bundle; it answers `[id, call]` with `[id, error, result]`. Starts with the first call, keeps the process
 * alive only while calls are open, and ends with `end` or when nobody can call it any more.
 */
export class Thread {
  readonly #program: string;
  readonly #data: unknown;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #calls = 0;

  constructor(program: string, data: unknown) {
    this.#program = program;
    this.#data = data;
  }

  #start(): Worker {
    // Loaders and inspectors of the main thread mean nothing to it.
    const worker = new Worker(this.#program, { eval: true, workerData: this.#data, execArgv: [] });
    const waiting = this.#waiting;
    worker.unref();
    worker.on('message', ([id, error, result]: [number, Error | undefined, unknown]) => {
      const call = waiting.get(id);
      waiting.delete(id);
      if (waiting.size === 0) worker.unref();
      if (error) call?.reject(error);
      else call?.resolve(result);
    });
    // The listeners must not hold the thread's owner, or it would never be collected.
    const owner = new WeakRef(this);
    const lost = (reason: unknown) => {
      const thread = owner.deref();
      if (thread && thread.#worker === worker) thread.#worker = undefined;
      const error = fail('engine', { doing: 'running in its own thread', reason: `the thread ended (${String(reason)})` }, reason);
      for (const { reject } of waiting.values()) reject(error);
      waiting.clear();
    };
    worker.on('error', lost);
    worker.on('exit', lost);
    forgotten.register(this, new WeakRef(worker), this);
    return worker;
  }

  /** Sends one call and waits for its answer. */
  call<T>(message: unknown, transfer: readonly ArrayBuffer[] = []): Promise<T> {
    this.#worker ??= this.#start();
    const worker = this.#worker;
    const id = this.#calls++;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      worker.ref();
      worker.postMessage([id, message], transfer);
    });
  }

  /** Ends the thread; open calls fail. */
  async end(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    forgotten.unregister(this);
    await worker?.terminate();
  }
}

const forgotten = new FinalizationRegistry<WeakRef<Worker>>((worker) => void worker.deref()?.terminate());
