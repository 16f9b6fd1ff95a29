import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expandGraph, type Graph, graphInput, type Node, portable, toposort, type Value } from '../src/graph/index.ts';
import { exportGraph } from '../src/onnx/index.ts';
import * as ops from '../src/ops/index.ts';
import { fuseElementwise } from '../src/passes/index.ts';
import { createExecutor } from '../src/runtime/node/index.ts';
import { type Dim, randomKey, Tensor, uniformAt } from '../src/tensor/index.ts';

const executor = await createExecutor({ driver: 'capi', threads: 2 });
const levels = await Promise.all(
  (['base', 'avx2', 'avx512'] as const).map((kernels) => createExecutor({ driver: 'capi', threads: 1, kernels })),
);
const { runs } = executor;
const nodesOf = (graph: Graph): Node[] => toposort(Object.values(graph.outputs));
const count = (graph: Graph): number => nodesOf(graph).length;

const unary = [
  ops.neg, ops.abs, ops.sqrt, ops.exp, ops.tanh, ops.sigmoid, ops.relu, ops.erf, ops.sign, ops.reciprocal,
  (x: Value) => ops.cast(ops.greater(x, 0.5), 'float32'),
  (x: Value) => ops.where(ops.not(ops.lessOrEqual(x, 0)), x, ops.mul(x, 0.1)),
  (x: Value) => ops.cast(ops.and(ops.less(x, 1), ops.greaterOrEqual(x, -1)), 'float32'),
  (x: Value) => ops.cast(ops.or(ops.equal(x, 0), ops.greater(x, 1)), 'float32'),
]; // biome-ignore format: one list
const binary = [ops.add, ops.sub, ops.mul, ops.div, ops.max, ops.min];

/** Sums of steps that name what they take by number, of what is there so far. */
const steps = fc.array(fc.record({ what: fc.nat(), a: fc.nat(), b: fc.nat() }), { minLength: 1, maxLength: 30 });
const shapes = fc.constantFrom<readonly (readonly number[])[]>(
  [[7], [1], [7]],
  [[3, 1, 5], [4, 1], [5]],
  [[2, 3, 4], [], [3, 1]],
  [[1037], [1037], []],
  [[40, 700], [700], [40, 1]],
  [
    [2, 3, 1, 5],
    [1, 4, 1],
    [2, 1, 4, 5],
  ],
);

function drawn(sizes: readonly (readonly number[])[], program: readonly { what: number; a: number; b: number }[]) {
  const inputs = sizes.map((shape, i) => graphInput(`x${i}`, shape));
  const values: Value[] = [...inputs];
  for (const { what, a, b } of program) {
    const all = [...unary, ...binary];
    const build = all[what % all.length]!;
    const [p, q] = [values[a % values.length]!, values[b % values.length]!];
    values.push(
      unary.includes(build as never) ? (build as (x: Value) => Value)(p) : (build as (x: Value, y: Value) => Value)(p, q),
    );
  }
  const outputs = Object.fromEntries(
    values
      .slice(inputs.length)
      .map((v, i) => [`y${i}`, v] as const)
      .filter((_, i) => i % 3 === 0 || i === values.length - inputs.length - 1),
  );
  const graph: Graph = { name: 'drawn', inputs, outputs };
  const feeds = Object.fromEntries(
    sizes.map((shape, i) => {
      const size = shape.reduce((n, d) => n * d, 1);
      return [
        `x${i}`,
        new Tensor(
          'float32',
          [...shape],
          Float32Array.from({ length: size }, (_, k) => 4 * uniformAt(randomKey(i), k) - 2),
        ),
      ];
    }),
  );
  return { graph, feeds };
}

async function run(graph: Graph, feeds: Record<string, Tensor>, on = executor): Promise<Record<string, Tensor>> {
  const program = await on.compile(exportGraph(graph, { runs: on.runs }), { optimization: 'disabled' });
  try {
    return await program.run(feeds);
  } finally {
    await program.release();
  }
}

/** Functions differ by a few units of the last place; what comes of them may differ by more where numbers cancel or lie at a step. */
function expectClose(got: Record<string, Tensor>, want: Record<string, Tensor>): void {
  for (const [name, { data, shape }] of Object.entries(want)) {
    expect(got[name]!.shape).toEqual(shape);
    const [a, b] = [got[name]!.data as Float32Array, data as Float32Array];
    const far = a.findIndex((x, i) => !(Object.is(x, b[i]) || x === b[i] || Math.abs(x - b[i]!) <= 1e-5 * (1 + Math.abs(b[i]!))));
    if (far >= 0) expect(`${name}[${far}] = ${a[far]}`).toBe(`${b[far]}`);
  }
}

