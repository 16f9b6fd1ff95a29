import {
  type AttrKind,
  type Attrs,
  type AttrValue,
  apply,
  type ElementwiseKind,
  type GradientContext,
  type Graph,
  type Info,
  type LeastSize,
  type Op,
  type Runs,
  type Sized,
  type Value,
  type Written,
} from '../graph/index.ts';
import type { Tensor } from '../tensor/index.ts';

interface AttrTypes {
  int: number;
  float: number;
  string: string;
  ints: readonly number[];
  floats: readonly number[];
  strings: readonly string[];
  tensor: Tensor;
  graph: Graph;
}

/** How ONNX stores an attribute, and its default where it has one. */
export interface AttrSpec<K extends AttrKind = AttrKind, D extends AttrTypes[K] | undefined = AttrTypes[K] | undefined> {
  readonly kind: K;
  readonly default?: D;
}
type AttrSpecs = Readonly<Record<string, AttrSpec>>;

/** Attributes as a rule sees them: every one with a default is there. */
export type AttrsOf<A extends AttrSpecs> = {
  readonly [N in keyof A]: A[N] extends { readonly default: unknown }
    ? AttrTypes[A[N]['kind']]
    : AttrTypes[A[N]['kind']] | undefined;
};
/** Attributes as a caller gives them: all optional, ONNX's defaults fill in. */
export type GivenAttrs<A extends AttrSpecs> = { readonly [N in keyof A]?: AttrTypes[A[N]['kind']] | undefined };

/** What one op says about itself, by the names ONNX gives its inputs and outputs. */
export interface OpSpec<I extends string, P extends string, O extends string, A extends AttrSpecs> {
  readonly type: string;
  /** '' is ONNX itself. */
  readonly domain?: string;
  /** The opset version whose definition is followed, at most 21. */
  readonly since: number;
  readonly inputs: readonly I[];
  readonly optional?: readonly P[];
  readonly outputs: readonly O[];
  readonly attrs?: A;
  /** How files write it otherwise. */
  readonly written?: readonly Written[];
  /** Inputs that are statistics, which training does not move by gradients. */
  readonly statistics?: readonly (I | P)[];
  /** See {@link Op}. */
  readonly increasing?: true;
  /** See {@link Op}. */
  readonly flops?: (
    ins: Readonly<Record<I, Sized>> & Readonly<Partial<Record<P, Sized>>>,
    outs: Readonly<Record<O, Sized>>,
    attrs: AttrsOf<A>,
  ) => number;
  /** See {@link Op}. */
  readonly least?: (
    ins: Readonly<Record<I, Info>> & Readonly<Partial<Record<P, Info>>>,
    attrs: AttrsOf<A>,
  ) => readonly LeastSize[];
  /** See {@link Op}. */
  readonly anyBatch?: NonNullable<Op['anyBatch']>;
  /** See {@link Op}. */
  readonly sumSteps?: NonNullable<Op['sumSteps']>;
  /** See {@link Op}. */
  readonly join?: NonNullable<Op['join']>;
  /** See {@link Op}. */
  readonly expand?: (
    ins: Readonly<Record<I, Value>> & Readonly<Partial<Record<P, Value>>>,
    attrs: AttrsOf<A>,
    runs: Runs,
  ) => Readonly<Record<O, Value>> | undefined;
  /** See {@link Op}. */
  readonly suits?: NonNullable<Op['suits']>;
  /** See {@link Op}. */
  readonly readsRows?: NonNullable<Op['readsRows']>;
  /** See {@link Op}. */
  readonly elementwise?: ElementwiseKind;
  /** See {@link Op}. */
  readonly simplify?: NonNullable<Op['simplify']>;
  infer(ins: Readonly<Record<I, Info>> & Readonly<Partial<Record<P, Info>>>, attrs: AttrsOf<A>): Record<O, Info>;
  /**
   * Cotangents by the same names; `d<output>` comes in. No un-broadcasting (grad sums back), no "is it needed?" (an unused
   * term is unreachable). `null` marks an input that is not differentiable (indices, shapes).
   */
  readonly grad:
    | 'zero'
    | 'unknown'
    | 'expanded'
    | ((
        v: Readonly<Record<I | O | `d${O}`, Value>> & Readonly<Partial<Record<P, Value>>>,
        attrs: AttrsOf<A>,
        context: Pick<GradientContext, 'wanted' | 'given' | 'pullBack'>,
      ) => 'expanded' | (Record<I, Value | null> & Partial<Record<P, Value | null>>));
}

/** Applies its op; carries it for the table that the importer reads. */
export interface Emitter<I extends string, P extends string, O extends string, A extends AttrSpecs> {
  (ins: Readonly<Record<I, Value>> & Readonly<Partial<Record<P, Value | undefined>>>, attrs?: GivenAttrs<A>): Record<O, Value>;
  readonly op: Op;
}

/** Like {@link Emitter}, for ops with any number of inputs or outputs. */
export interface VariadicEmitter<A extends AttrSpecs> {
  (ins: readonly Value[], attrs?: GivenAttrs<A>): readonly Value[];
  readonly op: Op;
}

const fillIn = (specs: AttrSpecs, given: Attrs): Attrs => {
  const filled: Record<string, AttrValue | undefined> = {};
  for (const [name, spec] of Object.entries(specs)) filled[name] = given[name] ?? spec.default;
  return filled;
};

