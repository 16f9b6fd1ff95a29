export { type AnyTokenizer, type AnyTokenizerJson, tokenizerFromJSON } from './any-tokenizer.ts';
export {
  type BpeEncodeOptions,
  BpeTokenizer,
  type BpeTokenizerJson,
  type BpeTokenizerOptions,
  bpeTokenizer,
} from './bpe/bpe-tokenizer.ts';
export { type TrainBpeOptions, trainBpe } from './bpe/train-bpe.ts';
export { cleanText } from './clean-text.ts';
export type { Texts } from './each-text.ts';
export { tokenizerFromHuggingFace } from './hugging-face.ts';
export { type PadSequencesOptions, padSequences } from './pad-sequences.ts';
export type { SpecialToken } from './special-tokens.ts';
export { Tokenizer, type TokenizerJson, type TokenizerOptions, tokenizer } from './tokenizer.ts';
export { type TrainWordPieceOptions, trainWordPiece } from './word-piece/train-word-piece.ts';
export {
  type WordPieceEncodeOptions,
  type WordPieceEncoding,
  WordPieceTokenizer,
  type WordPieceTokenizerJson,
  type WordPieceTokenizerOptions,
  wordPieceTokenizer,
} from './word-piece/word-piece-tokenizer.ts';
