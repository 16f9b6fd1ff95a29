import { Thread } from '../thread.ts';
import type { Library } from './library.ts';

// Plain JavaScript, see Thread. koffi makes functions of addresses only after it has loaded a library, and unloads it when the
// handle is collected: so it is kept.
const program = `
const { workerData } = require('node:worker_threads');
const koffi = require(workerData.koffi);
globalThis.loadedForGood = koffi.load(workerData.library);
const timed = (address, count) => {
  const call = koffi.decode(address, koffi.proto('uintptr_t', new Array(count).fill('uintptr_t')));
  return (args) => {
    const start = performance.now();
    const status = BigInt(call(...args));
    return [[status, performance.now() - start], []];
  };
};
const calls = { run: timed(workerData.run, 8), create: timed(workerData.create, 5), copy: timed(workerData.copy, 5) };
if (workerData.setter) koffi.decode(workerData.setter, koffi.proto('int', ['uintptr_t']))(workerData.asZero);
`;

/**
 * Where long calls into the engine happen. A thread of its own rather than one of libuv's, which files, DNS and compression need,
 * and because denormals have to be switched off in the very thread that runs.
 */
export class EngineThread {
  readonly #thread: Thread;

  constructor({ forThread, denormals }: Library) {
    this.#thread = new Thread(program, { ...forThread, setter: denormals?.setter, asZero: denormals?.asZero });
    this.#thread.start(); // it takes as long to get ready as a small graph takes to be made, and sessions are made in it
  }

  /**
   * Calls Run, CreateSessionFromArray or CopyTensors with addresses and sizes; whatever they point to must stay. Gives the status, and how long
   * the call itself took.
   */
  async call(
    name: 'run' | 'create' | 'copy',
    args: readonly (bigint | number)[],
  ): Promise<{ status: bigint | null; ms: number }> {
    const [status, ms] = await this.#thread.call<[bigint, number]>(name, args);
    return { status: status === 0n ? null : status, ms };
  }

  end(): Promise<void> {
    return this.#thread.end();
  }
}
