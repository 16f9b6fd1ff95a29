import { defineLayer } from '../layer.ts';
import { checkTransformer, partsOf, type TransformerOptions } from './transformer-parts.ts';

/** Options of {@link transformerDecoder}. */
export type TransformerDecoderOptions = TransformerOptions;

/**
 * One block of a transformer decoder: causal self-attention, attention to what the encoder gave, and two dense layers, each with a
 * residual connection and layer normalisation. Padded steps of both sequences (their masks) are never seen.
 *
 * Shapes: `[x [batch, steps, width], encoded [batch, others, any]] -> [batch, steps, width]`; keeps the mask of `x`. Parameters:
 * `selfAttention/…`, `selfAttentionNorm/…`, `crossAttention/…`, `crossAttentionNorm/…`, `feedforward/…`, `feedforwardNorm/…`, each as in
 * `transformerEncoder`. Errors: `shape-mismatch` for a width that `numHeads` does not divide, `bad-value`, `dtype-mismatch`.
 * Source: Vaswani et al. 2017; torch.nn.TransformerDecoderLayer; names of KerasHub TransformerDecoder.
 *
 * @example
 * import { input, transformerDecoder } from '@stratus/core';
 * const [x, encoded] = [input({ shape: ['time', 64] }), input({ shape: ['source', 64] })];
 * console.log(transformerDecoder({ numHeads: 4, intermediateDim: 256 })([x, encoded]).shape); // ['batch', 'time', 64]
 */
export const transformerDecoder = defineLayer<TransformerDecoderOptions>({
  type: 'TransformerDecoder',
  inputs: [2, 2],
  check: (options) => checkTransformer('TransformerDecoder', options),
  build({ rotary, ...options }, [x, encoded], scope) {
    const [own, other] = scope.masks;
    const self = partsOf('TransformerDecoder', { ...options, rotary }, x!, scope);
    const cross = partsOf('TransformerDecoder', options, x!, scope); // positions of two sequences are not compared
    const seen = self.attention('selfAttention', x!, (from) => ({ key: from, value: from, keyMask: own }), true);
    const attended = cross.attention('crossAttention', seen, () => ({ key: encoded!, value: encoded!, keyMask: other }), false);
    return cross.feedforward(attended);
  },
  mask: (_, __, [mask]) => mask,
});
