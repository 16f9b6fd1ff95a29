// Where the time of a training step goes: `node --import ./tools/typescript-loader.mjs bench/profile-mlp.ts [threads] [shuffle]`, built.
// Kernels as ONNX Runtime's own profiler sees them, and what lies around them as four clocks see it, from the outside in.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Callback, createExecutor, tensor } from '@stratus/core';
import { loadLibrary } from '../packages/core/dist/runtime/node/capi/library.js';
import { batchSize, mlp, sizes } from './shared/mlp.ts';
import { type Recorded, recorder } from './shared/recorder.ts';
import { median } from './shared/statistics.ts';

const threads = Number(process.argv[2] ?? 1);
const shuffle = process.argv[3] === 'shuffle';
const rounds = 15;
const steps = 128;

/** The C call alone is timed from within: the property shadows the class' own. */
async function timeNative(): Promise<{ take(): number }> {
  const library = await loadLibrary();
  const { run } = library;
  let spent = 0;
  Object.defineProperty(library, 'run', {
    value: (...args: Parameters<typeof run>) => {
      const start = performance.now();
      const status = run(...args);
      spent += performance.now() - start;
      return status;
    },
  });
  return {
    take() {
      const taken = spent;
      spent = 0;
      return taken;
    },
  };
}

interface Ort {
  readonly Tensor: new (dtype: string, data: unknown, shape: readonly number[]) => unknown;
  readonly InferenceSession: {
    create(
      model: Uint8Array,
      options: object,
    ): Promise<{
      readonly inputMetadata: readonly {
        readonly name: string;
        readonly type: string;
        readonly shape: readonly (number | string)[];
      }[];
      run(feeds: object): Promise<unknown>;
      endProfiling(): void;
    }>;
  };
}

interface Kernel {
  readonly node: string;
  readonly op: string;
  readonly shape: string;
  readonly us: number;
}

/** Median time of each node over many steps, with the settings that our executor uses. */
async function kernels({ model, feeds }: Recorded): Promise<{ readonly nodes: readonly Kernel[]; readonly step: number }> {
  const ort = createRequire(join(import.meta.dirname, '../packages/core/package.json'))('onnxruntime-node') as Ort;
  const folder = mkdtempSync(join(tmpdir(), 'stratus-profile-'));
  const session = await ort.InferenceSession.create(model, {
    intraOpNumThreads: threads,
    graphOptimizationLevel: 'all',
    enableProfiling: true,
    profileFilePrefix: join(folder, 'step'),
    logSeverityLevel: 3,
    extra: {
      session: { set_denormal_as_zero: '1', force_spinning_stop: '1' },
      optimization: { disable_specified_optimizers: 'EliminateDropout' },
    },
  });
  const given: Record<string, unknown> = {};
  for (const { name, type, shape } of session.inputMetadata) {
    const fed = feeds[name];
    const dims = fed?.shape ?? shape.map(Number);
    const data = fed?.data ?? Float32Array.from({ length: dims.reduce((n, d) => n * d, 1) }, (_, i) => 0.05 * Math.sin(i));
    given[name] = new ort.Tensor(type, data, dims);
  }
  for (let i = 0; i < 500; i++) await session.run(given);
  session.endProfiling();
  const [file] = readdirSync(folder);
  const events = JSON.parse(readFileSync(join(folder, file!), 'utf8')) as {
    cat: string;
    name: string;
    dur: number;
    args?: { op_name?: string; output_type_shape?: Record<string, number[]>[] };
  }[];
  rmSync(folder, { recursive: true });
  const byNode = new Map<string, { op: string; shape: string; times: number[] }>();
  for (const { cat, name, dur, args } of events) {
    if (cat !== 'Node' || !name.endsWith('_kernel_time')) continue;
    const node = name.slice(0, -'_kernel_time'.length);
    const entry = byNode.get(node) ?? {
      op: args?.op_name ?? '',
      shape: JSON.stringify(args?.output_type_shape?.map((x) => Object.values(x)[0])),
      times: [],
    };
    entry.times.push(dur);
    byNode.set(node, entry);
  }
  const nodes = [...byNode].map(([node, { op, shape, times }]) => ({ node, op, shape, us: median(times) }));
  const step = median(events.filter(({ name }) => name === 'model_run').map(({ dur }) => dur));
  return { nodes: nodes.sort((a, b) => b.us - a.us), step };
}

