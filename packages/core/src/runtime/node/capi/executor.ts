import { fail } from '../../../errors.ts';
import type { Runs } from '../../../graph/index.ts';
import { engineError } from '../../engine-error.ts';
import type { CompileOptions, Executor, Held, Program, Tensors } from '../../executor.ts';
import { abortable, Door, inTurn, type Stop } from '../../line.ts';
import { copyInPieces } from '../../turns.ts';
import { nextTurn } from '../next-turn.ts';
import { ProfileNotes } from '../profile-notes.ts';
import { spinning } from '../spinning.ts';
import type { Device } from './device.ts';
import { NativeHeld } from './held.ts';
import type { Library } from './library.ts';
import { NativeProgram } from './program.ts';
import { EngineThread } from './thread.ts';

const levels = { disabled: 0, basic: 1, extended: 2, all: 99 } as const;

/** NodeProto.op_type = 'Loop': how often it turns is a matter of values. */
const loopNode = Buffer.from('\x22\x04Loop', 'latin1');

/** ONNX Runtime through its C API. */
export class NativeExecutor implements Executor {
  readonly device: string;
  readonly description: string;
  readonly channelBlocks: readonly number[] | undefined;
  readonly runs: Runs;
  readonly updatesRows: boolean;
  readonly updatesInPlace: number | undefined;
  readonly #library: Library;
  readonly #where: Device;
  readonly #threads: number;
  readonly #thread: EngineThread;
  readonly #door = new Door('The executor');

  constructor(library: Library, where: Device, threads: number) {
    this.#library = library;
    this.#where = where;
    this.device = where.name;
    this.channelBlocks = where.channelBlocks;
    this.runs = where.runs;
    this.updatesRows = where.updatesRows;
    this.updatesInPlace = where.updatesInPlace;
    this.#threads = threads;
    this.#thread = new EngineThread(library);
    const by = where.name === 'cpu' ? `${threads} ${threads === 1 ? 'thread' : 'threads'}` : 'on the GPU with WebGPU';
    this.description = `ONNX Runtime ${library.version} through its C API, ${by}`;
  }

  #sessionOptions({ optimization = 'all', inARow = false, memoryPlan = true }: CompileOptions): bigint {
    const library = this.#library;
    const options = library.make('CreateSessionOptions');
    library.call('SetIntraOpNumThreads', options, this.#threads);
    library.call('SetSessionGraphOptimizationLevel', options, levels[optimization]);
    library.call('SetSessionLogSeverityLevel', options, 4);
    if (!memoryPlan) library.call('DisableMemPattern', options);
    const entries = {
      'session.set_denormal_as_zero': library.denormals ? '1' : '0',
      ...spinning(inARow),
      // It removes dropout in training mode whenever nobody reads the mask.
      'optimization.disable_specified_optimizers': 'EliminateDropout',
    };
    for (const [key, value] of Object.entries(entries)) library.call('AddSessionConfigEntry', options, key, value);
    this.#where.addTo(options);
    return options;
  }

  async compile(model: Uint8Array, options: CompileOptions = {}): Promise<Program> {
    this.#door.check();
    return abortable('Compiling', options.signal, (stop) => this.#door.pass(() => this.#compile(model, options, stop)));
  }

  async #compile(model: Uint8Array, options: CompileOptions, stop: Stop): Promise<Program> {
    const notes = options.profile ? new ProfileNotes() : undefined;
    const library = this.#library;
    const { session, unsteady } = await this.#session(model, options, { stop, notes });
    let inPlace: bigint | undefined;
    try {
      if (options.inPlace) ({ session: inPlace } = await this.#session(options.inPlace, options, { stop }));
    } catch (e) {
      library.call('ReleaseSession', session);
      notes?.remove();
      throw e;
    }
    const program = new NativeProgram(library, session, {
      device: this.#where,
      thread: this.#thread,
      executor: this.#door,
      unsteady,
      notes,
      inPlace,
    });
    try {
      stop.check();
      stop.commit();
      return program;
    } catch (e) {
      await program.release();
      throw e;
    }
  }

  async #session(
    model: Uint8Array,
    options: CompileOptions,
    { stop, notes }: { readonly stop: Stop; readonly notes?: ProfileNotes | undefined },
  ): Promise<{ readonly session: bigint; readonly unsteady: boolean }> {
    const library = this.#library;
    if (!(model instanceof Uint8Array))
      throw fail('bad-value', { what: 'compile()', got: typeof model, want: 'the bytes of a model as a Uint8Array' });
    const bytes = new Uint8Array(model.length);
    await copyInPieces(bytes, model, nextTurn);
    const sessionOptions = this.#sessionOptions(options);
    const session = new BigUint64Array(1);
    try {
      if (notes) library.call('EnableProfiling', sessionOptions, library.address(notes.prefixBytes));
      stop.onAbort = () => void library.call('SessionOptionsSetLoadCancellationFlag', sessionOptions, 1);
      stop.check();
      const args = [library.env, library.address(bytes), bytes.length, sessionOptions, library.address(session)];
      await inTurn(this.#where.lines, async () => {
        stop.check();
        library.check((await this.#thread.call('create', args)).status);
      });
    } catch (e) {
      notes?.remove();
      throw engineError('reading the model', e);
    } finally {
      stop.onAbort = undefined;
      library.call('ReleaseSessionOptions', sessionOptions);
    }
    const unsteady = Buffer.from(bytes.buffer).includes(loopNode); // after the call, so that the bytes outlive it
    return { session: session[0]!, unsteady };
  }

  async hold(tensors: Tensors): Promise<Held> {
    this.#door.check();
    return NativeHeld.of(this.#library, this.#where, tensors);
  }

  async release(): Promise<void> {
    if (await this.#door.close()) await this.#thread.end();
  }
}

/** Errors: `bad-value`. */
export function checkThreads(threads: number): number {
  if (Number.isInteger(threads) && threads >= 1 && threads <= 1024) return threads;
  throw fail('bad-value', { what: 'createExecutor({ threads })', got: String(threads), want: 'a whole number from 1 to 1024' });
}
