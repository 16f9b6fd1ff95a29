import { checkOptions } from '../../options.ts';
import { defineLayer } from '../layer.ts';
import { withoutMask } from './multi-head-attention.ts';
import { checkTransformer, partsOf, type TransformerOptions } from './transformer-parts.ts';

/** Options of {@link transformerEncoder}. */
export interface TransformerEncoderOptions extends TransformerOptions {
  /** No step sees those after it, as in GPT; false unless told. */
  readonly causal?: boolean | undefined;
}

/**
 * One block of a transformer encoder: self-attention and two dense layers, each with a residual connection and layer normalisation.
 * With `causal` it is the block of a GPT. A second input of bools, `[batch, steps, steps]`, says which step may see which; padded steps
 * (the mask of the input) are never seen.
 *
 * Shapes: `[batch, steps, width] -> [batch, steps, width]`; keeps the mask. Parameters: `attention/{query,key,value,output}/{kernel,bias}`,
 * `attentionNorm/{gamma,beta}`, `feedforward/{dense1,dense2}/{kernel,bias}`, `feedforwardNorm/{gamma,beta}`.
 * Errors: `shape-mismatch` for a width that `numHeads` does not divide, `bad-value`, `dtype-mismatch`.
 * Source: Vaswani et al. 2017; torch.nn.TransformerEncoderLayer; names of KerasHub TransformerEncoder.
 *
 * @example
 * import { input, transformerEncoder } from '@stratus/core';
 * const x = input({ shape: [200, 64] });
 * console.log(transformerEncoder({ numHeads: 4, intermediateDim: 256, dropout: 0.1 })(x).shape); // ['batch', 200, 64]
 */
export const transformerEncoder = defineLayer<TransformerEncoderOptions>({
  type: 'TransformerEncoder',
  inputs: [1, 2],
  check(options) {
    checkOptions('TransformerEncoder', { causal: options.causal ?? false }, { causal: 'flag' });
    checkTransformer('TransformerEncoder', options);
  },
  build(options, inputs, scope) {
    const { sequences, mask } = withoutMask('TransformerEncoder', inputs, 1);
    const parts = partsOf('TransformerEncoder', options, sequences[0]!, scope);
    const keyMask = scope.masks[0];
    return parts.feedforward(
      parts.attention('attention', sequences[0]!, (x) => ({ key: x, value: x, mask, keyMask }), options.causal ?? false),
    );
  },
  mask: (_, __, [mask]) => mask,
});
