import { chmod, mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fail } from '@stratus/core';
import { createKey } from '../keys/index.ts';
import type { Shipment } from './shipment.ts';
import type { ShippedFile, Target } from './target.ts';

/** What lies here is kept when a target is written again: servers that run know it. */
const secrets = 'secrets/';

/** What was written. */
export interface Written {
  /** Below the folder, in the order of the target. */
  readonly files: readonly Pick<ShippedFile, 'path' | 'about'>[];
  /** Secrets that were there already. */
  readonly kept: readonly string[];
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    (e: NodeJS.ErrnoException) => {
      if (e.code === 'ENOENT' || e.code === 'ENOTDIR') return false;
      throw e;
    },
  );

/**
 * Writes a target into a folder, and makes the keys that it needs. Files that are there are replaced only with `force`; secrets never are.
 *
 * Errors: `usage` where files are in the way; `file-failed`.
 */
export async function writeTarget(
  target: Target,
  shipment: Shipment,
  folder: string,
  { force = false }: { readonly force?: boolean | undefined } = {},
): Promise<Written> {
  const files = target.files(shipment);
  const keys = shipment.keys ? target.keys : [];
  const isSecret = ({ path }: { readonly path: string }): boolean => path.startsWith(secrets);
  const hidden = keys.length > 0 || files.some(isSecret);
  try {
    const there = new Set<string>();
    for (const { path } of [...files, ...keys]) if (await exists(join(folder, path))) there.add(path);
    const inTheWay = files.filter((file) => there.has(file.path) && !isSecret(file));
    if (inTheWay.length > 0 && !force) {
      const some = inTheWay.slice(0, 3).map(({ path }) => path);
      throw fail('usage', {
        reason: `${folder} has ${some.join(', ')}${inTheWay.length > 3 ? ', …' : ''} already.`,
        fix: 'Name another folder, or add --force to write over them; secrets are kept.',
      });
    }
    // Secrets that belong together are of one hour: where one is there, none is made anew.
    const isOld = [...there].some((path) => path.startsWith(secrets));
    const wanted = files.filter((file) => !isSecret(file) || !isOld);
    const made = [...wanted.map(({ path, about }) => ({ path, about }))];
    for (const { path, content } of wanted) await put(folder, path, content);
    const ring = join(folder, secrets, 'keys.json');
    if (keys.length > 0 && !(await exists(ring))) {
      await mkdir(dirname(ring), { recursive: true });
      for (const { name, path } of keys) {
        const { secret } = await createKey(ring, { name });
        await put(folder, path, secret);
        made.push({ path, about: `the key of ${name}` });
      }
      await chmod(ring, 0o644);
      made.push({ path: `${secrets}keys.json`, about: 'who may ask: hashes of the keys' });
    }
    if (hidden) {
      await put(folder, `${secrets}.gitignore`, '*\n');
      // Others of this machine find no way in; a container, which runs as somebody else, is given the files themselves.
      await chmod(join(folder, secrets), 0o700);
    }
    return { files: made, kept: [...there].filter((path) => path.startsWith(secrets)) };
  } catch (e) {
    if ((e as NodeJS.ErrnoException).syscall === undefined) throw e;
    throw fail('file-failed', { file: folder, doing: 'Writing into', reason: (e as Error).message }, e);
  }
}

async function put(folder: string, path: string, content: string | Uint8Array): Promise<void> {
  const file = join(folder, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content, { mode: 0o644 });
}
