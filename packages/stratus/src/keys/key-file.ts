import { createHash, randomBytes } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { fail, lookUp } from '@stratus/core';
import type { Key } from './key-schema.ts';

export type { Key } from './key-schema.ts';

/** What a key is made of. */
export interface NewKey {
  /** Who or what will use it. */
  readonly name: string;
  /** The models that it may ask; all where it is left out. */
  readonly models?: readonly string[] | undefined;
  /** It may also load, unload and switch models. */
  readonly manage?: boolean | undefined;
  /** So many requests a minute; as many as it likes where it is left out. */
  readonly perMinute?: number | undefined;
  readonly expiresAt?: Date | undefined;
}

export const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');

/** A secret says which key it is of, so that one hash is compared and not all. */
export const secretPattern = /^sk_([a-z0-9]{10})_[A-Za-z0-9_-]{43}$/;

const letters = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** The keys in a file, as they are. Errors: `file-not-found`, `file-failed`, `bad-value`. */
export async function readKeys(file: string): Promise<readonly Key[]> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (e) {
    const { code, message } = e as NodeJS.ErrnoException;
    throw code === 'ENOENT'
      ? fail('file-not-found', { file }, e)
      : fail('file-failed', { file, doing: 'Reading', reason: message }, e);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (e) {
    throw unusable(file, (e as Error).message, e);
  }
  const { keys, problem } = (await import('./key-schema.ts')).checkedKeys(value);
  if (!keys) throw unusable(file, problem!);
  const ids = keys.map(({ id }) => id);
  const twice = ids.find((id, i) => ids.indexOf(id) !== i);
  if (twice !== undefined) throw unusable(file, `the key ${twice} is there twice`);
  return keys;
}

const unusable = (file: string, got: string, cause?: unknown): Error =>
  fail('bad-value', { what: `The file of keys ${file}`, got, want: 'what stratus keys create writes' }, cause);

/** Written beside and moved into place: a server that reads it meanwhile sees the old or the new one. */
async function write(file: string, keys: readonly Key[]): Promise<void> {
  const beside = `${file}.${process.pid}.tmp`;
  await writeFile(beside, `${JSON.stringify({ keys }, undefined, 2)}\n`, { mode: 0o600 });
  await rename(beside, file);
}

/** Makes a key, and the file where there is none. The secret is told here and kept nowhere. Errors: `bad-value`, `file-failed`. */
export async function createKey(
  file: string,
  { name, models, manage, perMinute, expiresAt }: NewKey,
): Promise<{ secret: string; key: Key }> {
  const keys = await readKeys(file).catch((e: unknown) => {
    if ((e as { code?: string }).code === 'file-not-found') return [];
    throw e;
  });
  const id = [...randomBytes(10)].map((byte) => letters[byte % letters.length]).join(''); // a name, no secret
  const secret = `sk_${id}_${randomBytes(32).toString('base64url')}`;
  const key: Key = {
    id,
    name,
    sha256: hashOf(secret),
    ...(models !== undefined && models.length > 0 && { models: [...models] }),
    ...(manage && { manage }),
    ...(perMinute !== undefined && { perMinute }),
    createdAt: new Date().toISOString(),
    ...(expiresAt && { expiresAt: expiresAt.toISOString() }),
  };
  await write(file, [...keys, key]);
  return { secret, key };
}

/** Ends a key for good. Errors: `unknown-name`, those of `readKeys`. */
export async function revokeKey(file: string, id: string): Promise<Key> {
  const keys = await readKeys(file);
  const key = lookUp('key', Object.fromEntries(keys.map((one) => [one.id, one])), id);
  const revoked: Key = { revokedAt: new Date().toISOString(), ...key };
  await write(
    file,
    keys.map((one) => (one === key ? revoked : one)),
  );
  return revoked;
}
