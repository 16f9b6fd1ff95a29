// What multi-head attention and the transformer blocks share: projections, heads, masks, and attention itself.
import { fail } from '../../errors.ts';
import type { Value } from '../../graph/index.ts';
import { and, cast, droppingAttention, greaterOrEqual, headAttention, mul, reshape, sub, unsqueeze } from '../../ops/index.ts';
import { checkOptions } from '../../options.ts';
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

  const q = turned(heads('query', query, numHeads, keyDim));
  const k = turned(heads('key', key, numKvHeads, keyDim));
  const v = heads('value', value, numKvHeads, valueDim);
  const scale = 1 / Math.sqrt(keyDim);
  const bias = biasOf(query, key, { ...masks, causal });
  const drops = scope.training && dropout > 0;
  const seen = drops
    ? droppingAttention(q, { k, v, bias }, { scale, drop: (p, to) => dropInProduct(p, to, { rate: dropout, scope }) })
    : headAttention(q, { k, v, bias }, { scale });
  const flat = reshape(seen, [query.shape[0]!, query.shape[1]!, numHeads * valueDim]);
  return project('output', flat, options.outputShape ?? width, onto);
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