describe('fusing elementwise ops', () => {
  it('gives the same numbers, for any expression and any shapes that broadcast', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(shapes, steps, async (sizes, program) => {
        const { graph, feeds } = drawn(
          sizes,
          program.filter(({ what }) => what % 20 !== 2 && what % 20 !== 3 && what % 20 !== 9),
        );
        if (Object.keys(graph.outputs).length === 0) return;
        const fused = fuseElementwise(graph, runs!);
        const want = await run(graph, feeds);
        expectClose(await run(fused, feeds), want);
        expectClose(await run(expandGraph(fused, portable), feeds), want);
      }),
      { seed: 7, numRuns: 60 },
    );
  });

  it('does each kind as ONNX Runtime does, on every level of instructions, edges included', async () => {
    const edges = [0, -0, 1, -1, 0.5, 1e-30, 1e30, -1e30, 88, 89, -87, -104, Infinity, -Infinity, Number.NaN, 3.4e38];
    const x = new Tensor('float32', [edges.length, 1], Float32Array.from(edges));
    const y = new Tensor('float32', [edges.length], Float32Array.from(edges));
    const [a, b] = [graphInput('a', x.shape), graphInput('b', y.shape)];
    const both = ops.add(a, ops.mul(b, 0));
    const outputs: Record<string, Value> = {};
    for (const [i, build] of unary.entries()) outputs[`u${i}`] = ops.mul(build(ops.add(a, ops.mul(b, 0))), 1);
    for (const [i, build] of binary.entries()) outputs[`b${i}`] = ops.mul(build(a, b), 1);
    outputs['both'] = both;
    const graph: Graph = { name: 'edges', inputs: [a, b], outputs };
    const fused = fuseElementwise(graph, runs!);
    expect(nodesOf(fused).some(({ op }) => op.type === 'Elementwise')).toBe(true);
    const want = await run(graph, { a: x, b: y });
    for (const level of levels) expectClose(await run(fused, { a: x, b: y }, level), want);
  });

  it('makes one node of an optimizer update', () => {
    const [p, m, v, g] = ['p', 'm', 'v', 'g'].map((name) => graphInput(name, [100, 7]));
    const rate = graphInput('rate', []);
    const momentum = ops.add(ops.mul(m!, 0.9), g!);
    const velocity = ops.add(ops.mul(v!, 0.999), ops.mul(g!, g!));
    const next = ops.sub(p!, ops.mul(ops.div(momentum, ops.add(ops.sqrt(velocity), 1e-8)), rate));
    const graph: Graph = { name: 'adam', inputs: [p!, m!, v!, g!, rate], outputs: { next, momentum, velocity } };
    expect(count(graph)).toBe(10);
    expect(count(fuseElementwise(graph, runs!))).toBe(1);
  });

  it('leaves a node out that would have to wait for what waits for it', async () => {
    const x = graphInput('x', [4, 4]);
    const y = ops.exp(x);
    const z = ops.matMul(y, y); // needs y, and is needed by what follows y
    const graph: Graph = { name: 'way', inputs: [x], outputs: { out: ops.add(ops.mul(y, 2), ops.mul(z, y)) } };
    const fused = fuseElementwise(graph, runs!);
    const feeds = {
      x: new Tensor(
        'float32',
        [4, 4],
        Float32Array.from({ length: 16 }, (_, i) => Math.sin(i)),
      ),
    };
    expectClose(await run(fused, feeds), await run(graph, feeds));
    expect(count(fused)).toBeLessThan(count(graph));
  });

  it('keeps what is true or false inside', async () => {
    const x = graphInput('x', [300]);
    const big = ops.greater(ops.mul(x, 2), 1);
    const graph: Graph = { name: 'truth', inputs: [x], outputs: { big, y: ops.where(big, ops.neg(x), ops.exp(x)) } };
    const feeds = {
      x: new Tensor(
        'float32',
        [300],
        Float32Array.from({ length: 300 }, (_, i) => Math.sin(i)),
      ),
    };
    expectClose(await run(fuseElementwise(graph, runs!), feeds), await run(graph, feeds));
  });

  it('reaches into loops, and sizes known only at run time', async () => {
    const shape: readonly Dim[] = ['batch', 3];
    const x = graphInput('x', ['steps', ...shape]);
    const h = graphInput('h', shape);
    const { states, outputs } = ops.scan({
      states: [h],
      inputs: [x],
      body: ([state], [now]) => {
        const next = ops.tanh(ops.add(ops.mul(state!, 0.5), ops.mul(now!, now!)));
        return { states: [next], outputs: [ops.mul(next, 2)] };
      },
    });
    const graph: Graph = { name: 'loop', inputs: [x, h], outputs: { last: states[0]!, all: outputs[0]! } };
    const fused = fuseElementwise(graph, runs!);
    const body = nodesOf(fused)[0]!.attrs['body'] as Graph;
    expect(nodesOf(body).map(({ op }) => op.type)).toEqual(['Elementwise']);
    const feeds = {
      x: new Tensor(
        'float32',
        [5, 2, 3],
        Float32Array.from({ length: 30 }, (_, i) => Math.sin(i)),
      ),
      h: new Tensor(
        'float32',
        [2, 3],
        Float32Array.from({ length: 6 }, (_, i) => Math.cos(i)),
      ),
    };
    expectClose(await run(fused, feeds), await run(graph, feeds));
  });

  it('does nothing for an engine without the kernel', async () => {
    const x = graphInput('x', [3]);
    const graph: Graph = { name: 'plain', inputs: [x], outputs: { y: ops.exp(ops.neg(x)) } };
    expect(fuseElementwise(graph, portable)).toBe(graph);
    const without = await createExecutor({ driver: 'capi', threads: 1, kernels: false });
    expect(fuseElementwise(graph, without.runs!)).toBe(graph);
    await without.release();
  });
});
