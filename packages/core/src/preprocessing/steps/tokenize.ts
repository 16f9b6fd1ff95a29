import {
  type AnyTokenizer,
  type AnyTokenizerJson,
  Tokenizer,
  type TokenizerOptions,
  tokenizerFromJSON,
} from '../../data/index.ts';
import { needForm } from '../form.ts';
import { defineStep } from '../step.ts';

/** Options of {@link tokenize}: those of `tokenizer` for words, or a tokenizer of any kind. */
export interface TokenizeOptions extends TokenizerOptions {
  /** A tokenizer (words, BPE, WordPiece), or its JSON: one of words is learnt unless it is given. */
  readonly tokenizer?: AnyTokenizer | AnyTokenizerJson | undefined;
}

/** What the manifest holds: words that cannot get a number need not be kept. */
function shortened(words: Tokenizer): AnyTokenizerJson {
  const json = words.toJSON();
  return { ...json, words: json.words.slice(0, words.vocabularySize) };
}

/** What was read from plain data: a step is looked at several times, and a vocabulary is large. */
const known = new WeakMap<object, AnyTokenizer>();

function read({ tokenizer }: TokenizeOptions): AnyTokenizer {
  const json = tokenizer as AnyTokenizerJson;
  const made = (typeof json === 'object' && json !== null && known.get(json)) || tokenizerFromJSON(json);
  if (typeof json === 'object') known.set(json, made);
  return made;
}

/**
 * Texts to lists of the numbers of their words, or of their tokens. `pad()` follows, to make them of one length.
 *
 * Shapes: none. Errors: `bad-value`. Source: keras.preprocessing.text.Tokenizer; see `bpeTokenizer` and `wordPieceTokenizer`.
 *
 * @example
 * import { preprocessing, steps } from '@stratus/core';
 * const prep = await preprocessing({ features: { text: [steps.tokenize({ numWords: 100 }), steps.pad()] } }).fit([{ text: 'to be or not to be' }]);
 * console.log(prep.inputs.input); // { shape: [6], dtype: 'int32', size: 5 }
 */
export const tokenize = defineStep<TokenizeOptions>({
  type: 'tokenize',
  options: ['tokenizer', 'numWords', 'oovToken', 'filters', 'lower', 'split', 'locale'],
  learns: ['tokenizer'],
  reads: 'text',
  check({ tokenizer, ...options }) {
    if (tokenizer === undefined) new Tokenizer(options);
    else read({ tokenizer });
  },
  form(config, input) {
    needForm('tokenize', input, ['text']);
    return { kind: 'list', size: read(config).vocabularySize };
  },
  learn({ tokenizer: _, ...options }) {
    const words = new Tokenizer(options);
    return {
      add: (values) => void words.fitOnTexts(values as readonly string[]),
      done: () => ({ tokenizer: shortened(words) }),
    };
  },
  apply(config) {
    const tokenizer = read(config);
    return (values) => Array.from(values, (text) => tokenizer.encode(text as string));
  },
});
