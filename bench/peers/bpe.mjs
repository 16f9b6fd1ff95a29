// GPT-2's numbers of IMDB's reviews, in a process of its own. Arguments: 'stratus' or 'gpt-tokenizer', the folder of the data sets, and the
// folder with the packages. Prints the seconds of the second time through all of them, and what each review gave.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bpeTokenizer } from 'stratus';
import { digest, reviews, unzipped } from './imdb-reviews.mjs';

const [way, data, packages] = process.argv.slice(2);

const encoders = {
  stratus() {
    const vocabulary = unzipped(data, 'gpt2-bpe', 'encoder.json.gz');
    const tokens = bpeTokenizer({ vocabulary, merges: unzipped(data, 'gpt2-bpe', 'vocab.bpe.gz') });
    return (text) => tokens.encode(text);
  },
  'gpt-tokenizer'() {
    const { encode } = createRequire(pathToFileURL(join(packages, 'package.json')))('gpt-tokenizer/encoding/r50k_base');
    return (text) => encode(text);
  },
};

const encode = encoders[way]();
const texts = reviews(data);
let ids = texts.map(encode);
ids = undefined; // the first time warms up
const start = performance.now();
ids = texts.map(encode);
const seconds = (performance.now() - start) / 1e3;
console.log(JSON.stringify({ seconds, digests: ids.map(digest).join('') }));
