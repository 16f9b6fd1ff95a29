import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { callbackName, keyIn } from './fit-callback.ts';

/** The run that the checkpoints of a folder belong to; undefined where nothing says so. */
export async function keyOfCheckpoints(folder: string): Promise<string | undefined> {
  const names = await readdir(folder).catch((): string[] => []);
  const latest = await readFile(join(folder, 'LATEST'), 'utf8').catch(() => '');
  // The newest one may be damaged; training then goes on from one before it, which is of the same run.
  const steps = names
    .filter((name) => /^step-\d+(-\d+)?$/.test(name))
    .sort()
    .reverse();
  for (const name of [latest.trim(), ...steps].filter((found) => names.includes(found))) {
    const key = await keyOf(join(folder, name, 'trainer.json')).catch(() => undefined);
    if (key !== undefined) return key;
  }
  return undefined;
}

async function keyOf(file: string): Promise<string | undefined> {
  const { callbacks } = JSON.parse(await readFile(file, 'utf8')) as { readonly callbacks?: unknown };
  if (!Array.isArray(callbacks)) return undefined;
  const own = callbacks.find((entry: { readonly name?: unknown } | null) => entry?.name === callbackName) as {
    readonly state?: unknown;
  };
  return keyIn(own?.state);
}
