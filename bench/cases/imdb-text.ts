// IMDB's 50,000 reviews from texts to a tensor of numbers: cleaned, tokenised and padded, with the words that the reference counts.
import { deepStrictEqual } from 'node:assert';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Run } from '../result.ts';
import { child } from '../shared/child.ts';
import { median } from '../shared/statistics.ts';

const rounds = process.env['STRATUS_BENCH_QUICK'] === '1' ? 1 : 3;

interface Counts {
  readonly total: number;
  readonly words: number;
  readonly top: readonly (readonly [string, number, number])[];
}

interface Counted extends Counts {
  readonly seconds: number;
  readonly shape: readonly number[];
}

export const run: Run = async ({ root, log, signal }) => {
  const data = process.env['STRATUS_DATA'];
  if (!data || !existsSync(join(data, 'imdb'))) {
    log('skipped: it needs imdb in the folder that STRATUS_DATA names');
    return [];
  }
  const golden = JSON.parse(readFileSync(join(root, 'golden/imdb_words.json'), 'utf8')) as { all: { cleaned: Counts } };
  const seconds: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    const script = join(root, 'bench/peers/imdb-text.mjs');
    const got: Counted = await child<Counted>(script, [data], signal);
    const { total, words, top } = got;
    deepStrictEqual({ total, words, top, shape: got.shape }, { ...golden.all.cleaned, shape: [50_000, 200] });
    seconds.push(got.seconds);
    log(`round ${round}: ${got.seconds.toFixed(2)} s`);
  }
  return [
    {
      name: 'IMDB: 50,000 reviews cleaned, tokenised and padded',
      reached: median(seconds),
      target: 15,
      better: 'lower',
      unit: 's',
      detail: `${golden.all.cleaned.words} words, counted as the reference counts them; ${rounds} rounds`,
    },
  ];
};
