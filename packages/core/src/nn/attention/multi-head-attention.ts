import { fail } from '../../errors.ts';
import type { Value } from '../../graph/index.ts';
import { defineLayer, type Mask } from '../layer.ts';
import { type AttentionOptions, attend, checkAttention } from './attention.ts';

/** Options of {@link multiHeadAttention}. */
export type MultiHeadAttentionOptions = AttentionOptions;

/**
 * Attention with several heads. `layer(x)` is self-attention; `layer([query, value])` and `layer([query, value, key])` attend to
 * another sequence (`key` is `value` unless given). A last input of bools, `[batch, tq, tk]`, says which query may see which key. Padded
 * keys (the mask of the value or of the key) are never seen. A query that may see no key weighs all of them alike.
 *
 * Shapes: `query [batch, tq, e], value [batch, tk, f] -> [batch, tq, outputShape]`; keeps the mask of the query. Parameters:
 * `query/kernel [e, numHeads * keyDim]`, `key/kernel [.., numKvHeads * keyDim]`, `value/kernel [.., numKvHeads * valueDim]`,
 * `output/kernel [numHeads * valueDim, outputShape]`, and a `bias` of each.
 * Errors: `bad-value` for heads that do not divide, `shape-mismatch`, `dtype-mismatch`.
 * Source: Vaswani et al. 2017; Keras MultiHeadAttention and GroupQueryAttention; torch.nn.MultiheadAttention.
 *
 * @example
 * import { input, multiHeadAttention } from '@stratus/core';
 * const x = input({ shape: ['time', 64] });
 * console.log(multiHeadAttention({ numHeads: 4, keyDim: 16, causal: true })(x).shape); // ['batch', 'time', 64]
 */
export const multiHeadAttention = defineLayer<MultiHeadAttentionOptions>({
  type: 'MultiHeadAttention',
  inputs: [1, 4],
  check: (options) => checkAttention('MultiHeadAttention', options),
  build(options, inputs, scope) {
    const { sequences, mask } = withoutMask('MultiHeadAttention', inputs, 3);
    const [query, value = query, key = value] = sequences as [Value, Value?, Value?];
    const [queryMask, valueMask, ownKeyMask] = scope.masks;
    const keyMask = sequences.length === 1 ? queryMask : (ownKeyMask ?? valueMask);
    return attend('MultiHeadAttention', options, { query, key, value, mask, keyMask }, scope);
  },
  mask: (_, __, [mask]) => mask,
});

/** Takes the last of several inputs for a mask if it is of bools. */
export function withoutMask(
  what: string,
  inputs: readonly Value[],
  most: number,
): { readonly sequences: readonly Value[]; readonly mask: Mask } {
  const last = inputs[inputs.length - 1]!;
  const mask = inputs.length > 1 && last.dtype === 'bool' ? last : undefined;
  const sequences = mask ? inputs.slice(0, -1) : inputs;
  if (sequences.length > most)
    throw fail('bad-value', { what, got: `${sequences.length} sequences`, want: `${most} at most, and a mask of bools` });
  if (mask && mask.shape.length !== 3)
    throw fail('shape-mismatch', {
      what,
      got: `a mask of ${mask.shape.length} axes`,
      want: 'one of 3: [batch, queries, keys], true where a query may see a key',
    });
  return { sequences, mask };
}
