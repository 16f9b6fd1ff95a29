import { gpt } from './gpt.ts';

/** NanoGPT's setting for a CPU, as examples/zoo/char-gpt.ts trains it, with a learning rate that stays. */
export const stepModel = gpt({
  title: 'char-GPT',
  target: 0.95,
  batchSize: 12,
  batches: 32,
  firstSteps: 4,
  sizes: { vocabulary: 65, block: 64, layers: 4, heads: 4, width: 128 },
});
