// GPT-2's numbers of all of IMDB's reviews: are they those of tiktoken and gpt-tokenizer, and how fast do they come beside the faster of the two.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Result, Run } from '../result.ts';
import { child } from '../shared/child.ts';
import { pythonWith } from '../shared/peers.ts';
import { median } from '../shared/statistics.ts';

const rounds = process.env['STRATUS_BENCH_QUICK'] === '1' ? 1 : 3;

interface Way {
  readonly seconds: number;
  /** Eight letters a review. */
  readonly digests: string;
}

const differing = (a: string, b: string): number[] =>
  Array.from({ length: a.length / 8 }, (_, i) => i).filter((i) => a.slice(8 * i, 8 * i + 8) !== b.slice(8 * i, 8 * i + 8));

export const run: Run = async ({ root, log, signal }) => {
  const data = process.env['STRATUS_DATA'];
  if (!data || !existsSync(join(data, 'gpt2-bpe'))) {
    log('skipped: it needs gpt2-bpe and imdb in the folder that STRATUS_DATA names');
    return [];
  }
  const packages = join(root, '.peers');
  const script = join(root, 'bench/peers/bpe.mjs');
  const ways: Record<string, () => Promise<Way>> = { stratus: () => child<Way>(script, ['stratus', data], signal) };
  if (existsSync(join(packages, 'node_modules/gpt-tokenizer')))
    ways['gpt-tokenizer'] = () => child<Way>(script, ['gpt-tokenizer', data, packages], signal);
  const python = pythonWith(root, ['tiktoken']);
  if (python !== undefined)
    ways['tiktoken'] = () => child<Way>(join(root, 'bench/peers/tiktoken_bpe.py'), [data], signal, python);
  const seconds: Record<string, number[]> = {};
  const digests: Record<string, string> = {};
  for (let round = 1; round <= rounds; round++)
    for (const [name, way] of Object.entries(ways)) {
      const got = await way();
      (seconds[name] ??= []).push(got.seconds);
      digests[name] = got.digests;
      log(`round ${round}: ${name} ${got.seconds.toFixed(2)} s`);
    }
  const peers = Object.keys(ways).filter((name) => name !== 'stratus');
  for (const name of ['tiktoken', 'gpt-tokenizer'])
    if (!peers.includes(name)) log(`${name}: not installed; node tools/peers.mjs installs it`);
  if (peers.length === 0) return [];
  const fastest = peers.sort((a, b) => median(seconds[a]!) - median(seconds[b]!))[0]!;
  const ours = seconds['stratus']!;
  // gpt-tokenizer takes U+0085 for no white space, because JavaScript's \s does; GPT-2, tiktoken and Hugging Face take it for one.
  const allowed: Record<string, number> = { tiktoken: 0, 'gpt-tokenizer': 31 };
  return [
    ...peers.map((name): Result => {
      const reached = differing(digests['stratus']!, digests[name]!).length;
      const detail = name === 'gpt-tokenizer' ? 'of 50,000; it splits U+0085 from the white space around it' : 'of 50,000';
      return {
        name: `BPE: reviews with other ids than ${name}'s`,
        reached,
        target: allowed[name]!,
        better: 'lower',
        unit: 'reviews',
        detail,
      };
    }),
    {
      name: `BPE: rate / ${fastest}`,
      reached: median(seconds[fastest]!.map((peer, i) => peer / ours[i]!)),
      target: 0.5,
      better: 'higher',
      unit: 'ratio',
      detail: `seconds: ${Object.entries(seconds)
        .map(([name, all]) => `${name} ${median(all).toFixed(2)}`)
        .join(', ')}; ${rounds} rounds`,
    },
  ];
};
