import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** What a checkpoint is made of; a script that calls fit again gets `fit-2`, `fit-3`, … in the same folder. */
const checkpoint = /^(LATEST|step-\d+(-\d+)?)$/;
const own = /^(LATEST|step-\d+(-\d+)?|fit-\d+)$/;

/** Puts the checkpoints of an earlier training into `previous`, where one is kept. */
function setAside(folder: string): void {
  const previous = join(folder, 'previous');
  rmSync(previous, { recursive: true, force: true });
  mkdirSync(previous);
  for (const name of readdirSync(folder)) if (own.test(name)) renameSync(join(folder, name), join(previous, name));
}

/** The folders that one run of a script writes checkpoints to. */
export interface CheckpointFolders {
  /** The folder of the next fit: each has its own, so that each can be resumed. */
  next(): string;
  /** How many were handed out. */
  readonly used: number;
}

/** A training that begins anew must never be resumed from what an earlier one left, nor destroy it. */
export function checkpointFolders(
  folder: string,
  { resume, note }: { readonly resume: boolean; readonly note: (text: string) => void },
): CheckpointFolders {
  let used = 0;
  return {
    get used() {
      return used;
    },
    next() {
      used++;
      const there = existsSync(folder) && readdirSync(folder).some((name) => checkpoint.test(name));
      if (used === 1 && there && !resume) {
        setAside(folder);
        note(`The checkpoints of an earlier training are now in ${join(folder, 'previous')}.`);
      }
      if (used === 1 && !there && resume) note(`There is no checkpoint in ${folder}: training begins at its beginning.`);
      return used === 1 ? folder : join(folder, `fit-${used}`);
    },
  };
}
