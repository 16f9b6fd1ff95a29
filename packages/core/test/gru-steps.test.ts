// The kernels of all steps of a GRU against what they are in ONNX ops, on every level of instructions: values and all gradients, in both forms of
// the reset gate, both directions, and sizes around those of vectors and tiles. That the formula is right, the cases of the op say.
import { describe, expect, it } from 'vitest';
import { grad } from '../src/grad/index.ts';
import { type Graph, graphInput, type Node, portable, toposort, type Value } from '../src/graph/index.ts';
import { exportGraph } from '../src/onnx/index.ts';
import * as ops from '../src/ops/index.ts';
import { createExecutor } from '../src/runtime/node/index.ts';
import { randomKey, type Shape, saltOf, Tensor, uniformAt } from '../src/tensor/index.ts';

const levels = ['base', 'avx2', 'avx512'] as const;
const executors = await Promise.all(
  levels.map((kernels, i) => createExecutor({ driver: 'capi', threads: 1 + (i % 2), kernels })),
);
const without = await createExecutor({ driver: 'capi', threads: 1, kernels: false });

const random = (name: string, shape: readonly number[], most = 1): Tensor => {
  const key = randomKey(saltOf(name));
  const size = shape.reduce((a, b) => a * b, 1);
  return new Tensor(
    'float32',
    shape,
    Float32Array.from({ length: size }, (_, i) => most * (2 * uniformAt(key, i) - 1)),
  );
};

interface Form {
  readonly units: number;
  readonly features: number;
  readonly resetAfter: boolean;
  readonly reverse: boolean;
  readonly bias: boolean;
}

/** All outputs, and the gradients of their products with numbers that are fed. */
function graphOf({ units, features, resetAfter, reverse, bias }: Form): Graph {
  const shapes: Record<string, Shape> = {
    x: ['steps', 'batch', features],
    w: [features, 3 * units],
    r: [units, 3 * units],
    h0: ['batch', units],
    ...(bias && { b: resetAfter ? [2, 3 * units] : [3 * units] }),
  };
  const ins = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, graphInput(name, shape)]));
  const { x, w, r, h0, b } = ins as { readonly [name: string]: Value };
  const { h, lastH } = ops.gruSteps(x!, w!, r!, { b, h0: h0!, resetAfter, reverse });
  const [all, last] = [graphInput('all', h.shape), graphInput('last', lastH.shape)];
  const loss = ops.add(ops.reduceSum(ops.mul(h, all)), ops.reduceSum(ops.mul(lastH, last)));
  const of = grad(loss, Object.values(ins));
  const slopes = Object.keys(ins).map((name, i) => [`d/${name}`, of[i]!] as const);
  return { name: 'gru', inputs: [...Object.values(ins), all, last], outputs: { h, lastH, ...Object.fromEntries(slopes) } };
}

const nodesOf = ({ outputs }: Graph): Node[] => toposort(Object.values(outputs));
const fedTo = ({ inputs }: Graph, sizes: Readonly<Record<string, number>>): Record<string, Tensor> =>
  Object.fromEntries(
    inputs.map(({ name, shape }) => {
      const known = shape.map((d) => (typeof d === 'number' ? d : sizes[d]!));
      return [name!, random(`${name} ${known}`, known, name === 'w' || name === 'r' ? 2 / Math.sqrt(known[0]!) : 1)];
    }),
  );

function far(a: Tensor, b: Tensor): number {
  expect(a.shape).toEqual(b.shape);
  const [p, q] = [a.data as Float32Array, b.data as Float32Array];
  const size = q.reduce((most, v) => Math.max(most, Math.abs(v)), 1);
  return p.reduce((most, v, i) => (Number.isNaN(v) ? Infinity : Math.max(most, Math.abs(v - q[i]!) / size)), 0);
}

const forms = [1, 7, 16, 33, 100].flatMap((units, i) =>
  [true, false].map(
    (resetAfter): Form => ({
      units,
      features: [5, 1, 16, 3, 20][i]!,
      resetAfter,
      reverse: (i % 2 === 0) === resetAfter,
      bias: i !== 1,
    }),
  ),
);

