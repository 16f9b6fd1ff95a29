export { type AnyTokenizer, type AnyTokenizerJson, tokenizerFromJSON } from './any-tokenizer.ts';
export {
  type BpeEncodeOptions,
  BpeTokenizer,
  type BpeTokenizerJson,
  type BpeTokenizerOptions,
  bpeTokenizer,
} from './bpe/bpe-tokenizer.ts';
export { type TrainBpeOptions, trainBpe } from './bpe/train-bpe.ts';
export { type CleanTextOptions, cleanText } from './clean-text.ts';
export type { Texts } from './each-text.ts';
export {
  type HashedVectorsOptions,
  hashedVectors,
  hashingTrick,
  murmurHash3,
  oneHotText,
  type WordOptions,
} from './hashing.ts';
export { tokenizerFromHuggingFace } from './hugging-face.ts';
export { ngrams } from './ngrams.ts';
export { type PadSequencesOptions, padSequences } from './pad-sequences.ts';
export { segmentWords } from './segment-words.ts';
export type { SpecialToken } from './special-tokens.ts';
export { TextVectors, type TextVectorsJson, type TextVectorsOptions, textVectors } from './text-vectors.ts';
export type { MatrixMode } from './texts-to-matrix.ts';
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
