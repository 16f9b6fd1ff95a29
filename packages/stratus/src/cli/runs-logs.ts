import { setTimeout as sleep } from 'node:timers/promises';
import type { LogPiece, Store } from '../store/index.ts';
import { stateOf } from '../tracking/index.ts';
import { outputFor } from './output.ts';
import { findRun } from './runs-find.ts';
import { inWorkspace, type WorkspaceFlags } from './workspace.ts';

interface LogsOptions extends WorkspaceFlags {
  readonly follow?: boolean;
  readonly json?: boolean;
}

const pollMs = 500;

/** `stratus runs logs` */
export async function logs(key: string, options: LogsOptions): Promise<void> {
  const output = outputFor(options);
  const write = ({ stream, at, text }: LogPiece): void => {
    output.data({ stream, at: at.toISOString(), text });
    if (!output.json) process.stdout.write(text);
  };
  await inWorkspace(options, async ({ store }) => {
    const run = await findRun(store, key);
    let after = await printed(store, run.key, 0, write);
    if (after === 0 && !options.follow) output.note('It has printed nothing.');
    while (options.follow) {
      // Looked at first: what comes before its end is read after that.
      const isOver = stateOf(await store.runs.get(run.key)) !== 'running';
      after = await printed(store, run.key, after, write);
      if (isOver) return;
      await sleep(pollMs);
    }
  });
}

/** Everything behind a piece. Returns the number of the last one. */
async function printed(store: Store, key: string, after: number, write: (piece: LogPiece) => void): Promise<number> {
  for (let last = after; ; ) {
    const pieces = await store.logs.read(key, { after: last, limit: 100 });
    for (const piece of pieces) write(piece);
    if (pieces.length === 0) return last;
    last = pieces.at(-1)!.number;
  }
}
