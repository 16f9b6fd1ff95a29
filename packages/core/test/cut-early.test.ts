// What nobody reads is not calculated: the same numbers from smaller values, and what is read elsewhere stays whole.
import { describe, expect, it } from 'vitest';
import { toposort } from '../src/graph/index.ts';
import { constant, type Graph, graphInput, ops, tensor, type Value } from '../src/index.ts';
import { cutEarly } from '../src/passes/index.ts';
import { draw } from './support/op-rows.ts';
import { runGraph } from './support/run-graph.ts';

const drawn = (name: string, shape: readonly number[]) =>
  tensor(draw(name, shape, [-1, 1]), { dtype: 'float32' }).reshape([...shape]);
const fixed = (name: string, ...shape: number[]): Value => constant(drawn(name, shape), name);
const [length, width, heads] = [6, 8, 2];
const x = graphInput('x', ['batch', length, width]);
const graphOf = (y: Value): Graph => ({ name: 'cut', inputs: [x], outputs: { y } });
const first = (value: Value, axis = 1): Value => ops.slice(value, { starts: [0], ends: [1], axes: [axis] });
const sizes = (graph: Graph, type: string): string[] =>
  toposort(Object.values(graph.outputs))
    .filter(({ op }) => op.type === type)
    .map(({ outs }) => String(outs[0]!.shape));

/** The same numbers, for one row and for three. */
async function agree(before: Graph, after: Graph): Promise<void> {
  for (const batch of [1, 3]) {
    const feeds = { x: drawn(`x${batch}`, [batch, length, width]) };
    const [a, b] = [await runGraph(before, feeds), await runGraph(after, feeds)];
    expect(b['y']!.shape).toEqual(a['y']!.shape);
    const [want, got] = [a['y']!.data as Float32Array, b['y']!.data as Float32Array];
    for (const [i, value] of want.entries()) expect(got[i]).toBeCloseTo(value, 5);
  }
}

/** Rows of all steps one below the other, as layers multiply them. */
const product = (value: Value, name: string, units: number): Value =>
  ops.gemm(
    ops.reshape(value, [-1, value.shape.at(-1) as number]),
    fixed(name, value.shape.at(-1) as number, units),
    fixed(`${name}/b`, units),
  );
const split = (value: Value): Value =>
  ops.reshape(ops.transpose(ops.reshape(value, [-1, length, heads, width / heads]), [0, 2, 1, 3]), [-1, length, width / heads]);

/** Attention and what follows it, as a Transformer has them. */
function layer(given: Value): Value {
  const [query, key, value] = ['q', 'k', 'v'].map((name) => split(product(given, name, width))) as [Value, Value, Value];
  const weights = ops.softmax(ops.matMul(ops.mul(query, 0.5), ops.transpose(key, [0, 2, 1])));
  const heard = ops.transpose(ops.reshape(ops.matMul(weights, value), [-1, heads, length, width / heads]), [0, 2, 1, 3]);
  const sum = ops.add(ops.reshape(given, [-1, width]), product(ops.reshape(heard, [-1, length, width]), 'o', width));
  const normal = ops.layerNormalization(sum, { scale: fixed('scale', width), bias: fixed('shift', width) });
  const inner = ops.gelu(product(normal, 'f', 4 * width));
  return ops.reshape(ops.add(normal, product(inner, 'g', width)), [-1, length, width]);
}

describe('cutEarly', () => {
  it('calculates one step of the last layer of a Transformer where one is read, and keys and values of all', async () => {
    const before = graphOf(ops.squeeze(first(layer(x)), { axes: [1] }));
    const after = cutEarly(before);
    await agree(before, after);
    expect(sizes(before, 'Gelu')).toEqual([`(batch * ${length}),${4 * width}`]);
    expect(sizes(after, 'Gelu')).toEqual([`batch,${4 * width}`]);
    expect(sizes(after, 'Softmax')).toEqual([`(batch * ${heads}),1,${length}`]);
    expect(sizes(after, 'Gemm').filter((size) => size.startsWith('(batch'))).toHaveLength(2);
  });

  it('takes a step from the middle, two of them, and one along another axis', async () => {
    const middle = ops.slice(layer(x), { starts: [3], ends: [5], axes: [1] });
    for (const y of [middle, first(ops.tanh(x), 2), first(ops.softmax(ops.tanh(x), { axis: 2 }))]) {
      const after = cutEarly(graphOf(y));
      await agree(graphOf(y), after);
      expect(after).not.toEqual(graphOf(y));
    }
    expect(sizes(cutEarly(graphOf(first(ops.tanh(x)))), 'Tanh')).toEqual([`batch,1,${width}`]);
  });

  it('leaves a value whole that something else reads, or that is read in two parts', async () => {
    const hidden = ops.tanh(x);
    const all = graphOf(ops.add(first(hidden), hidden));
    const twice = graphOf(ops.add(first(hidden), ops.slice(hidden, { starts: [1], ends: [2], axes: [1] })));
    for (const graph of [all, twice]) expect(cutEarly(graph)).toBe(graph);
  });

  it('leaves alone what mixes the positions of the axis, and slices that take most of it', () => {
    const sums = ops.softmax(ops.tanh(x), { axis: 1 });
    const most = ops.slice(ops.tanh(x), { starts: [1], ends: [length], axes: [1] });
    for (const y of [first(sums), most, ops.tanh(x)]) expect(cutEarly(graphOf(y))).toEqual(graphOf(y));
  });
});
