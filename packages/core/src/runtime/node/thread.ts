import { Worker } from 'node:worker_threads';
import { fail } from '../../errors.ts';

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  /** Keeps the thread from being collected while somebody waits for an answer. */
  readonly thread: Thread;
}

// What the two sides share: how many calls are being answered, and whether no more are to be begun.
const open = 0;
const ending = 1;

/** The end of every thread's program. */
const answer = `
{
  const { parentPort, workerData: { state } } = require('node:worker_threads');
  parentPort.on('message', async ([id, name, argument]) => {
    if (Atomics.load(state, ${ending})) return;
    Atomics.add(state, ${open}, 1);
    try {
      const [result, transfer] = await calls[name](argument);
      parentPort.postMessage([id, undefined, result], transfer);
    } catch (error) {
      parentPort.postMessage([id, error]);
    } finally {
      Atomics.sub(state, ${open}, 1);
      Atomics.notify(state, ${open});
    }
  });
}`;

/**
 * A thread that answers calls. Its program is plain JavaScript text, so that it is the same from source, from `dist` and out of a
 * bundle; it defines `calls`, an object of functions that give a result and a list of memory to move. The thread starts with
 * `start` or the first call, keeps the process alive only while calls are open, and ends with `end` or when nobody can call it any more.
 */
export class Thread {
  readonly #program: string;
  readonly #data: object;
  readonly #waiting = new Map<number, Waiting>();
  readonly #open = new Set<Promise<unknown>>();
  #worker: Worker | undefined;
  #calls = 0;

  constructor(program: string, data: object) {
    this.#program = program;
    this.#data = data;
  }

  #start(): Worker {
    const state = new Int32Array(new SharedArrayBuffer(8));
    // Loaders and inspectors of the main thread mean nothing to it.
    const options = { eval: true, workerData: { ...this.#data, state }, execArgv: [] };
    const worker = new Worker(this.#program + answer, options);
    const waiting = this.#waiting;
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
      running.delete(state);
      owner.deref()?.forget(worker);
      const error = fail(
        'engine',
        { doing: 'running in its own thread', reason: `the thread ended (${String(reason)})` },
        reason,
      );
      for (const { reject } of waiting.values()) reject(error);
      waiting.clear();
    };
    worker.on('error', lost);
    worker.on('exit', lost);
    worker.unref(); // after the listeners: who begins to listen for messages keeps the process alive
    forgotten.register(this, worker, this);
    watchExit();
    running.add(state);
    return worker;
  }

  /** Starts it before the first call, so that it gets ready while its owner does something else. */
  start(): void {
    this.#worker ??= this.#start();
  }

  /** Called when its worker has ended; the next call starts another. */
  forget(worker: Worker): void {
    if (this.#worker === worker) this.#worker = undefined;
  }

  /** Sends one call and waits for its answer. `transfer`: memory that moves there. */
  call<T>(name: string, argument: unknown, transfer: readonly ArrayBuffer[] = []): Promise<T> {
    this.#worker ??= this.#start();
    const worker = this.#worker;
    const id = this.#calls++;
    const answered = new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, thread: this });
      worker.ref();
      worker.postMessage([id, name, argument], transfer);
    });
    this.#open.add(answered);
    const over = () => void this.#open.delete(answered);
    answered.then(over, over);
    return answered as Promise<T>;
  }

  /** Ends the thread when the open calls are answered. */
  async end(): Promise<void> {
    await Promise.allSettled(this.#open);
    const worker = this.#worker;
    this.#worker = undefined;
    forgotten.unregister(this);
    await worker?.terminate();
  }
}

const forgotten = new FinalizationRegistry<Worker>((worker) => void worker.terminate());

/** The states of the threads that are there. */
const running = new Set<Int32Array>();
let watched = false;

/** A thread that is torn down in the middle of native code may take the process with it, so an exit waits for open calls. */
function watchExit(): void {
  if (watched) return;
  watched = true;
  process.once('exit', () => {
    for (const state of running) {
      Atomics.store(state, ending, 1);
      for (let calls = Atomics.load(state, open); calls > 0; calls = Atomics.load(state, open)) Atomics.wait(state, open, calls);
    }
  });
}
