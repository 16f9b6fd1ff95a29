// What an op says it is in other ops is what it calculates.
import { describe, expect, it } from 'vitest';
import { expandGraph, type Node, type Op, ownDomain, toposort } from '../src/graph/index.ts';
import { onWebGpu } from '../src/runtime/web-gpu-kernels.ts';
import type { Tensor } from '../src/tensor/index.ts';
import { buildRow } from './support/build-row.ts';
import { emitters, rows } from './support/op-rows.ts';
import { runGraph } from './support/run-graph.ts';

const numbers = (t: Tensor): number[] => Array.from(t.data as ArrayLike<number | bigint>, Number);

/** Without kernels for any of these, what is there is in other ops. */
const without =
  (ops: ReadonlySet<Op>) =>
  (node: Node): boolean =>
    !ops.has(node.op) && node.op.domain !== ownDomain;

const expandable = new Set(emitters.flatMap(([, op]) => (op.expand && op.domain !== ownDomain ? [op] : [])));

describe('an op without a kernel', () => {
  const seen = new Set<Op>();
  const withOne = rows.filter((row) => {
    const { graph } = buildRow(row, { dtype: 'float32', gradient: false });
    const here = toposort(Object.values(graph.outputs)).filter(({ op }) => expandable.has(op));
    return here.length > 0;
  });

  it.each(withOne)('$id comes out the same in other ops', async (row) => {
    const { graph, feeds } = buildRow(row, { dtype: 'float32' });
    const nodes = toposort(Object.values(graph.outputs));
    // Also what WebGPU would make of it, in ops that the CPU has.
    for (const runs of [onWebGpu, without(new Set(nodes.map(({ op }) => op).filter((op) => expandable.has(op))))]) {
      const expanded = expandGraph(graph, runs);
      if (expanded === graph) continue;
      for (const { op, ins, attrs } of nodes) if (op.expand?.(ins, attrs, runs)) seen.add(op);
      const want = await runGraph(graph, feeds);
      const got = await runGraph(expanded, feeds);
      for (const [name, t] of Object.entries(want)) {
        const [a, b] = [numbers(t), numbers(got[name]!)];
        expect(got[name]!.shape).toEqual(t.shape);
        expect(got[name]!.dtype).toBe(t.dtype);
        const scale = 1 + Math.max(0, ...a.filter(Number.isFinite).map(Math.abs));
        const wrong = a.findIndex((v, i) => !Object.is(v, b[i]) && v !== b[i] && !(Math.abs(v - b[i]!) <= 1e-5 * scale));
        expect(wrong < 0 ? '' : `${name}[${wrong}]: ${b[wrong]} for ${a[wrong]}`).toBe('');
      }
    }
  });

  it('is tried for every op that says what it is', () => {
    const untried = emitters.flatMap(([name, op]) => (expandable.has(op) && !seen.has(op) ? [name] : []));
    expect(untried).toEqual([]);
  });
});