describe('all steps of a GRU in one kernel', () => {
  it.each(forms)('$units units, reset after: $resetAfter, reverse: $reverse, bias: $bias', async (form) => {
    const graph = graphOf(form);
    const expanded = await without.compile(exportGraph(graph, { runs: portable }));
    const programs = await Promise.all(executors.map((on) => on.compile(exportGraph(graph, { runs: on.runs! }))));
    for (const on of executors)
      expect(
        nodesOf(graph)
          .filter(({ op }) => op.domain)
          .every(on.runs!),
      ).toBe(true);
    expect(nodesOf(graph).map(({ op }) => op.type)).toEqual(expect.arrayContaining(['GruSteps', 'GruStepsGradient']));
    for (const [batch, steps] of [
      [1, 4],
      [5, 1],
      [16, 3],
      [17, 6],
      [40, 2],
    ] as const) {
      // biome-ignore format: one list
      const feeds = fedTo(graph, { batch, steps });
      const want = await expanded.run(feeds);
      for (const [i, program] of programs.entries()) {
        const got = await program.run(feeds);
        expect(Object.keys(got)).toEqual(Object.keys(want));
        for (const [name, value] of Object.entries(want))
          expect(far(got[name]!, value), `${name}, batch ${batch}, ${levels[i]}`).toBeLessThan(3e-6);
      }
    }
    await Promise.all([expanded, ...programs].map((program) => program.release()));
  });

  it('gives what is asked for alone: a state, or the gradient of a state', async () => {
    for (const resetAfter of [true, false]) {
      const graph = graphOf({ units: 20, features: 3, resetAfter, reverse: false, bias: true });
      const feeds = fedTo(graph, { batch: 18, steps: 4 });
      const want = await runOn(without, graph, feeds);
      for (const name of ['lastH', 'd/h0', 'd/x', 'd/r']) {
        const one = { ...graph, outputs: { [name]: graph.outputs[name]! } };
        for (const on of executors) expect(far((await runOn(on, one, feeds))[name]!, want[name]!), name).toBeLessThan(3e-6);
      }
    }
  });

  it('gives nothing for a batch of nothing', async () => {
    const graph = graphOf({ units: 3, features: 2, resetAfter: true, reverse: false, bias: true });
    const got = await runOn(executors.at(-1)!, graph, fedTo(graph, { batch: 0, steps: 2 }));
    expect(got['h']!.shape).toEqual([2, 0, 3]);
    expect(Array.from(got['d/r']!.data as Float32Array)).toEqual(new Array(27).fill(0));
  });

  it('refuses what does not fit, and a sequence without steps', async () => {
    const x = graphInput('x', ['steps', 'batch', 4]);
    const [w, r, h0, b] = [[4, 9], [3, 9], ['rows', 3], [2, 9]].map((shape, i) => graphInput(`in${i}`, shape)); // biome-ignore format: one list
    const mismatch = expect.objectContaining({ code: 'shape-mismatch' });
    const options = { h0: h0!, b: b! };
    expect(() => ops.gruSteps(x, graphInput('w', [5, 9]), r!, options)).toThrow(mismatch);
    expect(() => ops.gruSteps(x, w!, r!, { h0: h0!, b: graphInput('b', [9]) })).toThrow(mismatch);
    expect(() => ops.gruSteps(x, w!, r!, { ...options, resetAfter: false })).toThrow(mismatch);
    const { h } = ops.gruSteps(x, w!, r!, options);
    const graph: Graph = { name: 'wrong', inputs: [x, w!, r!, h0!, b!], outputs: { h } };
    for (const on of executors) {
      await expect(runOn(on, graph, fedTo(graph, { steps: 2, batch: 3, rows: 4 }))).rejects.toThrow('h0 [batch, units]');
      await expect(runOn(on, graph, fedTo(graph, { steps: 0, batch: 3, rows: 3 }))).rejects.toThrow('at least one step');
    }
  });
});

async function runOn(on: typeof without, graph: Graph, feeds: Record<string, Tensor>): Promise<Record<string, Tensor>> {
  const program = await on.compile(exportGraph(graph, { runs: on.runs! }));
  try {
    return await program.run(feeds);
  } finally {
    await program.release();
  }
}
