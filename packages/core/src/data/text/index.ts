export { cleanText } from './clean-text.ts';
export { type PadSequencesOptions, padSequences } from './pad-sequences.ts';
export { type Texts, Tokenizer, type TokenizerJson, type TokenizerOptions, tokenizer } from './tokenizer.ts';
