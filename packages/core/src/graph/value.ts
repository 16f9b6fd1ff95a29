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
  /** How files write it otherwise than we do: in older opsets, or with attributes that we do without. */
  readonly written?: readonly Written[];
  /** Positions of inputs that are statistics, which training does not move by gradients: running means. */
  readonly statistics?: readonly number[];
  /** True of an op of one input, element by element, whose result nowhere falls as the input rises. */
  readonly increasing?: true;
  /** Floating-point operations of one node: a multiplication and an addition are two. Only ops for which these are where the time goes say so. */
  readonly flops?: (ins: readonly (Sized | undefined)[], outs: readonly Sized[], attrs: Attrs) => number;
  /** Of axes whose size only run time knows: how long each must be at least. The engine may not notice that one is shorter. */
  readonly least?: (ins: readonly (Info | undefined)[], attrs: Attrs) => readonly LeastSize[];
  /** What an input that is a list of sizes says, when a batch of `size` shall be of any size. */
  readonly anyBatch?: (ins: readonly (Value | undefined)[], size: number) => readonly (Value | undefined)[];
  /** Of ops with graphs in attributes: what each graph is fed by position, so that a file need not say. Captured inputs come after. */
  readonly feeds?: (ins: readonly (Info | undefined)[], attrs: Attrs) => Readonly<Record<string, readonly Info[]>>;
  /** Makes one node of several (or a smaller one of one) that have equal inputs: see `planOf`. */
  readonly join?: Join;
  /**
   * The same in other ops, for whoever has no kernel for it. Ops of the domain 'stratus', which are no ONNX ops, have one; so has an ONNX op
   * that some device lacks. `runs` says what there is a kernel for, where there is a choice. Undefined: not for these inputs.
   */
  readonly expand?: (
    ins: readonly (Value | undefined)[],
    attrs: Attrs,
    runs: (node: Node) => boolean,
  ) => readonly Value[] | undefined;
  /** Of an op of the domain 'stratus': whether its kernel is made for these inputs. Where it is not, the op is expanded. */
  readonly suits?: (node: Node) => boolean;
  /** What it does to numbers, of an op that does so element by element, and of which there are kernels that do several at once. */
  readonly elementwise?: ElementwiseKind;
  /**
   * Whether a node of it looks rows up: it gives the entries of its first input, along the first axis of that, at the positions that its
   * second input says. Then only these have a gradient.
   */
  readonly readsRows?: (attrs: Attrs) => boolean;
  /**
   * Whether the kernel of a node may write this output over that input, which has the same shape: every element is read before it is written, and never again, whatever the
   * number of threads. Undefined: no.
   */
  readonly overwrites?: (node: Node, output: number, input: Value) => boolean;
  /** True of an op whose result does not follow from its inputs: each of its nodes stays a node of its own. */
  readonly impure?: true;
  /**
   * A value that equals its only result to the last bit, if one is at hand: one of its inputs, what these were made of, or one new node on
   * such values.
   */
  readonly simplify?: (ins: readonly (Value | undefined)[], attrs: Attrs) => Value | undefined;
  /** How the sum of its results over the steps of a loop is made after the loop: see `StepSum`. Undefined: not at all. */
  readonly sumSteps?: (node: Node, steps: StepSum) => Value | undefined;
}

/** What can be done element by element. 'copy': the number itself, 1 and 0 for true and false. */
export type ElementwiseKind =
  | 'abs'
  | 'add'
  | 'and'
  | 'copy'
  | 'div'
  | 'equal'
  | 'erf'
  | 'exp'
  | 'greater'
  | 'greaterOrEqual'
  | 'less'
  | 'lessOrEqual'
  | 'max'
  | 'min'
  | 'mul'
  | 'neg'
  | 'normalCumulative'
  | 'not'
  | 'or'
  | 'reciprocal'
  | 'relu'
  | 'sigmoid'
  | 'sign'
  | 'sqrt'
  | 'sub'
  | 'tanh'
  | 'where';

/** A shape with all sizes known, as a run has it. */
export interface Sized {
  readonly shape: readonly number[];
}

/** A size that is known only at run time, and the least that it may be. */
export interface LeastSize {
  readonly size: string;
  readonly least: number;
}

/**
 * From nodes of one op with equal inputs to those that run instead. `isRead` tells which results anybody reads. Every node says
 * which values each of its outputs stands for; a node that stays as it is may be left out.
 */
export type Join = (nodes: readonly Node[], isRead: (value: Value) => boolean) => readonly Joined[];
export interface Joined {
  readonly ins: readonly (Value | undefined)[];
  readonly attrs: Attrs;
  readonly outs: readonly (readonly Value[])[];
}

/**
 * What an op may ask for when the results of one of its nodes in a loop's body are to be summed over all steps. Products of
 * matrices over all steps at once are much faster than one small product a step.
 */
export interface StepSum {
  /** Outside of the loop: the value, if it is the same for every step. */
  readonly fixed: (value: Value) => Value | undefined;
  /** Outside of the loop: the values of all steps, `[time, ...]`. */
  readonly all: (value: Value) => Value;
  /** As `all`, if they are needed anyhow. */
  readonly known: (value: Value) => Value | undefined;
  /** Outside of the loop: the sum, if an op says how. */
  readonly after: (value: Value) => Value | undefined;
  /** Outside of the loop: the sum, added up step by step if no op says how. */
  readonly sum: (value: Value) => Value;
}

/** Another way of writing an op. */
export interface Written {
  /** In opsets before this one; in all unless told. */
  readonly before?: number;
  /** The attributes that such a file has. */
  readonly attrs: Op['attrs'];
  /** The same in today's form. */
  readonly read: (op: Op, ins: readonly (Value | undefined)[], attrs: Attrs, outputs: number) => readonly Value[];
}

/**
 * `'zero'`: piecewise constant or integer-valued. `'unknown'`: there is no rule, and needing it is an error. `'expanded'`: that of what
 * `expand` gives.
 * A function: one cotangent (or null) per input, in order, or 'expanded' where it leaves it to that.
 */
export type Gradient = 'zero' | 'unknown' | 'expanded' | ((context: GradientContext) => 'expanded' | readonly (Value | null)[]);
export interface GradientContext {
  readonly ins: readonly (Value | undefined)[];
  readonly outs: readonly Value[];
  readonly douts: readonly Value[];
  readonly attrs: Attrs;
  /** Which inputs have to be differentiated: of interest where a rule is costly, as a term that nobody reads never runs. */
  readonly wanted: readonly boolean[];
  /** Which outputs have a cotangent; the others' are zeros. */
  readonly given: readonly boolean[];
  /** Differentiates other values, for rules of ops that hold graphs. Undefined stands for zero, in `seeds` and in the result. */
  readonly pullBack: PullBack;
}
export type PullBack = (
  ys: readonly Value[],
  seeds: readonly (Value | undefined)[],
  wrt: readonly Value[],
) => (Value | undefined)[];

/**
 * Inputs that are fed and outputs that are fetched, both by name. A graph in an attribute is closed: what it takes from around it
 * are inputs of its own, the last `captured` ones, and the last inputs of the node. (In a file it reads them by name.)
 */
export interface Graph {
  readonly name: string;
  readonly inputs: readonly Value[];
  /** How many of the last inputs come from around the graph. */
  readonly captured?: number | undefined;
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
