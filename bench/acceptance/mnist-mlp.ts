// The mission's MLP on MNIST: as accurate as the peers' with the same settings, in less time, in the same run.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Tensor } from '@stratus/core';
import { mnist } from 'stratus';
import type { Result, Run } from '../result.ts';
import type { Competitor, Trained } from '../shared/competitor.ts';
import { lineup } from '../shared/peers.ts';
import { assemble } from '../shared/race.ts';
import { median } from '../shared/statistics.ts';

const epochs = 10;
const seeds = [1, 2, 3];
/** TensorFlow 2.21 with these settings, three seeds: what counts where no peer is installed. */
const recorded = [0.9737, 0.9743, 0.9743];

/** Writes the digits for all competitors. Gives the folder. */
async function writeDigits(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'stratus-mnist-'));
  for (const [name, { image, label }] of Object.entries(await mnist()) as [
    string,
    { image: Tensor<'uint8'>; label: Tensor<'uint8'> },
  ][]) {
    await writeFile(join(folder, `${name}-images.u8`), image.data);
    await writeFile(join(folder, `${name}-labels.u8`), label.data);
  }
  return folder;
}

/** Of one library's processes, the one whose number of threads trains an epoch faster. */
async function better(candidates: readonly Competitor[], log: (line: string) => void): Promise<Competitor> {
  let best: { competitor: Competitor; seconds: number } | undefined;
  for (const competitor of candidates) {
    await competitor.ask('train', { seed: 0, epochs: 1 }); // loads the digits, starts threads
    const { seconds } = await competitor.ask('train', { seed: 0, epochs: 1 });
    log(`${competitor.introduction.library}, ${competitor.threads}: ${seconds.toFixed(2)} s for an epoch`);
    if (!best || seconds < best.seconds) best = { competitor, seconds };
  }
  return best!.competitor;
}

const accuracies = (runs: readonly Trained[]): string => runs.map(({ accuracy }) => accuracy.toFixed(4)).join(' ');
const times = (runs: readonly Trained[]): string => runs.map(({ seconds }) => seconds.toFixed(1)).join(' ');
const medianOf = (runs: readonly Trained[], what: keyof Trained): number => median(runs.map((trained) => trained[what]));

function results(
  own: readonly Trained[],
  peers: readonly { readonly name: string; readonly runs: readonly Trained[] }[],
): Result[] {
  const accuracy = medianOf(own, 'accuracy');
  const difference = (name: string, theirs: number, detail: string): Result => ({
    name: `MNIST MLP: difference to ${name}`,
    reached: Math.abs(accuracy - theirs),
    target: 0.004,
    better: 'lower',
    unit: 'accuracy',
    detail,
  });
  const rows: Result[] = [
    {
      name: 'MNIST MLP: test accuracy',
      reached: accuracy,
      target: 0.972,
      better: 'higher',
      unit: 'accuracy',
      detail: `median of ${accuracies(own)}; ${epochs} epochs`,
    },
  ];
  for (const { name, runs } of peers) {
    rows.push(difference(name, medianOf(runs, 'accuracy'), `medians; ${name}: ${accuracies(runs)}`));
    const ratio = median(own.map(({ seconds }, i) => seconds / runs[i]!.seconds));
    const detail = `ten epochs with validation: ${times(own)} s against ${times(runs)} s`;
    // Less time: as much would be a miss.
    rows.push({
      name: `MNIST MLP: time, Stratus / ${name}`,
      reached: ratio,
      target: 0.999,
      better: 'lower',
      unit: 'ratio',
      detail,
    });
  }
  if (peers.length === 0)
    rows.push(
      difference('TensorFlow 2.21 as recorded', median(recorded), `no peer is installed; recorded: ${recorded.join(' ')}`),
    );
  return rows;
}

export const run: Run = async ({ root, log, signal }) => {
  const folder = await writeDigits();
  const entries = lineup(root, folder).filter(({ library }) => ['Stratus', 'PyTorch', 'TensorFlow'].includes(library));
  const { competitors } = await assemble(entries, { log, signal });
  try {
    const field: Competitor[] = [];
    for (const { library } of entries) {
      const candidates = competitors.filter((competitor) => competitor.introduction.library === library);
      if (candidates.length > 0) field.push(await better(candidates, log));
    }
    for (const competitor of competitors) if (!field.includes(competitor)) await competitor.stop();
    const runs = new Map<Competitor, Trained[]>(field.map((competitor) => [competitor, []]));
    for (const [i, seed] of seeds.entries()) {
      // Another one begins each time.
      for (const competitor of [...field.slice(i % field.length), ...field.slice(0, i % field.length)]) {
        signal.throwIfAborted();
        const trained = await competitor.ask('train', { seed, epochs });
        runs.get(competitor)!.push(trained);
        log(
          `seed ${seed}: ${competitor.introduction.library}, ${competitor.threads}: ${trained.accuracy.toFixed(4)} in ${trained.seconds.toFixed(1)} s`,
        );
      }
    }
    const [own, ...peers] = field.map((competitor) => {
      const { library, version } = competitor.introduction;
      return { name: `${library} ${version}`, runs: runs.get(competitor)! };
    });
    return results(own!.runs, peers);
  } finally {
    for (const competitor of competitors) await competitor.stop();
    await rm(folder, { recursive: true, force: true });
  }
};
