import { mkdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClearOptions, Swept } from './blobs.ts';
import { namesIn, type Places, takeBack } from './places.ts';

const day = 86_400_000;

/** The age of a file; nothing where somebody else has taken it away. */
const ageOf = async (file: string): Promise<number> =>
  await stat(file).then(
    ({ mtimeMs }) => Date.now() - mtimeMs,
    () => 0,
  );

async function older(names: readonly string[], place: (name: string) => string, ms: number): Promise<string[]> {
  const found: string[] = [];
  for (const name of names) if ((await ageOf(place(name))) > ms) found.push(name);
  return found;
}

/** Does it; false where the file is not there any more, because somebody else was faster. */
const unlessGone = async (work: () => Promise<void>): Promise<boolean> => {
  try {
    await work();
    return true;
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw e;
  }
};

const shown = (list: readonly string[]): string[] => list.map((hex) => `sha256:${hex}`).sort();

/**
 * In two steps, because between looking and removing others may put or name a blob. What nobody names and is old goes aside, where everybody who looks for it finds it and takes it back;
 * what has been aside for the same time and still is not named is removed.
 */
export async function sweepFolder(places: Places, { references, graceMs = day, dryRun = false }: ClearOptions): Promise<Swept> {
  const folders = await namesIn(places.blobs);
  const blobs = (await Promise.all(folders.map((part) => namesIn(join(places.blobs, part))))).flat();
  const old = await older(blobs, places.blob, graceMs);
  const asides = await namesIn(places.asides);
  const oldAsides = await older(asides, places.aside, graceMs);
  const named = await references(); // after the ages: whoever put one again since then has made it young, or finds it aside
  const swept = { aside: [] as string[], removed: [] as string[], restored: [] as string[] };
  const isNamed = (hex: string): boolean => named.has(`sha256:${hex}`);

  if (dryRun)
    return {
      aside: shown(old.filter((hex) => !isNamed(hex))),
      removed: shown(oldAsides.filter((hex) => !isNamed(hex))),
      restored: shown(asides.filter(isNamed)),
    };
  for (const hex of asides.filter(isNamed)) if (await takeBack(places, hex)) swept.restored.push(hex);
  for (const hex of oldAsides.filter((name) => !isNamed(name)))
    if (await unlessGone(() => rm(places.aside(hex)))) swept.removed.push(hex);
  await mkdir(places.asides, { recursive: true });
  for (const hex of old.filter((name) => !isNamed(name))) {
    if ((await ageOf(places.blob(hex))) <= graceMs) continue;
    const isAside = await unlessGone(async () => {
      await utimes(places.blob(hex), new Date(), new Date()); // the second time of grace begins now
      await rename(places.blob(hex), places.aside(hex));
    });
    if (isAside) swept.aside.push(hex);
  }
  const left = await older(await namesIn(places.unfinished), (name) => join(places.unfinished, name), graceMs);
  for (const name of left) await rm(join(places.unfinished, name), { force: true });
  return { aside: shown(swept.aside), removed: shown(swept.removed), restored: shown(swept.restored) };
}
