import * as ort from 'onnxruntime-web/wasm';
import { fail } from '../../errors.ts';
import { lookUp } from '../../suggest.ts';
import { Tensor, type TypedArray } from '../../tensor/index.ts';
import { ArrayHeld } from '../array-held.ts';
import { type ArrayInput, ArrayProgram, type ArraySession, ownData } from '../array-program.ts';
import { engineError } from '../engine-error.ts';
import type { CompileOptions, Executor, ExecutorOptions, Held, Port, Program, Tensors } from '../executor.ts';
import { abortable, Door, inTurn, Line } from '../line.ts';
import { portsOfModel } from '../model-ports.ts';
import { createGpuExecutor } from './gpu-executor.ts';
import { loadEngine } from './load.ts';
import { nextTurn, turns } from './next-turn.ts';

export { nextTurn } from './next-turn.ts';
/** WebCrypto does it in a thread of its own. */
export const sha256InPieces = undefined;
/** Pages are not told. */
export const peakMemory = undefined;
/** Browsers do so by themselves. */
export const trimMemory = async (): Promise<boolean> => false;

/** ONNX Runtime's WASM build does one thing at a time, whoever asks. */
const line = new Line();

/** One session of the WASM build. */
class WebSession implements ArraySession {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly #session: ort.InferenceSession;

  constructor(session: ort.InferenceSession, ports: { readonly inputs: readonly Port[]; readonly outputs: readonly Port[] }) {
    this.inputs = ports.inputs;
    this.outputs = ports.outputs;
    this.#session = session;
    forgotten.register(this, session, this);
  }

  run(inputs: readonly ArrayInput[], outputs: readonly string[]): Promise<Record<string, Tensor>> {
    const feeds: Record<string, ort.Tensor> = {};
    for (const { name, tensor } of inputs) {
      const { dtype, shape, data } = tensor;
      feeds[name] = new ort.Tensor(dtype, data as ort.Tensor.DataTypeMap[typeof dtype], shape);
    }
    return inTurn([line], async () => {
      if (turns.due) await nextTurn();
      turns.busy();
      const results = await this.#session.run(feeds, outputs, { logSeverityLevel: 4 }); // what goes wrong is thrown
      return Object.fromEntries(
        outputs.map((name) => {
          const { type, dims, data } = results[name]!;
          const dtype = type as Port['dtype'];
          return [name, new Tensor(dtype, dims, ownData(dtype, data as TypedArray))];
        }),
      );
    });
  }

  async release(): Promise<void> {
    forgotten.unregister(this);
    await inTurn([line], () => this.#session.release());
  }
}

const forgotten = new FinalizationRegistry<ort.InferenceSession>((session) => {
  inTurn([line], () => session.release()).catch(() => {}); // it may have gone with the whole engine
});

class WebExecutor implements Executor {
  readonly device = 'wasm';
  readonly description: string;
  readonly #door = new Door('The executor');

  constructor(threads: number) {
    this.description = `ONNX Runtime ${ort.env.versions.web ?? ''} in WebAssembly, ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
  }

  async compile(model: Uint8Array, { optimization = 'all', signal, profile = false }: CompileOptions = {}): Promise<Program> {
    this.#door.check();
    if (!(model instanceof Uint8Array))
      throw fail('bad-value', { what: 'compile()', got: typeof model, want: 'the bytes of a model as a Uint8Array' });
    if (profile)
      throw fail('bad-value', {
        what: 'profile',
        got: 'ONNX Runtime in WebAssembly, which keeps its notes to itself',
        want: 'an executor of Node',
        fix: 'Profile the same script in Node; in the browser its developer tools show where the time goes.',
      });
    return abortable('Compiling', signal, (stop) =>
      this.#door.pass(() =>
        inTurn([line], async () => {
          stop.check();
          const options = {
            graphOptimizationLevel: optimization,
            logSeverityLevel: 4 as const,
            // It removes dropout in training mode whenever nobody reads the mask.
            extra: { optimization: { disable_specified_optimizers: 'EliminateDropout' } },
          };
          const session = await ort.InferenceSession.create(model, options).catch((e: unknown) => {
            throw engineError('reading the model', e);
          });
          try {
            stop.check();
            const ports = portsOfModel(model, { inputs: session.inputMetadata, outputs: session.outputMetadata });
            stop.commit();
            return new ArrayProgram(new WebSession(session, ports), this.#door);
          } catch (e) {
            await session.release();
            throw e;
          }
        }),
      ),
    );
  }

  async hold(tensors: Tensors): Promise<Held> {
    this.#door.check();
    return ArrayHeld.of(tensors, nextTurn);
  }

  async release(): Promise<void> {
    await this.#door.close();
  }
}

/**
 * Makes an executor: with device 'webgpu' on the GPU, else on ONNX Runtime's WebAssembly build, which is loaded once: number of threads and place of the .wasm file are
 * those of the first executor. It works in the thread that calls: the page has a turn at least between runs; where single runs are
 * too long for a page, use Stratus in a web worker. More than one thread needs a page that is cross-origin isolated.
 * Errors: `bad-value`, `engine`, `no-device` when the page has no GPU.
 */
export async function createExecutor({ device = 'cpu', threads, wasmPaths }: ExecutorOptions = {}): Promise<Executor> {
  if (lookUp('device', { cpu: false, webgpu: true }, device)) return createGpuExecutor(wasmPaths);
  const loaded = await loadEngine({ threads, wasmPaths });
  return new WebExecutor(loaded.threads);
}