/**
 * Turns a spec into the positional form that the graph stores, and a typed emitter.
 * A gradient rule that forgets an input does not type-check.
 */
export function defineOp<
  const I extends string,
  const O extends string,
  const P extends string = never,
  const A extends AttrSpecs = {},
>(spec: OpSpec<I, P, O, A>): Emitter<I, P, O, A> {
  const names = [...spec.inputs, ...(spec.optional ?? [])] as const;
  const byName = <T>(keys: readonly string[], values: readonly T[]): [string, T][] => keys.map((key, i) => [key, values[i]!]);
  const rule = spec.grad;
  const op: Op = {
    type: spec.type,
    domain: spec.domain ?? '',
    since: spec.since,
    attrs: spec.attrs ?? {},
    ...(spec.written && { written: spec.written }),
    ...(spec.statistics && { statistics: spec.statistics.map((name) => names.indexOf(name)) }),
    ...(spec.increasing && { increasing: spec.increasing }),
    ...(spec.flops && {
      flops: (ins, outs, attrs) =>
        spec.flops!(
          Object.fromEntries(byName(names, ins)) as never,
          Object.fromEntries(byName(spec.outputs, outs)) as never,
          attrs as AttrsOf<A>,
        ),
    }),
    ...(spec.least && {
      least: (ins, attrs) => spec.least!(Object.fromEntries(byName(names, ins)) as never, attrs as AttrsOf<A>),
    }),
    ...(spec.anyBatch && { anyBatch: spec.anyBatch }),
    ...(spec.sumSteps && { sumSteps: spec.sumSteps }),
    ...(spec.join && { join: spec.join }),
    ...(spec.expand && {
      expand: (ins, attrs, runs) => {
        const made = spec.expand!(Object.fromEntries(byName(names, ins)) as never, attrs as AttrsOf<A>, runs);
        return made && spec.outputs.map((name) => made[name]);
      },
    }),
    ...(spec.suits && { suits: spec.suits }),
    ...(spec.readsRows && { readsRows: spec.readsRows }),
    ...(spec.elementwise && { elementwise: spec.elementwise }),
    ...(spec.simplify && { simplify: spec.simplify }),
    infer(ins, attrs) {
      const infos = spec.infer(Object.fromEntries(byName(names, ins)) as never, attrs as AttrsOf<A>);
      return spec.outputs.map((name) => infos[name]);
    },
    gradient:
      typeof rule === 'string'
        ? rule
        : (context) => {
            const { ins, outs, douts, attrs } = context;
            const values = Object.fromEntries([
              ...byName(names, ins),
              ...byName(spec.outputs, outs),
              ...byName(
                spec.outputs.map((name) => `d${name}`),
                douts,
              ),
            ]);
            const terms: 'expanded' | Partial<Record<string, Value | null>> = rule(values as never, attrs as AttrsOf<A>, context);
            if (terms === 'expanded') return terms;
            return names.map((name) => terms[name] ?? null);
          },
  };
  const emit = (ins: Partial<Record<string, Value>>, attrs: Attrs = {}): Record<O, Value> => {
    const positional: (Value | undefined)[] = names.map((name) => ins[name]);
    while (positional.length > 0 && positional[positional.length - 1] === undefined) positional.pop();
    return Object.fromEntries(byName(spec.outputs, apply(op, positional, fillIn(op.attrs, attrs)))) as Record<O, Value>;
  };
  return Object.assign(emit, { op }) as unknown as Emitter<I, P, O, A>;
}

/** As {@link defineOp}, by position, for ops with any number of inputs or outputs (Concat, Max, Split). */
export function defineVariadicOp<const A extends AttrSpecs = {}>(spec: {
  readonly type: string;
  readonly domain?: string;
  readonly since: number;
  readonly attrs?: A;
  readonly written?: readonly Written[];
  /** See {@link Op}. */
  readonly feeds?: Op['feeds'];
  /** See {@link Op}. */
  readonly join?: Op['join'];
  /** See {@link Op}. */
  readonly expand?: (ins: readonly Value[], attrs: AttrsOf<A>, runs: Runs) => readonly Value[] | undefined;
  /** See {@link Op}. */
  readonly suits?: Op['suits'];
  /** See {@link Op}. */
  readonly elementwise?: Op['elementwise'];
  /** See {@link Op}. */
  readonly overwrites?: Op['overwrites'];
  /** See {@link Op}. */
  readonly flops?: Op['flops'];
  infer(ins: readonly Info[], attrs: AttrsOf<A>): readonly Info[];
  readonly grad:
    | 'zero'
    | 'unknown'
    | 'expanded'
    | ((
        v: Pick<GradientContext, 'wanted' | 'given' | 'pullBack'> & {
          ins: readonly Value[];
          outs: readonly Value[];
          douts: readonly Value[];
        },
        attrs: AttrsOf<A>,
      ) => readonly (Value | null)[]);
}): VariadicEmitter<A> {
  const rule = spec.grad;
  const op = {
    domain: '',
    attrs: {},
    ...spec,
    gradient: typeof rule === 'string' ? rule : (context: GradientContext) => rule(context as never, context.attrs as AttrsOf<A>),
  } as unknown as Op;
  const emit = (ins: readonly Value[], attrs: Attrs = {}): readonly Value[] => apply(op, ins, fillIn(op.attrs, attrs));
  return Object.assign(emit, { op }) as VariadicEmitter<A>;
}
