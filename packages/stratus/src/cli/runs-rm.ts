import { createInterface } from 'node:readline/promises';
import { fail } from '@stratus/core';
import type { RunInfo, Store } from '../store/index.ts';
import { stateOf } from '../tracking/index.ts';
import { outputFor } from './output.ts';
import { findRuns } from './runs-find.ts';
import { inWorkspace, type WorkspaceFlags } from './workspace.ts';

interface RmOptions extends WorkspaceFlags {
  readonly yes?: boolean;
  readonly withParts?: boolean;
  readonly json?: boolean;
}

/** `stratus runs rm` */
export async function remove(keys: readonly string[], options: RmOptions): Promise<void> {
  const output = outputFor(options);
  await inWorkspace(options, async ({ store }) => {
    const named = await findRuns(store, keys);
    const runs = options.withParts ? await withParts(store, named) : named;
    const running = runs.find((run) => stateOf(run) === 'running');
    if (running)
      throw fail('conflict', {
        what: `The run '${running.key}'`,
        reason: 'is running',
        fix: 'Stop it first, or wait until it has ended.',
      });
    if (!options.yes) await confirm(runs);
    const removed: string[] = [];
    for (const { key } of runs) {
      await store.runs.remove(key);
      removed.push(key);
      if (!output.json) output.note(`Removed ${key}`);
    }
    output.data({ removed });
  });
}

/** Runs with all those within them, the innermost first. */
async function withParts(store: Store, runs: readonly RunInfo[]): Promise<RunInfo[]> {
  const found: RunInfo[] = [];
  for (const run of runs) {
    const parts = await store.runs.list({ parent: run.key, limit: 100_000 });
    for (const one of [...(await withParts(store, parts)), run]) if (!found.some(({ key }) => key === one.key)) found.push(one);
  }
  return found;
}

/** Errors: `usage` where nobody can be asked, and where the answer is no. */
async function confirm(runs: readonly RunInfo[]): Promise<void> {
  const what = `${runs.length === 1 ? 'the run' : `${runs.length} runs:`} ${runs.map(({ key, name }) => `${key} (${name})`).join(', ')}`;
  if (!process.stdin.isTTY) throw fail('usage', { reason: `This would remove ${what}.`, fix: 'Say -y if it is meant.' });
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await lines.question(`Remove ${what} with all metrics and logs? [y/N] `);
  lines.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw fail('usage', { reason: 'Nothing was removed.', fix: '' });
}
