// What multi-head attention and the transformer blocks share: projections, heads, masks, and attention itself.
import { fail } from '../../errors.ts';
import type { Value } from '../../graph/index.ts';
import {
  add,
  and,
  cast,
  greaterOrEqual,
  matMul,
  mul,
  reshape,
  reshapeLike,
  softmax,
  sub,
  transpose,
  unsqueeze,
} from '../../ops/index.ts';
import { checkOptions } from '../../options.ts';
import { type Dim, mulDims } from '../../tensor/index.ts';
import { dropInProduct } from '../basic/drop.ts';
import { linear } from '../basic/linear.ts';
import type { InitializerLike } from '../init/index.ts';
import type { Mask, Scope } from '../layer.ts';
import { inPart } from '../nested-scope.ts';
import type { RegularizerLike } from '../regularizers/index.ts';
import { fromRows, rowsOf } from '../rows.ts';
import { sequenceOf } from '../sequence-input.ts';
import { positionsAlong } from './positions.ts';
import { rotate } from './rotary-embedding.ts';

/** What attention is made with. */
export interface AttentionOptions {
  readonly numHeads: number;
  /** Size of the queries and keys of one head. */
  readonly keyDim: number;
  /** Size of the values of one head; `keyDim` unless told. */
  readonly valueDim?: number | undefined;
  /** Heads of keys and values, each shared by `numHeads / numKvHeads` heads of queries; `numHeads` unless told. */
  readonly numKvHeads?: number | undefined;
  /** Share of the attention weights that training drops; 0 unless told. */
  readonly dropout?: number | undefined;
  /** True unless told. */
  readonly useBias?: boolean | undefined;
  /** Width of the output; that of the queries unless told. */
  readonly outputShape?: number | undefined;
  /** A step sees itself and those before it, none after; false unless told. */
  readonly causal?: boolean | undefined;
  /** Turns queries and keys by their position (RoPE), with this wavelength if it is a number; false unless told. */
  readonly rotary?: boolean | number | undefined;
  /** 'glorotUniform' unless told. */
  readonly kernelInitializer?: InitializerLike | undefined;
  /** 'zeros' unless told. */
  readonly biasInitializer?: InitializerLike | undefined;
  readonly kernelRegularizer?: RegularizerLike | undefined;
  readonly biasRegularizer?: RegularizerLike | undefined;
}

/** The part of the options that the transformer blocks hand on. */
export type HeadOptions = Pick<
  AttentionOptions,
  'numHeads' | 'numKvHeads' | 'useBias' | 'rotary' | 'kernelInitializer' | 'biasInitializer'
>;

/** Throws for options that cannot work. */
export function checkHeads(what: string, { numHeads, numKvHeads = numHeads, useBias = true, rotary = false }: HeadOptions): void {
  checkOptions(what, { numHeads, numKvHeads, useBias }, { numHeads: 'count', numKvHeads: 'count', useBias: 'flag' });
  if (typeof rotary !== 'boolean') checkOptions(what, { rotary }, { rotary: 'positive' });
  if (numHeads % numKvHeads !== 0)
    throw fail('bad-value', {
      what,
      got: `numHeads = ${numHeads} and numKvHeads = ${numKvHeads}`,
      want: 'numHeads to be a multiple of numKvHeads',
    });
}

/** Throws for options that cannot work. */
export function checkAttention(what: string, options: AttentionOptions): void {
  const { keyDim, valueDim = keyDim, dropout = 0, outputShape = 1, causal = false, rotary = false } = options;
  checkHeads(what, options);
  checkOptions(
    what,
    { keyDim, valueDim, outputShape, dropout, causal },
    { keyDim: 'count', valueDim: 'count', outputShape: 'count', dropout: 'fraction', causal: 'flag' },
  );
  if (rotary !== false && keyDim % 2 !== 0)
    throw fail('bad-value', { what, got: `rotary with keyDim = ${keyDim}`, want: 'an even keyDim' });
}

/** What attends to what. */
export interface Attended {
  readonly query: Value;
  readonly key: Value;
  readonly value: Value;
  /** True where a query may see a key: bool `[batch, queries, keys]`. */
  readonly mask?: Mask;
  /** True where a key is real: bool `[batch, keys]`. */
  readonly keyMask?: Mask;
  /** Added to what comes out. */
  readonly onto?: Value | undefined;
}

/**
 * `softmax(q kᵀ / √keyDim) v` for each head, between linear projections. A query that may see no key at all sees all of them alike, so
 * that its result and its gradients are finite.
 *
 * Shapes: `query [batch, tq, e], key [batch, tk, f], value [batch, tk, g] -> [batch, tq, outputShape]`. Parameters:
 * `query/kernel [e, numHeads * keyDim]`, `key/kernel [f, numKvHeads * keyDim]`, `value/kernel [g, numKvHeads * valueDim]`,
 * `output/kernel [numHeads * valueDim, outputShape]`, and a `bias` of each.
 * Source: Vaswani et al. 2017; Ainslie et al. 2023 (grouped queries); Keras MultiHeadAttention; torch.nn.MultiheadAttention.
 */
