import { gpt } from './gpt.ts';

/** GPT-2 with 124 million parameters, as nanoGPT trains it: without biases. A step is one piece of 256 tokens. */
export const stepModel = gpt({
  title: 'GPT-2, 124 M parameters',
  target: 1,
  large: true,
  batchSize: 1,
  batches: 8,
  firstSteps: 1,
  sizes: { vocabulary: 50_257, block: 256, layers: 12, heads: 12, width: 768 },
});
