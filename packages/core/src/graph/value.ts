import { fail } from '../errors.ts';
import { type DType, type Shape, showShape, type Tensor } from '../tensor/index.ts';
import { scoped, scopePath } from './scope.ts';

/** What is known about a value while a graph is built. */
export interface Info {
  readonly dtype: DType;
  readonly shape: Shape;
  /** The numbers, of constants only. */
  readonly data?: Tensor | undefined;
  /** Of a list of sizes (the result of Shape, and what is made of it): the sizes, symbolic ones by name. */
  readonly dims?: Shape | undefined;
}

/**
 * The one abstraction: a Value is one output of a Node, or a graph input, or a constant. A graph is whatever its outputs
 * reach. Values are plain and immutable; identity is object identity.
 */
export interface Value extends Info {
  /** The node that makes it; none for inputs and constants. */
  readonly node?: Node;
  /** Which output of the node. */
  readonly index: number;
  /** Inputs: the name it is fed by. Constants: the name of the initializer, if it has one. */
  readonly name?: string | undefined;
}

/** One application of an op. A missing optional input is undefined. */
export interface Node {
  readonly op: Op;
  readonly ins: readonly (Value | undefined)[];
  readonly attrs: Attrs;
  readonly outs: readonly Value[];
  /** Where it was built: the path of layers, for names, errors and profiles. */
  readonly path: string;
}

export type AttrValue = number | string | readonly number[] | readonly string[] | Tensor | Graph;
export type Attrs = Readonly<Record<string, AttrValue | undefined>>;
export type AttrKind = 'int' | 'float' | 'string' | 'ints' | 'floats' | 'strings' | 'tensor' | 'graph';

/** What one op knows about itself, by position. Nothing outside its file may ask for it by name. */
export interface Op {
  readonly type: string;
  readonly domain: string;
  /** The opset version whose definition is followed. */
  readonly since: number;
  readonly attrs: Readonly<Record<string, { readonly kind: AttrKind; readonly default?: AttrValue | undefined }>>;
  readonly infer: (ins: readonly (Info | undefined)[], attrs: Attrs) => readonly Info[];
  readonly gradient: Gradient;
}

/**
 * `'zero'`: piecewise constant or integer-valued. `'unknown'`: there is no rule, and needing it is an error.
 * A function: one cotangent (or null) per input, in order.
 */
export type Gradient = 'zero' | 'unknown' | ((context: GradientContext) => readonly (Value | null)[]);
export interface GradientContext {
  readonly ins: readonly (Value | undefined)[];
  readonly outs: readonly Value[];
  readonly douts: readonly Value[];
  readonly attrs: Attrs;
}

/** Inputs that are fed and outputs that are fetched, both by name. */
export interface Graph {
  readonly name: string;
  readonly inputs: readonly Value[];
  readonly outputs: Readonly<Record<string, Value>>;
}

/** Applies an op: infers shapes and dtypes now, so that an error names the place that built it. */
export function apply(op: Op, ins: readonly (Value | undefined)[], attrs: Attrs): readonly Value[] {
  const outs: Value[] = [];
  const node: Node = { op, ins, attrs, outs, path: scopePath() };
  for (const [index, { dtype, shape, dims }] of scoped(() => checkSizes(op, op.infer(ins, attrs))).entries())
    outs.push({ dtype, shape, ...(dims && { dims }), node, index });
  return outs;
}

/** Rules calculate sizes with numbers that may come from a file: what comes out must be sizes all the same. */
function checkSizes({ type }: Op, infos: readonly Info[]): readonly Info[] {
  const isSize = (d: unknown): boolean => typeof d === 'string' || (Number.isSafeInteger(d) && (d as number) >= 0);
  const wrong = infos.find(({ shape }) => !shape.every(isSize));
  if (wrong)
    throw fail('shape-mismatch', { what: type, got: `a result of shape ${showShape(wrong.shape)}`, want: 'sizes from 0' });
  return infos;
}

/**
 * A value that is fed under this name. A text in the shape is a size known only at run time.
 *
 * @example
 * import { graphInput } from '@stratus/core';
 * console.log(graphInput('tokens', ['batch', 20], 'int32').shape); // ['batch', 20]
 */
export const graphInput = (name: string, shape: Shape, dtype: DType = 'float32'): Value => ({ dtype, shape, index: 0, name });

/**
 * A value that is part of the graph.
 *
 * @example
 * import { constant, ops, tensor } from '@stratus/core';
 * console.log(ops.add(constant(tensor([1, 2])), 1).shape); // [2]
 */
export const constant = (data: Tensor, name?: string): Value => ({ dtype: data.dtype, shape: data.shape, data, index: 0, name });

/** Nodes that `outputs` reach, in dependency order. Not recursive: an unrolled graph may be 100,000 nodes deep. */
export function toposort(outputs: readonly Value[]): Node[] {
  const order: Node[] = [];
  const state = new Map<Node, 'open' | 'done'>();
  const stack: Node[] = [];
  for (const output of outputs) {
    if (output.node) stack.push(output.node);
    while (stack.length > 0) {
      const node = stack[stack.length - 1]!;
      if (state.has(node)) {
        stack.pop();
        if (state.get(node) === 'open') {
          state.set(node, 'done');
          order.push(node);
        }
        continue;
      }
      state.set(node, 'open');
      for (let i = node.ins.length - 1; i >= 0; i--) {
        const next = node.ins[i]?.node;
        if (next && !state.has(next)) stack.push(next);
      }
    }
  }
  return order;
}
