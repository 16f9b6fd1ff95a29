// Graphs for the graph layers: a batch of them becomes one large graph, whose nodes are rows.
import { fail } from '../../errors.ts';
import { constant, type Value } from '../../graph/index.ts';
import * as ops from '../../ops/index.ts';
import { dimsDiffer, full, isFloat, productOf, showShape } from '../../tensor/index.ts';

/** The edges of a batch of graphs as edges of one graph. */
export interface Edges {
  /** Which row each edge comes from, and which it goes to: [edges], int32. Padding goes from row 0 to row 0. */
  readonly source: Value;
  readonly target: Value;
  /** What each edge counts: [edges, 1]; its weight, or 1; 0 for padding. */
  readonly weight: Value;
  /** 1 for padding, 0 for edges: [edges, 1]. */
  readonly padding: Value;
}

/** The nodes of a batch of graphs as rows: `[batch, nodes, features] -> [batch * nodes, features]`. */
export const nodeRows = (x: Value): Value => ops.reshape(x, [productOf(x.shape.slice(0, -1)), x.shape[x.shape.length - 1]!]);

/** Rows as nodes of the graphs of `x`. */
export const asNodes = (rows: Value, x: Value): Value =>
  ops.reshapeOp({ data: rows, shape: ops.dimsOf([x.shape[0]!, x.shape[1]!, rows.shape[1]!], x) }, { allowzero: 1 }).reshaped;

/** Checks the inputs of a graph layer, and gives the number of features. Errors: `shape-mismatch`, `dtype-mismatch`. */
export function featuresOf(what: string, inputs: readonly Value[]): number {
  const [x, edges, weights] = inputs as readonly [Value, Value, Value | undefined];
  const features = x.shape[2];
  const refuse = (got: Value, want: string, fix: string): Error =>
    fail('shape-mismatch', { what, got: `input ${showShape(got.shape)}`, want, fix });
  if (x.shape.length !== 3 || typeof features !== 'number')
    throw refuse(x, '[batch, nodes, features] with a known number of features', 'One large graph is a batch of one.');
  if (!isFloat(x.dtype))
    throw fail('dtype-mismatch', { what, got: x.dtype, want: 'float features', fix: 'Put rescaling({ scale: 1 }) before it.' });
  if (edges.shape.length !== 3 || edges.shape[1] !== 2 || dimsDiffer(edges.shape[0]!, x.shape[0]!))
    throw refuse(edges, 'edges [batch, 2, edges]: sources, then targets', 'Give a list of sources and one of targets.');
  if (edges.dtype !== 'int32' && edges.dtype !== 'int64')
    throw fail('dtype-mismatch', {
      what,
      got: `${edges.dtype} edges`,
      want: 'int32',
      fix: "input({ shape: [2, 'edges'], dtype: 'int32' }).",
    });
  if (weights && (weights.shape.length !== 2 || dimsDiffer(weights.shape[1]!, edges.shape[2]!)))
    throw refuse(weights, 'one weight for each edge: [batch, edges]', 'Give a number for each edge.');
  return features;
}

/**
 * The edges as pairs of rows. An edge whose two ends are -1 is padding. Any other end that is no node becomes a row that is not there, so
 * that the run fails: in a batch, it would else be a node of another graph.
 */
export function edgesOf([x, edges, weights]: readonly Value[], undirected: boolean): Edges {
  const { dtype } = x!;
  const [batch, nodes] = x!.shape as [number | string, number | string];
  const whole = (flags: Value): Value => ops.cast(flags, 'int32');
  const size = (d: number | string): Value => whole(ops.dimsOf([d], x!));
  const ends = whole(edges!); // [batch, 2, edges]
  const [from, to] = ops.split(ends, [1, 1], { axis: 1 }) as [Value, Value];
  const padding = whole(ops.and(ops.equal(from, -1), ops.equal(to, -1))); // [batch, 1, edges]
  const kept = ops.sub(1, padding);
  const inside = whole(ops.and(ops.greaterOrEqual(ends, 0), ops.less(ends, size(nodes))));
  const graphs = ops.reshape(whole(ops.range(0, ops.dimsOf([batch], x!), 1)), [-1, 1, 1]);
  const own = ops.mul(ops.add(ends, ops.mul(graphs, size(nodes))), kept);
  // Behind all rows, or, for a negative end, before them even when counted from the end
  const all = ops.mul(size(batch), size(nodes));
  const away = ops.sub(whole(ops.less(own, all)), ops.mul(whole(ops.less(ends, 0)), 3));
  const rows = ops.add(own, ops.mul(ops.mul(ops.sub(1, inside), kept), ops.mul(away, all)));
  const [source, target] = ops
    .split(rows, [1, 1], { axis: 1 })
    .map((list) => ops.reshape(list, [productOf([batch, edges!.shape[2]!])])) as [Value, Value];
  const column = (x: Value): Value => ops.reshape(ops.cast(x, dtype), [productOf([batch, edges!.shape[2]!]), 1]);
  const one = {
    source,
    target,
    padding: column(padding),
    weight: weights ? ops.mul(column(kept), column(weights)) : column(kept),
  };
  if (!undirected) return one;
  return {
    source: ops.concat([source, target]),
    target: ops.concat([target, source]),
    weight: twice(one.weight),
    padding: twice(one.padding),
  };
}

/** A list after itself. Not by concat, whose gradient must know where one ends. */
const twice = (column: Value): Value => {
  const [size] = column.shape as [number | string];
  return ops.reshape(ops.expand(ops.unsqueeze(column, { axes: [0] }), [2, size, 1]), [productOf([2, size]), 1]);
};

/** `start`, plus at each row what its incoming edges bring: `[rows, n], [edges, n] -> [rows, n]`. */
export const arriving = (start: Value, { target }: Edges, messages: Value): Value =>
  ops.scatterAdd(start, alongEdges(target, messages), messages);

/** The rows of edges, repeated over what each brings. */
export const alongEdges = (rows: Value, messages: Value): Value => ops.expandLike(ops.reshape(rows, [-1, 1]), messages);

/** One number for each row of `like`: [rows, n]. */
export const filled = (like: Value, value: number, n: number): Value =>
  ops.expandOp({ input: constant(full([1, 1], value, like.dtype)), shape: ops.dimsOf([like.shape[0]!, n], like) }).output;
