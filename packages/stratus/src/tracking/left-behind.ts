import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { readdir, readFile, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { isRunning, processName, thisPlace } from '../processes/index.ts';
import type { Workspace, WorkspacePlace } from '../workspace/index.ts';
import { recover } from './recover.ts';

/** Says that a file has entries for a store, so that whoever comes next brings them there when their process is gone. */
interface Note {
  readonly file: string;
  readonly store: string;
  readonly project: string;
  /** Who puts something into it, and where that process can be seen. */
  readonly host: string;
  readonly place: string;
  readonly process: string;
}

/** What was taken aside to be brought home. */
const taken = '.taken';

const folderOf = (local: string): string => join(local, 'waiting');

const noteName = (file: string): string => `${createHash('sha256').update(file).digest('hex').slice(0, 32)}.json`;

const ours = (): Pick<Note, 'host' | 'place' | 'process'> => ({
  host: hostname(),
  place: thisPlace(),
  process: processName(process.pid),
});

const bootOf = (place: string): string => place.split('/')[0]!;

/** Whether nobody adds to a file any more. A machine that was started anew has none of the processes of before; other machines cannot be asked. */
function isLeft({ host, place, process: name, file }: Note): boolean {
  if (host !== hostname()) return false;
  if (name === processName(process.pid)) return file.endsWith(taken);
  const here = thisPlace();
  return place === here ? !isRunning(name) : bootOf(place) !== bootOf(here);
}

function write(local: string, note: Note): void {
  const folder = folderOf(local);
  mkdirSync(folder, { recursive: true });
  const path = join(folder, noteName(note.file));
  const fresh = `${path}.${randomUUID()}`;
  writeFileSync(fresh, JSON.stringify(note));
  renameSync(fresh, path);
}

/** This process is about to put into a file what it cannot store for now. Errors: those of Node. */
export function leave(place: WorkspacePlace, file: string): void {
  const { store, project, folder } = place;
  write(folder, { ...ours(), file: resolve(file), store, project });
}

async function noteIn(path: string): Promise<Note | undefined> {
  try {
    const note = JSON.parse(await readFile(path, 'utf8')) as Note;
    return typeof note.file === 'string' && typeof note.process === 'string' ? note : undefined;
  } catch {
    return undefined; // another process has brought it home just now, or it is none of ours
  }
}

/**
 * Brings into the store what processes that are gone have left in files beside their checkpoints. A file is taken aside first: a process that goes on with the run finds none, and adds
 * to none that is about to be removed; one that was taken aside by somebody who was killed is found again. Returns how many points there were, and what could not be stored whoever asks.
 * Errors: those of the store; then the files stay.
 */
export async function bringHome(workspace: Workspace): Promise<{ readonly points: number; readonly refused: readonly string[] }> {
  const folder = folderOf(workspace.folder);
  const names = await readdir(folder).catch(() => []);
  let points = 0;
  const refused: string[] = [];
  for (const name of names.filter((one) => one.endsWith('.json'))) {
    const path = join(folder, name);
    const note = await noteIn(path);
    if (note?.store !== workspace.store.address || note.project !== workspace.store.project) continue;
    if (!isLeft(note)) continue;
    const aside = note.file.endsWith(taken) ? note.file : `${note.file}.${randomUUID()}${taken}`;
    if (aside !== note.file) {
      write(workspace.folder, { ...note, ...ours(), file: aside });
      const isThere = await rename(note.file, aside).then(
        () => true,
        () => false, // whoever went on with the run has stored it
      );
      await rm(path, { force: true });
      if (!isThere) {
        await rm(join(folder, noteName(aside)), { force: true });
        continue;
      }
    }
    const found = await recover(workspace, aside);
    points += found.points;
    refused.push(...found.refused);
    for (const one of [path, join(folder, noteName(aside))]) await rm(one, { force: true });
  }
  return { points, refused };
}
