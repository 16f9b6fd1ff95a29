import { createRequire } from 'node:module';
import { fail } from '../../../errors.ts';
import { type DType, Tensor, type TypedArray } from '../../../tensor/index.ts';
import { ArrayHeld } from '../../array-held.ts';
import { type ArrayInput, ArrayProgram, type ArraySession, ownData } from '../../array-program.ts';
import { engineError } from '../../engine-error.ts';
import type { CompileOptions, EngineRun, Executor, Held, Port, Program, Tensors } from '../../executor.ts';
import { abortable, Door } from '../../line.ts';
import { type Metadata, portsOfModel } from '../../model-ports.ts';
import { copyOf } from '../../ports.ts';
import { copyInPieces } from '../../turns.ts';
import { channelBlocks } from '../channel-blocks.ts';
import { nextTurn } from '../next-turn.ts';
import { ProfileNotes } from '../profile-notes.ts';
import { spinning } from '../spinning.ts';
import { silenceTelemetry } from '../telemetry.ts';
import { Thread } from '../thread.ts';
import { program } from './thread.ts';

interface Created {
  readonly id: number;
  readonly inputs: readonly Metadata[];
  readonly outputs: readonly Metadata[];
}

interface Ran {
  readonly tensors?: readonly { readonly data: TypedArray | string[]; readonly shape: readonly number[] }[];
  readonly error?: unknown;
  readonly lent: readonly TypedArray[];
}

/** One session in the thread. */
class BindingSession implements ArraySession {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly endProfiling: (() => Promise<readonly EngineRun[]>) | undefined;
  readonly #thread: Thread;
  readonly #id: number;
  readonly #notes: ProfileNotes | undefined;

  constructor(
    thread: Thread,
    id: number,
    { notes, ...ports }: { inputs: readonly Port[]; outputs: readonly Port[]; notes: ProfileNotes | undefined },
  ) {
    this.inputs = ports.inputs;
    this.outputs = ports.outputs;
    this.#thread = thread;
    this.#id = id;
    this.#notes = notes;
    this.endProfiling =
      notes &&
      (async () => {
        await thread.call('endProfiling', { id });
        return notes.read();
      });
    forgotten.register(this, { thread, id, notes }, this);
  }

  async run(inputs: readonly ArrayInput[], outputs: readonly string[]): Promise<Record<string, Tensor>> {
    const transfer: ArrayBuffer[] = [];
    const sent = inputs.map(({ name, tensor: { dtype, shape, data }, giveBack }) => {
      if (Array.isArray(data)) return { name, dtype, shape, data, lent: false };
      // Sending a view would send all of the memory behind it, so feeds are copied; held tensors are moved there and back.
      const mine = giveBack ? data : copyOf(dtype, data);
      transfer.push(mine.buffer as ArrayBuffer);
      return { name, dtype, shape, data: mine, lent: giveBack !== undefined };
    });
    const { tensors, error, lent } = await this.#thread.call<Ran>('run', { id: this.#id, inputs: sent, outputs }, transfer);
    const lenders = inputs.filter(({ giveBack }) => giveBack);
    lent.forEach((data, i) => lenders[i]!.giveBack!(data));
    if (!tensors) throw error;
    const dtypeOf = new Map(this.outputs.map(({ name, dtype }): [string, DType] => [name, dtype]));
    return Object.fromEntries(
      tensors.map(({ data, shape }, i) => {
        const name = outputs[i]!;
        const dtype = dtypeOf.get(name)!;
        return [name, new Tensor(dtype, shape, ownData(dtype, data))];
      }),
    );
  }

  async release(): Promise<void> {
    forgotten.unregister(this);
    await this.#thread.call('release', { id: this.#id });
    this.#notes?.remove();
  }
}

interface Forgotten {
  readonly thread: Thread;
  readonly id: number;
  readonly notes: ProfileNotes | undefined;
}

const forgotten = new FinalizationRegistry<Forgotten>(({ thread, id, notes }) => {
  const released = thread.call('release', { id }).catch(() => {}); // the thread may have ended, and the session with it
  released.then(() => notes?.remove()).catch(() => {});
});

const profiling = ({ prefix }: ProfileNotes) => ({ enableProfiling: true, profileFilePrefix: prefix });

/** ONNX Runtime through the npm package's binding, which blocks the thread that calls it: so that is not the main one. */
export class BindingExecutor implements Executor {
  readonly device = 'cpu';
  readonly description: string;
  readonly channelBlocks = channelBlocks;
  readonly #threads: number;
  readonly #thread: Thread;
  readonly #door = new Door('The executor');

  /** Errors: those of the module loader where onnxruntime-node is missing. */
  constructor(threads: number) {
    const require = createRequire(import.meta.url);
    const { version } = require('onnxruntime-node/package.json') as { version: string };
    this.#threads = threads;
    silenceTelemetry();
    this.#thread = new Thread(program, { ort: require.resolve('onnxruntime-node') });
    this.description = `ONNX Runtime ${version} through its Node binding, ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
  }

  async compile(model: Uint8Array, options: CompileOptions = {}): Promise<Program> {
    this.#door.check();
    if (!(model instanceof Uint8Array))
      throw fail('bad-value', { what: 'compile()', got: typeof model, want: 'the bytes of a model as a Uint8Array' });
    return abortable('Compiling', options.signal, (stop) =>
      this.#door.pass(async () => {
        const bytes = new Uint8Array(model.length);
        await copyInPieces(bytes, model, nextTurn);
        stop.check();
        const notes = options.profile ? new ProfileNotes() : undefined;
        const argument = { model: bytes, options: { ...this.#sessionOptions(options), ...(notes && profiling(notes)) } };
        const created = await this.#thread.call<Created>('create', argument).catch((e: unknown) => {
          notes?.remove();
          throw engineError('reading the model', e);
        });
        try {
          stop.check();
          const session = new BindingSession(this.#thread, created.id, { ...portsOfModel(bytes, created), notes });
          stop.commit();
          return new ArrayProgram(session, this.#door);
        } catch (e) {
          await this.#thread.call('release', { id: created.id });
          notes?.remove();
          throw e;
        }
      }),
    );
  }

  #sessionOptions({ optimization = 'all', inARow = false }: CompileOptions): object {
    return {
      intraOpNumThreads: this.#threads,
      graphOptimizationLevel: optimization,
      logSeverityLevel: 4,
      extra: {
        // With 1, only some of the threads that share a run would treat denormals as zero (see capi/denormals.ts).
        session: { set_denormal_as_zero: '0' },
        ...spinning(inARow),
        optimization: { disable_specified_optimizers: 'EliminateDropout' },
      },
    };
  }

  async hold(tensors: Tensors): Promise<Held> {
    this.#door.check();
    return ArrayHeld.of(tensors, nextTurn);
  }

  async release(): Promise<void> {
    if (await this.#door.close()) await this.#thread.end();
  }
}
