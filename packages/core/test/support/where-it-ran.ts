// Where each node ran: programs are run once more by the npm package's binding, which writes profiles.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Executor, Program, RunOptions, Tensors } from '../../src/runtime/executor.ts';
import { sizeOf, type Tensor } from '../../src/tensor/index.ts';

const ort = createRequire(import.meta.url)('onnxruntime-node') as typeof import('onnxruntime-node');

/** One run of one node. */
export interface NodeRun {
  readonly name: string;
  readonly op: string;
  /** 'WebGpu', 'CPU'. */
  readonly provider: string;
  /** How many elements its largest tensor has. */
  readonly largest: number;
}

interface ProfileEvent {
  readonly cat: string;
  readonly name: string;
  readonly args?: {
    readonly op_name?: string;
    readonly provider?: string;
    readonly input_type_shape?: readonly Readonly<Record<string, readonly number[]>>[];
    readonly output_type_shape?: readonly Readonly<Record<string, readonly number[]>>[];
  };
}

/** Runs a model on WebGPU and tells where its nodes ran. */
export async function whereItRan(model: Uint8Array, feeds: Tensors): Promise<NodeRun[]> {
  const folder = mkdtempSync(join(tmpdir(), 'stratus-profile-'));
  try {
    const session = await ort.InferenceSession.create(model, {
      executionProviders: ['webgpu'],
      logSeverityLevel: 4,
      enableProfiling: true,
      profileFilePrefix: join(folder, 'run'),
      extra: {
        optimization: { disable_specified_optimizers: 'EliminateDropout' },
        ep: { webgpuexecutionprovider: { enableRobustness: '1' } },
      },
    });
    const tensorOf = ({ dtype, data, shape }: Tensor) => new ort.Tensor(dtype as 'float32', data as Float32Array, shape);
    const wanted = session.inputNames.map((name) => [name, tensorOf(feeds[name]!)] as const);
    await session.run(Object.fromEntries(wanted));
    session.endProfiling();
    await session.release();
    return readdirSync(folder).flatMap((file) =>
      nodeRuns(JSON.parse(readFileSync(join(folder, file), 'utf8')) as ProfileEvent[]),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const nodeRuns = (events: readonly ProfileEvent[]): NodeRun[] =>
  events.flatMap(({ cat, name, args }) => {
    if (cat !== 'Node' || !args?.provider || !args.op_name) return [];
    const sizes = [...(args.input_type_shape ?? []), ...(args.output_type_shape ?? [])].flatMap((t) =>
      Object.values(t).map(sizeOf),
    );
    const provider = args.provider.replace('ExecutionProvider', '');
    return [{ name: name.replace(/_kernel_time$/, ''), op: args.op_name, provider, largest: Math.max(0, ...sizes) }];
  });

/** An executor that notes every program with what it was first run on. */
export function watched(executor: Executor): {
  readonly executor: Executor;
  readonly programs: { model: Uint8Array; feeds: Tensors }[];
} {
  const programs: { model: Uint8Array; feeds: Tensors }[] = [];
  const watchedExecutor: Executor = {
    device: executor.device,
    description: executor.description,
    ...(executor.runs && { runs: executor.runs }),
    hold: (tensors) => executor.hold(tensors),
    release: () => executor.release(),
    async compile(model, options): Promise<Program> {
      const program = await executor.compile(model, options);
      let known = false;
      return {
        inputs: program.inputs,
        outputs: program.outputs,
        release: () => program.release(),
        async run(feeds: Tensors, how: RunOptions = {}) {
          if (!known) {
            known = true;
            programs.push({ model, feeds: { ...(await how.held?.read()), ...feeds } });
          }
          return program.run(feeds, how);
        },
      };
    },
  };
  return { executor: watchedExecutor, programs };
}
