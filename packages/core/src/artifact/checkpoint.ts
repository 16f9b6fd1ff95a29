import { fail, StratusError } from '../errors.ts';
import type { Files } from '../runtime/index.ts';
import { sha256 } from './sha256.ts';

/** What a checkpoint is made of. */
export interface CheckpointParts {
  /** The number of training steps behind it. */
  readonly step: number;
  /** File name -> content. */
  readonly parts: Readonly<Record<string, Uint8Array>>;
}

/** A checkpoint that was read and found whole. */
export interface Checkpoint extends CheckpointParts {
  /** Its folder. */
  readonly path: string;
  /** Newer ones that were passed over, each with the reason. Empty when all is well. */
  readonly skipped: readonly string[];
}

const checksums = 'checksums.json';
const pointer = 'LATEST';
const folderPattern = /^step-(\d{8,16})(?:-\d+)?$/;
/** What a process that was killed while it wrote leaves behind: the temporary names of `Files`, and no other, for people rename folders. */
const leftover = /^(?:step-\d{8,16}(?:-\d+)?|LATEST)\.[0-9a-f]{8}\.tmp$/;
const folderName = (step: number, copy: number): string => `step-${String(step).padStart(8, '0')}${copy === 1 ? '' : `-${copy}`}`;

/** The content of checksums.json. `written` counts the checkpoints of a folder: what is newer is what was written later. */
interface Sums {
  readonly format: 1;
  readonly step: number;
  readonly written: number;
  /** File name -> SHA-256. */
  readonly parts: Readonly<Record<string, string>>;
}

/** Not a path, not hidden, not one of ours. */
const isPartName = (name: string): boolean => /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(name) && name !== checksums;
const isCount = (x: unknown): x is number => Number.isSafeInteger(x) && (x as number) >= 0;

function parseSums(bytes: Uint8Array): Sums | undefined {
  try {
    const { format, step, written, parts } = JSON.parse(new TextDecoder().decode(bytes)) as Partial<Sums>;
    const whole = format === 1 && isCount(step) && isCount(written) && typeof parts === 'object' && parts !== null;
    if (!whole || !Object.entries(parts).every(([name, hash]) => isPartName(name) && typeof hash === 'string')) return undefined;
    return { format, step, written, parts };
  } catch {
    return undefined;
  }
}

/** A file that cannot be read, on a failing disk for instance, is a damaged one: its error as a text. */
async function readOrReason(files: Files, path: string): Promise<Uint8Array | string | undefined> {
  try {
    return await files.readIfThere(path);
  } catch (e) {
    if (StratusError.is(e)) return e.message;
    throw e;
  }
}

const readSums = async (files: Files, path: string): Promise<Sums | undefined> => {
  const bytes = await readOrReason(files, files.join(path, checksums));
  return bytes instanceof Uint8Array ? parseSums(bytes) : undefined;
};

/** The checkpoint in a folder, or what is wrong with it. */
async function verified(files: Files, path: string): Promise<CheckpointParts | string> {
  const bytes = await readOrReason(files, files.join(path, checksums));
  if (!(bytes instanceof Uint8Array)) return bytes ?? `${checksums} is missing`;
  const sums = parseSums(bytes);
  if (!sums) return `${checksums} cannot be read`;
  const parts: [string, Uint8Array][] = [];
  for (const [name, want] of Object.entries(sums.parts)) {
    const part = await readOrReason(files, files.join(path, name));
    if (!(part instanceof Uint8Array)) return part ?? `${name} is missing`;
    const got = await sha256(part);
    if (got !== want) return `${name} has the SHA-256 ${got}, expected ${want}`;
    parts.push([name, part]);
  }
  return { step: sums.step, parts: Object.fromEntries(parts) };
}

interface Found {
  readonly name: string;
  readonly sums: Sums | undefined;
}

/** The checkpoints of a folder, newest first. */
async function checkpointsIn(files: Files, dir: string): Promise<Found[]> {
  const folders = (await files.list(dir)).filter((name) => folderPattern.test(name));
  const found = await Promise.all(folders.map(async (name) => ({ name, sums: await readSums(files, files.join(dir, name)) })));
  return found.sort((a, b) => (b.sums?.written ?? -1) - (a.sums?.written ?? -1) || (a.name < b.name ? 1 : -1));
}

const sameParts = (a: Sums['parts'], b: Sums['parts']): boolean =>
  Object.keys(a).length === Object.keys(b).length && Object.entries(a).every(([name, hash]) => b[name] === hash);

/** What is only tidying up must not stop a training whose checkpoint is safe; the next one tries again. */
async function removeQuietly(files: Files, path: string): Promise<void> {
  try {
    await files.remove(path);
  } catch (e) {
    if (!StratusError.is(e)) throw e;
  }
}

