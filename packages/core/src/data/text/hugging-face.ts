import { fail } from '../../errors.ts';
import { lookUp } from '../../suggest.ts';
import { BpeTokenizer, type BpeTokenizerOptions } from './bpe/bpe-tokenizer.ts';
import { type Split, splitOfPattern } from './bpe/pieces.ts';
import { parsed } from './bpe/vocabulary.ts';
import type { SpecialToken } from './special-tokens.ts';
import { WordPieceTokenizer } from './word-piece/word-piece-tokenizer.ts';

const what = 'tokenizerFromHuggingFace';

/** A part of a file `tokenizer.json`: a type, and what that type needs. */
interface HuggingFacePart {
  readonly type?: string;
  readonly [name: string]: unknown;
}

/** What is read of a file `tokenizer.json`. */
interface HuggingFaceJson {
  readonly model: HuggingFacePart;
  readonly normalizer?: HuggingFacePart | null;
  readonly pre_tokenizer?: HuggingFacePart | null;
  readonly added_tokens?: readonly (SpecialToken & { readonly single_word?: boolean })[];
}

/** The error for what cannot be done as the file says: silence would give other numbers. */
const cannot = (part: string, value: unknown) =>
  fail('bad-value', {
    what,
    got: `${part} ${JSON.stringify(value)?.slice(0, 200)}`,
    want: 'byte-level BPE as GPT-2, RoBERTa, Llama 3 and Qwen 2 have it, or WordPiece as BERT has it',
  });

/** A part, and the parts of a sequence of them. */
function partsOf(part: HuggingFacePart | null | undefined, list: string): readonly HuggingFacePart[] {
  const parts: unknown = !part ? [] : part.type === 'Sequence' ? part[list] : [part];
  if (!Array.isArray(parts) || !parts.every((one) => typeof one === 'object' && one !== null)) throw cannot(list, part);
  return parts as readonly HuggingFacePart[];
}

const forms: readonly unknown[] = ['NFC', 'NFD', 'NFKC', 'NFKD'];

function readBpe(json: HuggingFaceJson, specialTokens: readonly SpecialToken[]): BpeTokenizer {
  const { vocab, merges, dropout, unk_token, continuing_subword_prefix, end_of_word_suffix, byte_fallback, ignore_merges } =
    json.model;
  if (dropout || continuing_subword_prefix || end_of_word_suffix || byte_fallback)
    throw cannot('a model with', { dropout, continuing_subword_prefix, end_of_word_suffix, byte_fallback });
  const [normalizer, ...more] = partsOf(json.normalizer, 'normalizers');
  if (more.length > 0 || (normalizer && !forms.includes(normalizer.type))) throw cannot('normalizer', json.normalizer);
  const before = partsOf(json.pre_tokenizer, 'pretokenizers');
  const bytes = before.at(-1);
  const [cut, ...others] = before.slice(0, -1);
  if (bytes?.type !== 'ByteLevel' || others.length > 0) throw cannot('pre_tokenizer', json.pre_tokenizer);
  const regex = (cut?.['pattern'] as { Regex?: string } | undefined)?.Regex;
  let split: Split | undefined = cut === undefined && bytes['use_regex'] !== false ? 'gpt2' : undefined;
  if (cut?.type === 'Split' && cut['behavior'] === 'Isolated' && !cut['invert'] && bytes['use_regex'] === false)
    split = splitOfPattern(regex);
  if (split === undefined) throw cannot('pre_tokenizer', json.pre_tokenizer);
  return new BpeTokenizer(
    {
      vocabulary: vocab as Record<string, number>,
      merges: merges as string[],
      specialTokens,
      split,
      addPrefixSpace: bytes['add_prefix_space'] === true,
      ignoreMerges: ignore_merges === true,
      normalization: normalizer?.type as BpeTokenizerOptions['normalization'],
      unkToken: (unk_token as string | null | undefined) || undefined,
    },
    what,
  );
}

function readWordPiece(json: HuggingFaceJson, specialTokens: readonly SpecialToken[]): WordPieceTokenizer {
  const { vocab, unk_token, continuing_subword_prefix, max_input_chars_per_word } = json.model;
  const { type, clean_text, handle_chinese_chars, strip_accents, lowercase } = json.normalizer ?? {};
  if (type !== 'BertNormalizer') throw cannot('normalizer', json.normalizer);
  if (json.pre_tokenizer?.type !== 'BertPreTokenizer') throw cannot('pre_tokenizer', json.pre_tokenizer);
  return new WordPieceTokenizer(
    {
      vocabulary: vocab as Record<string, number>,
      specialTokens,
      unkToken: unk_token as string,
      prefix: continuing_subword_prefix as string,
      maxInputCharsPerWord: max_input_chars_per_word as number,
      cleanText: clean_text as boolean,
      handleChineseChars: handle_chinese_chars as boolean,
      stripAccents: (strip_accents ?? undefined) as boolean | undefined,
      lowercase: lowercase as boolean,
    },
    what,
  );
}

/** How each type of model is read. */
const readers: Readonly<
  Record<string, (json: HuggingFaceJson, special: readonly SpecialToken[]) => BpeTokenizer | WordPieceTokenizer>
> = { BPE: readBpe, WordPiece: readWordPiece };

/**
 * The tokenizer of a file `tokenizer.json` of Hugging Face: byte-level BPE, or WordPiece.
 * What the file adds around a text (its `post_processor`) is not read: BPE adds nothing, WordPiece `[CLS]` and `[SEP]`.
 *
 * Shapes: none. Errors: `bad-value` for what would give other numbers than Hugging Face's, `unknown-name` for another type of model.
 * Source: Hugging Face tokenizers.
 *
 * @example no-run
 * import { readFile } from 'node:fs/promises';
 * import { tokenizerFromHuggingFace } from '@stratus/core';
 * const tokens = tokenizerFromHuggingFace(await readFile('tokenizer.json', 'utf8'));
 * console.log(tokens.encode('Hello world'));
 */
export function tokenizerFromHuggingFace(text: string): BpeTokenizer | WordPieceTokenizer {
  const json = parsed(what, text, "the text of a file 'tokenizer.json'") as Partial<HuggingFaceJson> | null;
  if (typeof json?.model !== 'object' || json.model === null) throw cannot('no model in', json);
  const added = json.added_tokens ?? [];
  if (!Array.isArray(added)) throw cannot('added_tokens', added);
  for (const one of added as readonly (HuggingFacePart | null)[]) if (one?.['single_word']) throw cannot('added token', one);
  const type = json.model.type ?? (json.model['merges'] === undefined ? 'WordPiece' : 'BPE'); // older files do not say
  return lookUp('type of tokenizer', readers, type)(json as HuggingFaceJson, added);
}
