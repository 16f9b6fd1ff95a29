// Kernels as ONNX Runtime's own profiler sees them; the profiler itself takes about a microsecond a node.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { denormalsOf } from '../../packages/core/src/runtime/node/capi/denormals.ts';
import { ort } from './ort.ts';
import type { Recorded } from './recorder.ts';
import { median } from './statistics.ts';

/** Sets the mode of this thread: the option of a session sets that of its pool only, unless it is the first of the process. */
function denormalsAreZero(): void {
  const koffi = createRequire(join(import.meta.dirname, '../../packages/core/package.json'))('koffi') as Parameters<
    typeof denormalsOf
  >[0];
  const denormals = denormalsOf(koffi);
  if (denormals) koffi.decode(denormals.setter, koffi.proto('int', ['uintptr_t']))(denormals.asZero);
}

/** One node, and its median time. */
export interface Kernel {
  readonly node: string;
  readonly op: string;
  readonly shape: string;
  readonly us: number;
}

/** The settings of our executor's sessions, for onnxruntime-node. */
export const sessionOptions = (threads: number) => ({
  intraOpNumThreads: threads,
  graphOptimizationLevel: 'all',
  logSeverityLevel: 3,
  extra: {
    session: { set_denormal_as_zero: '1', force_spinning_stop: '1' },
    optimization: { disable_specified_optimizers: 'EliminateDropout' },
  },
});

/**
 * Median time of each node over many steps, with the settings that our executor uses, of a whole run (`step`), and of all kernels of a run
 * together (`inside`), in microseconds.
 */
export async function kernels(
  { model, feeds }: Recorded,
  { threads, steps }: { readonly threads: number; readonly steps: number },
): Promise<{ readonly nodes: readonly Kernel[]; readonly step: number; readonly inside: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'stratus-profile-'));
  const session = await ort.InferenceSession.create(model, {
    ...sessionOptions(threads),
    enableProfiling: true,
    profileFilePrefix: join(folder, 'step'),
  });
  const given: Record<string, unknown> = {};
  for (const { name, type, shape } of session.inputMetadata) {
    const fed = feeds[name];
    const dims = fed?.shape ?? shape.map(Number);
    const data = fed?.data ?? Float32Array.from({ length: dims.reduce((n, d) => n * d, 1) }, (_, i) => 0.05 * Math.sin(i));
    given[name] = new ort.Tensor(type, data, dims);
  }
  denormalsAreZero(); // as around each call of our own; from here on also in this script
  for (let i = 0; i < steps; i++) await session.run(given);
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
  // Sums of whole runs: what disturbs some kernels of each run is in no node's median. Nodes inside of loops would count twice.
  const times = [...byNode.values()].map((entry) => entry.times);
  const sums = Array.from({ length: steps }, (_, run) => times.reduce((sum, each) => sum + (each[run] ?? 0), 0));
  return { inside: median(sums.slice(1)), nodes: nodes.sort((a, b) => b.us - a.us), step };
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

/** Prints lines of a name and microseconds, with their share of the total. */
export function table(title: string, rows: readonly (readonly [string, number])[], total: number): void {
  console.log(`\n${title}`);
  for (const [name, us] of rows)
    console.log(`${us.toFixed(1).padStart(8)} us ${((100 * us) / total).toFixed(1).padStart(5)} %  ${name}`);
}

function sums(nodes: readonly Kernel[], key: (kernel: Kernel) => string): [string, number][] {
  const by = new Map<string, number>();
  for (const kernel of nodes) by.set(key(kernel), (by.get(key(kernel)) ?? 0) + kernel.us);
  return [...by].sort((a, b) => b[1] - a[1]);
}

/** Prints where the time of one run goes: by part, by op, and the longest nodes. */
export function printKernels({ nodes, step }: Awaited<ReturnType<typeof kernels>>): void {
  const sum = nodes.reduce((total, { us }) => total + us, 0);
  console.log(
    `\nKernels under ONNX Runtime's profiler, which itself takes about a microsecond a node: ${nodes.length} nodes, ${sum.toFixed(0)} us together, ${step.toFixed(0)} us a run`,
  );
  table(
    'By part',
    sums(nodes, ({ node }) => part(node)),
    sum,
  );
  table(
    'By op',
    sums(nodes, ({ op }) => op),
    sum,
  );
  table(
    'By node',
    nodes.slice(0, 25).map(({ node, op, shape, us }): [string, number] => [`${op} ${node} ${shape}`, us]),
    sum,
  );
}
