// Kernels as ONNX Runtime's own profiler sees them, through `compile(…, { profile: true })`; the profiler itself takes about a microsecond a node.
import type { Program } from '@stratus/core';
import type { Recorded } from './recorder.ts';
import { median } from './statistics.ts';

type KernelCall = Awaited<ReturnType<NonNullable<Program['endProfiling']>>>[number]['kernels'][number];

/** One node, and its median time. */
export interface Kernel {
  readonly node: string;
  readonly op: string;
  readonly us: number;
}

/** Microseconds in which some kernel ran. What a loop calls lies within the loop, and counts once. */
function together(kernels: readonly KernelCall[]): number {
  let [sum, until] = [0, 0];
  for (const { start, duration } of [...kernels].sort((a, b) => a.start - b.start)) {
    const end = start + duration;
    sum += Math.max(0, end - Math.max(start, until));
    until = Math.max(until, end);
  }
  return sum;
}

/**
 * Runs a recorded step again under the engine's profiler, with the same held tensors. Median microseconds of each node (of a node that a loop calls
 * often, of all its calls in a run), of a whole run (`step`), and of the time in which some kernel ran (`inside`).
 */
export async function kernels(
  { model, inPlace, executor, feeds, options }: Pick<Recorded, 'model' | 'executor' | 'feeds'> & Partial<Recorded>,
  { steps }: { readonly steps: number },
): Promise<{ readonly nodes: readonly Kernel[]; readonly step: number; readonly inside: number }> {
  const program = await executor.compile(model, { profile: true, inARow: true, inPlace }); // notes are of the first model
  for (let i = 0; i < steps + 1; i++) await program.run(feeds, options);
  const runs = (await program.endProfiling!()).slice(1); // the first run makes plans of memory
  await program.release();
  const byNode = new Map<string, { readonly node: string; readonly op: string; readonly times: number[] }>();
  for (const [i, run] of runs.entries())
    for (const { node, op, duration } of run.kernels) {
      const entry = byNode.get(node) ?? { node, op, times: new Array<number>(runs.length).fill(0) };
      entry.times[i]! += duration;
      byNode.set(node, entry);
    }
  const nodes = [...byNode.values()].map(({ node, op, times }) => ({ node, op, us: median(times) }));
  return {
    inside: median(runs.map((run) => together(run.kernels))),
    nodes: nodes.sort((a, b) => b.us - a.us),
    step: median(runs.map(({ duration }) => duration)),
  };
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
    nodes.slice(0, 25).map(({ node, op, us }): [string, number] => [`${op} ${node}`, us]),
    sum,
  );
}