export function attend(
  what: string,
  options: AttentionOptions,
  { query, key, value, onto, ...masks }: Attended,
  scope: Scope,
): Value {
  const { numHeads, keyDim, valueDim = keyDim, numKvHeads = numHeads, dropout = 0, causal = false, rotary = false } = options;
  const { width } = sequenceOf(what, query, 'queries');
  const [keys, values] = [sequenceOf(what, key, 'keys'), sequenceOf(what, value, 'values')];
  if (keys.steps !== values.steps)
    throw fail('shape-mismatch', { what, got: `${keys.steps} keys and ${values.steps} values`, want: 'as many keys as values' });

  const project = (part: string, x: Value, units: number, to?: Value): Value =>
    inPart(scope, part, (own) => {
      const { kernelInitializer = 'glorotUniform', biasInitializer = 'zeros', useBias = true } = options;
      const { kernelRegularizer, biasRegularizer } = options;
      const inputs = x.shape[x.shape.length - 1] as number;
      const kernel = own.parameter('kernel', [inputs, units], { initializer: kernelInitializer, regularizer: kernelRegularizer });
      const bias = useBias
        ? own.parameter('bias', [units], { initializer: biasInitializer, regularizer: biasRegularizer })
        : undefined;
      return linear(x, kernel, bias, to);
    });
  const heads = (part: string, x: Value, count: number, size: number): Value =>
    fromRows(rowsOf(project(part, x, count * size)), x, [count, size]);
  const turned = (x: Value): Value =>
    rotary === false ? x : rotate(x, { axis: 1, maxWavelength: rotary === true ? undefined : rotary });

  // Heads of queries that share keys lie one below the other, so that each group is one product.
  const own = { batch: query.shape[0]!, groups: numKvHeads, shared: numHeads / numKvHeads, steps: query.shape[1]! };
  const other = { ...own, shared: 1, steps: keys.steps };
  const q = stacked(turned(heads('query', query, numHeads, keyDim)), own);
  const k = stacked(turned(heads('key', key, numKvHeads, keyDim)), other);
  const v = stacked(heads('value', value, numKvHeads, valueDim), other);
  const scores = matMul(mul(q, 1 / Math.sqrt(keyDim)), transpose(k, [0, 2, 1]));
  const bias = biasOf(query, key, { ...masks, causal });
  const weights = softmax(bias ? withBias(scores, bias, own) : scores);
  const seen = matMul(...dropInProduct(weights, v, { rate: dropout, scope }));
  return project('output', unstacked(seen, own), options.outputShape ?? width, onto);
}

/** How the rows of heads lie: `[batch * groups, shared * steps, width]`. */
interface Stack {
  readonly batch: Dim;
  /** Heads of keys and values. */
  readonly groups: number;
  /** Heads of queries that share one of those. */
  readonly shared: number;
  readonly steps: Dim;
}

/** `[batch, steps, groups * shared, width] -> [batch * groups, shared * steps, width]`: what one product takes. */
function stacked(x: Value, { batch, groups, shared, steps }: Stack): Value {
  const width = x.shape[3]!;
  const first = mulDims(batch, groups);
  if (shared === 1) return reshape(transpose(x, [0, 2, 1, 3]), [first, steps, width]);
  const apart = transpose(reshape(x, [batch, steps, groups, shared, width]), [0, 2, 3, 1, 4]);
  return reshape(reshape(apart, [first, shared, steps, width]), [first, mulDims(shared, steps), width]);
}

/** `[batch * groups, shared * steps, width] -> [batch, groups, shared, steps, width]`, without the axis of those that share one alone. */
function apart(x: Value, { batch, groups, shared, steps }: Stack): Value {
  const [first, , width] = x.shape as [Dim, Dim, Dim];
  if (shared === 1) return reshape(x, [batch, groups, steps, width]);
  return reshape(reshape(x, [first, shared, steps, width]), [batch, groups, shared, steps, width]);
}

/** `[batch * groups, shared * steps, width] -> [batch, steps, groups * shared * width]`. */
function unstacked(x: Value, stack: Stack): Value {
  const moved = transpose(apart(x, stack), stack.shared === 1 ? [0, 2, 1, 3] : [0, 3, 1, 2, 4]);
  return reshape(moved, [stack.batch, stack.steps, stack.groups * stack.shared * (x.shape[2] as number)]);
}

/** Adds what is the same for all heads, `[tq, tk]` or `[batch, 1, tq or 1, tk]`, to `[batch * groups, shared * tq, tk]`. */
function withBias(scores: Value, bias: Value, stack: Stack): Value {
  if (bias.shape.length === 2 && stack.shared === 1) return add(scores, bias);
  const fitting = bias.shape.length === 2 || stack.shared === 1 ? bias : unsqueeze(bias, { axes: [2] });
  return reshapeLike(add(apart(scores, stack), fitting), scores);
}

/** What a score loses where a query may not see a key: enough that nothing is left of it, and finite. */
const hidden = 1e9;

/** 0 where a query may see a key and `-hidden` elsewhere: `[tq, tk]` or `[batch, 1, tq or 1, tk]`. None where all see all. */
function biasOf(
  query: Value,
  key: Value,
  { mask, keyMask, causal }: Pick<Attended, 'mask' | 'keyMask'> & { readonly causal: boolean },
): Mask {
  const seen: Value[] = [];
  if (mask) seen.push(unsqueeze(mask, { axes: [1] }));
  if (keyMask) seen.push(unsqueeze(keyMask, { axes: [1, 2] }));
  if (causal) seen.push(greaterOrEqual(reshape(positionsAlong(query, 1), [-1, 1]), positionsAlong(key, 1)));
  return seen.length === 0 ? undefined : mul(sub(cast(seen.reduce(and), query.dtype), 1), hidden);
}