/**
 * Writes a checkpoint as the folder `<dir>/step-00000123`, whole or not at all, then moves `LATEST` to it, then removes the
 * oldest beyond `keep` and what killed processes left. Whenever the process dies, the last complete one stays readable. Resolves to the folder.
 *
 * A checkpoint of the same step and content is not written twice; one of the same step and other content replaces the old one,
 * under `step-00000123-2`. One process at a time may write into a folder.
 *
 * Shapes: any bytes under plain file names. Errors: `bad-value` for a part's name, the step or `keep`;
 * `file-failed` (full disk, permissions): then the ones before are as they were.
 */
export async function writeCheckpoint(
  files: Files,
  dir: string,
  { step, parts, keep = 3 }: CheckpointParts & { readonly keep?: number },
): Promise<string> {
  const what = 'writeCheckpoint';
  if (!isCount(step)) throw fail('bad-value', { what, got: `step ${step}`, want: 'a whole number from 0' });
  if (!(keep === Number.POSITIVE_INFINITY || (isCount(keep) && keep > 0)))
    throw fail('bad-value', { what, got: `keep ${keep}`, want: 'a whole number from 1, or Infinity' });
  const odd = Object.keys(parts).find((name) => !isPartName(name));
  if (odd !== undefined)
    throw fail('bad-value', { what, got: `a part named '${odd}'`, want: `a plain file name other than ${checksums}` });

  for (const name of await files.list(dir)) if (leftover.test(name)) await removeQuietly(files, files.join(dir, name));
  const before = await checkpointsIn(files, dir);
  const hashes = await Promise.all(Object.entries(parts).map(async ([name, bytes]) => [name, await sha256(bytes)] as const));
  const sums: Sums = {
    format: 1,
    step,
    written: Math.max(0, ...before.map((f) => f.sums?.written ?? 0)) + 1,
    parts: Object.fromEntries(hashes),
  };

  const sameStep = before.filter(({ name }) => Number(folderPattern.exec(name)![1]) === step);
  // Found again after a kill between the folder and LATEST, or when a stop falls on a step that was just saved.
  const twin = before[0]?.sums?.step === step && sameParts(before[0].sums.parts, sums.parts) ? before[0].name : undefined;
  const usable = twin !== undefined && typeof (await verified(files, files.join(dir, twin))) !== 'string' ? twin : undefined;
  let copy = 1;
  while (before.some(({ name }) => name === folderName(step, copy))) copy++;
  const name = usable ?? folderName(step, copy);
  const path = files.join(dir, name);
  if (!usable)
    await files.writeFolder(path, { ...parts, [checksums]: new TextEncoder().encode(`${JSON.stringify(sums, null, 2)}\n`) });
  await files.write(files.join(dir, pointer), new TextEncoder().encode(`${name}\n`));

  const superseded = sameStep.filter((f) => f.name !== name);
  const others = before.filter((f) => f.name !== name && !superseded.includes(f));
  for (const old of [...superseded, ...others.slice(keep - 1)]) await removeQuietly(files, files.join(dir, old.name));
  return path;
}

/**
 * Moves `LATEST` back to a checkpoint that was written before, if it is still there and whole; nothing is removed. True when it was.
 * Errors: `file-failed`.
 */
export async function pointToCheckpoint(files: Files, dir: string, path: string): Promise<boolean> {
  const name = (await files.list(dir)).find((each) => folderPattern.test(each) && files.join(dir, each) === path);
  if (name === undefined || typeof (await verified(files, path)) === 'string') return false;
  await files.write(files.join(dir, pointer), new TextEncoder().encode(`${name}\n`));
  return true;
}

/**
 * Reads a checkpoint: of a folder that `writeCheckpoint` writes to, the one that `LATEST` names; or the folder of one checkpoint itself.
 * Every part is checked against its SHA-256. When the one that `LATEST` names is damaged, the newest complete one is read
 * instead, and `skipped` says what was passed over and why.
 *
 * Shapes: any bytes. Errors: `no-checkpoint` when there is none or none is whole; `corrupt` when the one that was asked for is damaged.
 */
export async function readCheckpoint(files: Files, dir: string): Promise<Checkpoint> {
  if (await files.readIfThere(files.join(dir, checksums))) {
    const own = await verified(files, dir);
    if (typeof own !== 'string') return { path: dir, ...own, skipped: [] };
    throw fail('corrupt', { file: dir, reason: own, fix: 'Use another checkpoint: the folder above it may hold older ones.' });
  }
  const named = await files.readIfThere(files.join(dir, pointer));
  const latest = named && new TextDecoder().decode(named).trim();
  const found = await checkpointsIn(files, dir);
  const first = found.filter(({ name }) => name === latest);
  const skipped: string[] = [];
  if (latest !== undefined && first.length === 0) skipped.push(`${pointer} names '${latest}', which is not there`);
  for (const { name } of [...first, ...found.filter((f) => !first.includes(f))]) {
    const path = files.join(dir, name);
    const checkpoint = await verified(files, path);
    if (typeof checkpoint !== 'string') return { path, ...checkpoint, skipped };
    skipped.push(`${name}: ${checkpoint}`);
  }
  throw fail('no-checkpoint', {
    dir,
    reason: skipped.length ? `none is whole (${skipped.join('; ')})` : 'it holds none, or does not exist',
  });
}
