import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fail } from '@stratus/core';
import type { Workspace } from '../workspace/index.ts';
import { deliver, isOwnFault, pointsIn } from './entry.ts';
import { Journal } from './journal.ts';

/**
 * Stores what an earlier process left in a file, and removes the file. What was stored before counts once. Returns the runs, how many points there were, and what could not be
 * stored whoever asks. Errors: `file-not-found`, those of the store; then the file stays.
 */
export async function recover(workspace: Workspace, path: string): Promise<Recovered> {
  const file = resolve(path);
  if (!existsSync(file)) throw fail('file-not-found', { file });
  const runs = new Set<string>();
  const refused: string[] = [];
  let points = 0;
  await new Journal(file).drain(async (entry) => {
    try {
      await deliver(workspace, entry);
      runs.add(entry.run);
      points += pointsIn(entry);
    } catch (e) {
      if (!isOwnFault(e)) throw e;
      refused.push((e as Error).message);
    }
  });
  return { runs: [...runs], points, refused };
}

/** What a file brought into the store. */
export interface Recovered {
  readonly runs: readonly string[];
  readonly points: number;
  readonly refused: readonly string[];
}
