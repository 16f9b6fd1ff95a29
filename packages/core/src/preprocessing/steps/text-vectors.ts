import { TextVectors, type TextVectorsJson, type TextVectorsOptions, textVectors as vectorsOf } from '../../data/index.ts';
import { needForm } from '../form.ts';
import { defineStep } from '../step.ts';

/** Options of {@link textVectors}: those of the function of that name. */
export interface TextVectorsStepOptions extends TextVectorsOptions {
  /** Fitted vectors, or their JSON: learnt, unless given. */
  readonly vectors?: TextVectors | TextVectorsJson | undefined;
}

const read = ({ vectors }: TextVectorsStepOptions): TextVectors => TextVectors.fromJSON(vectors as TextVectorsJson);

/**
 * Texts to rows with a column for each term: which words are there, how often, or TF-IDF; the most frequent 20,000 unless told.
 *
 * Shapes: `[terms]` float32. Errors: `bad-value`. Source: Keras TextVectorization, scikit-learn TfidfVectorizer.
 *
 * @example
 * import { preprocessing, steps } from '@stratus/core';
 * const texts = [{ text: 'good film' }, { text: 'bad film' }];
 * const prep = await preprocessing({ features: { text: [steps.textVectors({ mode: 'tfIdf' })] } }).fit(texts);
 * console.log(prep.inputs.input!.shape); // [3]
 */
export const textVectors = defineStep<TextVectorsStepOptions>({
  type: 'textVectors',
  options: [
    'vectors',
    'mode',
    'ngrams',
    'maxTokens',
    'minDocuments',
    'norm',
    'smoothIdf',
    'sublinearTf',
    'filters',
    'lower',
    'split',
    'locale',
  ],
  learns: ['vectors'],
  reads: 'text',
  check({ vectors, ...options }) {
    if (vectors === undefined) vectorsOf(options);
    else read({ vectors });
  },
  form(config, input) {
    needForm('textVectors', input, ['text']);
    return { kind: 'tensor', dtype: 'float32', shape: [read(config).terms.length] };
  },
  learn({ vectors: _, maxTokens = 20_000, ...options }) {
    const seen = vectorsOf({ maxTokens, ...options });
    return {
      add: (values) => void seen.fit(values as readonly string[]),
      done: () => ({ vectors: seen.toJSON() }),
    };
  },
  apply(config) {
    const vectors = read(config);
    const width = vectors.terms.length;
    return (values) => {
      const { data } = vectors.transform(values as readonly string[]);
      return Array.from(values, (_, i) => data.subarray(i * width, (i + 1) * width));
    };
  },
});
