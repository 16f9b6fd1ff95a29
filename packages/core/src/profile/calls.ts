import type { Node } from '../graph/index.ts';
import type { KernelCall } from '../runtime/index.ts';
import { finder } from './find-node.ts';
import { flopsAt } from './flops.ts';
import { fusedInto } from './fused.ts';
import type { Place, RecordedRun, Recording } from './recording.ts';

/** One call of a kernel, and what is known of it. Microseconds. */
export interface Call {
  readonly name: string;
  readonly op: string;
  readonly place: Place;
  /** From the beginning of the run. */
  readonly start: number;
  readonly duration: number;
  /** Without the kernels that it called. */
  readonly self: number;
  /** Operations; undefined where a size is not known. */
  readonly flops: number | undefined;
  readonly peakBytes: number | undefined;
}

interface Open {
  readonly kernel: KernelCall;
  readonly node: Node | undefined;
  readonly inside: readonly Open[];
}

const holdsGraphs = ({ op }: Node): boolean => Object.values(op.attrs).some(({ kind }) => kind === 'graph');

/** True if `kernel` called `other`, which ended before it. Starts are rounded: only a loop may have called what began when it did. */
function called({ kernel, node }: Open, { kernel: other }: Open): boolean {
  return node ? holdsGraphs(node) && other.start >= kernel.start : other.start > kernel.start;
}

function flopsOf(nodes: readonly Node[], sizes: RecordedRun['sizes']): number | undefined {
  const sum = nodes.reduce((total, node) => total + (flopsAt(node, sizes) ?? Number.NaN), 0);
  return Number.isNaN(sum) ? undefined : sum;
}

/** The calls of a run. Kernels within a loop that the engine has made itself belong to the layer of the loop. */
export function callsOf({ run, nodes, sizes }: RecordedRun, placeOf: Recording['placeOf']): Call[] {
  const find = finder(nodes);
  const fused = fusedInto(nodes, run.kernels, find);
  const roots: Open[] = [];
  for (const kernel of run.kernels) {
    const open: Open = { kernel, node: find(kernel.node), inside: [] };
    let from = roots.length;
    while (from > 0 && called(open, roots[from - 1]!)) from--;
    roots.push({ ...open, inside: roots.splice(from) });
  }
  const calls: Call[] = [];
  const add = ({ kernel, node, inside }: Open, around: Place): void => {
    const { node: name, op, start, duration, peakBytes } = kernel;
    const place = node && node.path !== '' ? placeOf(node.path) : around;
    const self = duration - inside.reduce((sum, { kernel: inner }) => sum + inner.duration, 0);
    const flops = node ? flopsOf([node, ...(fused.get(node) ?? [])], sizes) : 0;
    calls.push({ name, op, place, start: start - run.start, duration, self, flops, peakBytes });
    for (const inner of inside) add(inner, place);
  };
  for (const root of roots) add(root, { layer: '', phase: 'forward' });
  return calls;
}
