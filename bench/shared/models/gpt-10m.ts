import { gpt } from './gpt.ts';

/** NanoGPT's "baby GPT" for Shakespeare, 10.8 million parameters, without dropout. */
export const stepModel = gpt({
  title: 'GPT of 10.8 M parameters',
  target: 1,
  large: true,
  batchSize: 4,
  batches: 4,
  firstSteps: 1,
  sizes: { vocabulary: 65, block: 256, layers: 6, heads: 6, width: 384 },
});
