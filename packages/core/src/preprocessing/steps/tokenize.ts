import { Tokenizer, type TokenizerJson, type TokenizerOptions } from '../../data/index.ts';
import { needForm } from '../form.ts';
import { defineStep } from '../step.ts';

/** Options of {@link tokenize}: those of `tokenizer`, or one that is there. */
export interface TokenizeOptions extends TokenizerOptions {
  /** A tokenizer, or its JSON: learnt, unless given. */
  readonly tokenizer?: Tokenizer | TokenizerJson | undefined;
}

/** Only words that can get a number need to be kept. */
function shortened(tokenizer: Tokenizer): TokenizerJson {
  const json = tokenizer.toJSON();
  return { ...json, words: json.words.slice(0, tokenizer.vocabularySize) };
}

/**
 * Texts to lists of the numbers of their words. `pad()` follows, to make them of one length.
 *
 * Shapes: none. Errors: `bad-value`. Source: keras.preprocessing.text.Tokenizer.
 *
 * @example
 * import { preprocessing, steps } from '@stratus/core';
 * const prep = await preprocessing({ features: { text: [steps.tokenize({ numWords: 100 }), steps.pad()] } }).fit([{ text: 'to be or not to be' }]);
 * console.log(prep.inputs.input); // { shape: [6], dtype: 'int32', size: 5 }
 */
export const tokenize = defineStep<TokenizeOptions>({
  type: 'tokenize',
  options: ['tokenizer', 'numWords', 'oovToken', 'filters', 'lower', 'split'],
  learns: ['tokenizer'],
  reads: 'text',
  check({ tokenizer, ...options }) {
    if (tokenizer === undefined) new Tokenizer(options);
    else Tokenizer.fromJSON(tokenizer as TokenizerJson);
  },
  form({ tokenizer }, input) {
    needForm('tokenize', input, ['text']);
    return { kind: 'list', size: tokenizer ? Tokenizer.fromJSON(tokenizer as TokenizerJson).vocabularySize : 1 };
  },
  learn({ tokenizer: _, ...options }) {
    const words = new Tokenizer(options);
    return {
      add: (values) => void words.fitOnTexts(values as readonly string[]),
      done: () => ({ tokenizer: shortened(words) }),
    };
  },
  apply({ tokenizer }) {
    const words = Tokenizer.fromJSON(tokenizer as TokenizerJson);
    return (values) => words.textsToSequences(values as readonly string[]);
  },
});
