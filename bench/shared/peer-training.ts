import { rm } from 'node:fs/promises';
import type { RunContext } from '../result.ts';
import { type Arrays, writeArrays } from './arrays.ts';
import { Competitor } from './competitor.ts';
import { modelLineup } from './peers.ts';

/** What PyTorch reached with the same settings. */
export interface PeerAccuracies {
  /** 'PyTorch 2.13.0'. */
  readonly name: string;
  readonly accuracies: readonly number[];
}

/**
 * Trains the model of this name in bench/peers/torch_models.py once for each seed, with as many threads as there are. Undefined where
 * PyTorch is not installed.
 */
export async function trainPeer(
  { root, log, signal }: RunContext,
  { model, arrays, seeds, epochs }: { model: string; arrays: Arrays; seeds: readonly number[]; epochs: number },
): Promise<PeerAccuracies | undefined> {
  const folder = await writeArrays(arrays);
  try {
    const entries = modelLineup(root, { folder, model, program: '' });
    const { library, commands, missing } = entries.find((entry) => entry.library === 'PyTorch')!;
    const command = commands.at(-1);
    if (command === undefined) {
      log(`skipped: ${library}: ${missing}`);
      return undefined;
    }
    const competitor = await Competitor.start(command, signal);
    try {
      const accuracies: number[] = [];
      for (const seed of seeds) {
        signal.throwIfAborted();
        const { accuracy, seconds } = await competitor.ask('train', { seed, epochs });
        log(`seed ${seed}: ${library}: ${accuracy.toFixed(4)} in ${seconds.toFixed(1)} s`);
        accuracies.push(accuracy);
      }
      return { name: `${library} ${competitor.introduction.version}`, accuracies };
    } finally {
      await competitor.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