const part = (node: string): string =>
  node.includes('update/')
    ? 'update'
    : node.includes('.bwd')
      ? node.includes('loss/')
        ? 'loss, backward'
        : 'backward'
      : node.includes('loss/')
        ? 'loss'
        : 'forward';

function table(title: string, rows: readonly (readonly [string, number])[], total: number): void {
  console.log(`\n${title}`);
  for (const [name, us] of rows)
    console.log(`${us.toFixed(1).padStart(8)} us ${((100 * us) / total).toFixed(1).padStart(5)} %  ${name}`);
}

function sums(nodes: readonly Kernel[], key: (kernel: Kernel) => string): [string, number][] {
  const by = new Map<string, number>();
  for (const kernel of nodes) by.set(key(kernel), (by.get(key(kernel)) ?? 0) + kernel.us);
  return [...by].sort((a, b) => b[1] - a[1]);
}

const native = await timeNative();
const record = recorder(await createExecutor({ threads, driver: 'capi' }));
const model = mlp({ executor: record.executor });
const [features, , , classes] = sizes;
const x = tensor(
  Float32Array.from({ length: steps * batchSize * features }, (_, i) => Math.abs(Math.sin(i))),
  { shape: [steps * batchSize, features] },
);
const y = tensor(Int32Array.from({ length: steps * batchSize }, (_, i) => (i * 7) % classes));

/** Microseconds a step, by round. */
const clocks = { fit: [] as number[], fitNative: [] as number[], step: [] as number[], stepNative: [] as number[] };
for (let round = -2; round < rounds; round++) {
  native.take();
  let [start, end] = [0, 0];
  const clock: Callback = {
    onTrainBegin: () => void (start = performance.now()),
    onTrainEnd: () => void (end = performance.now()),
  };
  await model.fit(x, y, { batchSize, shuffle, callbacks: [clock], verbose: 0 });
  const fit = [end - start, native.take()] as const;
  const { program, feeds, options } = record.last();
  start = performance.now();
  for (let i = 0; i < steps; i++) await program.run(feeds, options);
  const step = [performance.now() - start, native.take()] as const;
  if (round < 0) continue;
  for (const [name, ms] of [
    ['fit', fit[0]],
    ['fitNative', fit[1]],
    ['step', step[0]],
    ['stepNative', step[1]],
  ] as const)
    clocks[name].push((1000 * ms) / steps);
}
const [fit, fitNative, step, stepNative] = [clocks.fit, clocks.fitNative, clocks.step, clocks.stepNative].map(median) as [
  number,
  number,
  number,
  number,
];
console.log(
  `${threads} thread${threads === 1 ? '' : 's'}; ${rounds} rounds of ${steps} steps; ${record.last().program.inputs.length} inputs, ${record.last().program.outputs.length} outputs`,
);
table(
  'Clocks, from the outside in',
  [
    ['fit', fit],
    ['of which in ONNX Runtime: new data for each step', fitNative],
    ['the step alone (program.run): the same batch again', step],
    ['of which in ONNX Runtime', stepNative],
    ['host: fit less ONNX Runtime', fit - fitNative],
    ['host: the step alone less ONNX Runtime', step - stepNative],
  ],
  fit,
);
const profile = await kernels(record.last());
const sum = profile.nodes.reduce((total, { us }) => total + us, 0);
console.log(
  `\nKernels under ONNX Runtime's profiler, which itself takes about a microsecond a node: ${profile.nodes.length} nodes, ${sum.toFixed(0)} us together, ${profile.step.toFixed(0)} us a run`,
);
table(
  'By part',
  sums(profile.nodes, ({ node }) => part(node)),
  sum,
);
table(
  'By op',
  sums(profile.nodes, ({ op }) => op),
  sum,
);
table(
  'By node',
  profile.nodes.slice(0, 25).map(({ node, op, shape, us }): [string, number] => [`${op} ${node} ${shape}`, us]),
  sum,
);
await model.release();
process.exit(0);
