// IMDB's 50,000 reviews cleaned, counted, numbered and padded, in a process of its own. Argument: the folder of the data sets. Prints the seconds,
// and the counts as golden/imdb_words.json has them.
import { cleanText, padSequences, tokenizer } from 'stratus';
import { reviews } from './imdb-reviews.mjs';

const texts = reviews(process.argv[2]);
const start = performance.now();
const cleaned = texts.map((text) => cleanText(text));
const words = tokenizer({ numWords: 20_000, oovToken: '<unknown>' }).fitOnTexts(cleaned);
const padded = padSequences(words.textsToSequences(cleaned), { maxLength: 200 });
const seconds = (performance.now() - start) / 1e3;
const counts = words.toJSON().words;
console.log(
  JSON.stringify({
    seconds,
    shape: padded.shape,
    total: counts.reduce((sum, [, count]) => sum + count, 0),
    words: counts.length,
    top: [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, 50),
  }),
);
