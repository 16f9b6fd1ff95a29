// The graph that tests one row: the op, a loss of its outputs, gradients of order 1 and 2.
import { grad } from '../../src/grad/index.ts';
import { apply, type Graph, graphInput, type Op, toposort, type Value } from '../../src/graph/index.ts';
import { add, cast, mul, reduceSum } from '../../src/ops/index.ts';
import { type DType, isFloat, isStatic, type Shape, sizeOf, type Tensor, tensor } from '../../src/tensor/index.ts';
import type { Row } from './op-rows.ts';

/** A graph, and what to feed it. */
export interface BuiltRow {
  readonly graph: Graph;
  readonly feeds: Readonly<Record<string, Tensor>>;
  readonly outputs: readonly Value[];
  /** Positions of the inputs that are differentiated. */
  readonly wrt: readonly number[];
}

export interface BuildOptions {
  /** The float type under test. */
  readonly dtype: DType;
  /** Leave gradients out. */
  readonly gradient?: boolean;
  /** Replaces ops of the forward graph, so that their gradient rules can be spoiled. */
  readonly replace?: (op: Op) => Op;
  /** Inputs whose first axis is named 'batch'. */
  readonly symbolic?: readonly number[];
}

// Both are also in golden/ops.py.
const weights = (size: number, k: number): number[] => Array.from({ length: size }, (_, i) => ((i * 7 + k * 3) % 11) / 8 + 0.25);
const directions = (size: number, k: number): number[] =>
  Array.from({ length: size }, (_, i) => ((i * 5 + k * 3) % 13) / 8 - 0.75);

/**
 * The loss is sum(weights · (y + y²/2)): its gradient depends on y, so that the second derivative goes through the gradient
 * rule of linear ops too. Outputs of the graph: y0, y1, …; loss, g0, g1, … = its gradients; dot = the sum of all gradients
 * times fixed directions, h0, h1, … = the gradients of that.
 */
export function buildRow(
  row: Row,
  { dtype, gradient = row.case.gradient !== false, replace, symbolic = [] }: BuildOptions,
): BuiltRow {
  const inputs = row.inputs.map((input, i) => {
    const shape: Shape = symbolic.includes(i) ? ['batch', ...input.shape.slice(1)] : input.shape;
    return graphInput(`x${i}`, shape, input.dtype === 'float' ? dtype : input.dtype);
  });
  const made = row.case.build(...inputs);
  const outputs = replace ? rebuilt([made].flat() as Value[], replace) : ([made].flat() as Value[]);
  const feeds: Record<string, Tensor> = Object.fromEntries(inputs.map(({ name, dtype: d }, i) => [name!, tensorOf(row, i, d)]));
  const fed = [...inputs];
  const feed = (name: string, shape: Shape, values: (size: number) => number[]): Value => {
    const value = graphInput(name, shape, dtype);
    const sizes = shape.map((d) => (typeof d === 'number' ? d : evaluate(d, row.inputs[symbolic[0]!]!.shape[0]!)));
    feeds[name] = tensor(values(sizeOf(sizes)), { dtype, shape: sizes });
    fed.push(value);
    return value;
  };

  const graph: Record<string, Value> = Object.fromEntries(outputs.map((y, k) => [`y${k}`, y]));
  const wrt = gradient ? inputs.flatMap((x, i) => (isFloat(x.dtype) ? [i] : [])) : [];
  const terms = outputs.flatMap((y, k) => {
    if (wrt.length === 0 || !isFloat(y.dtype)) return [];
    const z = cast(y, dtype);
    return [
      reduceSum(
        mul(
          feed(`w${k}`, z.shape, (n) => weights(n, k)),
          add(z, mul(mul(z, z), 0.5)),
        ),
      ),
    ];
  });
  if (terms.length > 0) {
    const loss = terms.reduce((a, b) => add(a, b));
    const at = wrt.map((i) => inputs[i]!);
    const first = grad(loss, at);
    const dot = first
      .map((g, k) =>
        reduceSum(
          mul(
            feed(`v${k}`, at[k]!.shape, (n) => directions(n, k)),
            g,
          ),
        ),
      )
      .reduce((a, b) => add(a, b));
    graph['loss'] = loss;
    graph['dot'] = dot;
    for (const [k, g] of first.entries()) graph[`g${k}`] = g;
    for (const [k, h] of grad(dot, at).entries()) graph[`h${k}`] = h;
  }
  return { graph: { name: row.id, inputs: fed, outputs: graph }, feeds, outputs, wrt: terms.length > 0 ? wrt : [] };
}

const tensorOf = (row: Row, i: number, dtype: DType): Tensor => {
  const { values, shape } = row.inputs[i]!;
  return dtype === 'int64' || dtype === 'uint64'
    ? tensor(values.map(BigInt), { dtype, shape })
    : tensor([...values], { dtype, shape });
};

/** A size that is a text, with the number for 'batch' put in. */
export function evaluate(text: string, batch: number): number {
  if (!/^[-+*/() 0-9a-z]+$/.test(text)) throw new TypeError(`not a size: ${text}`);
  return new Function('batch', 'ceil', `return ${text};`)(batch, Math.ceil) as number;
}

/** The same graph with other ops. */
export function rebuilt(outputs: readonly Value[], replace: (op: Op) => Op): Value[] {
  const fresh = new Map<Value, Value>();
  const now = (v: Value): Value => fresh.get(v) ?? v;
  for (const { op, ins, attrs, outs } of toposort(outputs)) {
    const made = apply(
      replace(op),
      ins.map((v) => v && now(v)),
      attrs,
    );
    outs.forEach((v, i) => fresh.set(v, made[i]!));
  }
  return outputs.map(now);
}

/** The sizes of a value, once 'batch' is known. */
export const sizesOf = (shape: Shape, batch: number): readonly number[] =>
  isStatic(shape) ? shape : shape.map((d) => (typeof d === 'number' ? d : evaluate(d, batch)));
