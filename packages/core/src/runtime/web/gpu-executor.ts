import { fail } from '../../errors.ts';
import { engineError } from '../engine-error.ts';
import type { CompileOptions, Executor, Held, Program, Tensors } from '../executor.ts';
import { abortable, Door, inTurn, Line } from '../line.ts';
import { portsOfModel } from '../model-ports.ts';
import { onWebGpu } from '../web-gpu-kernels.ts';
import { GpuHeld } from './gpu-held.ts';
import { type Gpu, loadGpu } from './gpu-load.ts';
import { GpuProgram } from './gpu-program.ts';

/** ONNX Runtime's build does one thing at a time, whoever asks. */
const engine = new Line();

class GpuExecutor implements Executor {
  readonly device = 'webgpu';
  readonly description: string;
  readonly runs = onWebGpu;
  readonly updatesRows = false;
  readonly #gpu: Gpu;
  readonly #door = new Door('The executor');

  constructor(gpu: Gpu) {
    this.#gpu = gpu;
    this.description = `ONNX Runtime ${gpu.ort.env.versions.web ?? ''} on the GPU with WebGPU`;
  }

  async compile(model: Uint8Array, { optimization = 'all', signal, profile = false }: CompileOptions = {}): Promise<Program> {
    this.#door.check();
    if (!(model instanceof Uint8Array))
      throw fail('bad-value', { what: 'compile()', got: typeof model, want: 'the bytes of a model as a Uint8Array' });
    if (profile)
      throw fail('bad-value', { what: 'profile', got: 'true', want: 'false on WebGPU in browsers', fix: 'Profile in Node.' });
    return abortable('Compiling', signal, (stop) =>
      this.#door.pass(() =>
        inTurn([engine], async () => {
          stop.check();
          const options = {
            executionProviders: ['webgpu'],
            graphOptimizationLevel: optimization,
            logSeverityLevel: 4 as const,
            // It removes dropout in training mode whenever nobody reads the mask.
            extra: { optimization: { disable_specified_optimizers: 'EliminateDropout' } },
          };
          const bytes = model.slice(); // needed again after a run that fails
          const open = () => this.#gpu.ort.InferenceSession.create(bytes, options);
          const session = await open().catch((e: unknown) => {
            throw engineError('reading the model', e);
          });
          try {
            stop.check();
            const ports = portsOfModel(model, { inputs: session.inputMetadata, outputs: session.outputMetadata });
            stop.commit();
            return new GpuProgram({ gpu: this.#gpu, session, open, ports, engine, executor: this.#door });
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
    return new GpuHeld(this.#gpu, engine, tensors);
  }

  async release(): Promise<void> {
    await this.#door.close();
  }
}

/** Makes an executor on the GPU. Errors: `no-device`, `engine`. */
export const createGpuExecutor = async (wasmPaths: string | undefined): Promise<Executor> =>
  new GpuExecutor(await loadGpu(wasmPaths));
