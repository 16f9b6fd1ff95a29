import { timingSafeEqual } from 'node:crypto';
import { fail } from '@stratus/core';
import { type Followed, followFiles } from '../sockets/index.ts';
import type { Client } from './client.ts';
import { hashOf, type Key, readKeys, secretPattern } from './key-file.ts';

/** The keys of a file, as they are at present. */
export interface KeyRing extends Followed {
  /** Errors: `not-authorized`. */
  client(secret: string): Client;
}

const nobody = hashOf('');

/** Whatever is wrong with a key, no more is said, and it takes as long. */
const refused = (): Error =>
  fail('not-authorized', {
    reason: 'The key is not one of this server, or counts no longer.',
    fix: 'Whoever runs the server makes one with stratus keys create.',
  });

/** Reads the keys of a file, and reads them again when it changes. Errors: `file-not-found`, `file-failed`, `bad-value`; `usage` for a file without keys. */
export async function openKeyRing(file: string, report: (error: unknown) => void): Promise<KeyRing> {
  let keys = new Map<string, Key>();
  const read = async (): Promise<void> => {
    keys = new Map((await readKeys(file)).map((key) => [key.id, key]));
  };
  await read();
  if (keys.size === 0)
    throw fail('usage', {
      reason: `${file} has no keys, so nobody could ask.`,
      fix: `Make one: stratus keys create NAME --keys ${file}.`,
    });
  const followed = await followFiles([file], read, { report });
  return {
    ...followed,
    client(secret) {
      const key = keys.get(secretPattern.exec(secret)?.[1] ?? '');
      const isIt = timingSafeEqual(Buffer.from(hashOf(secret), 'hex'), Buffer.from(key?.sha256 ?? nobody, 'hex'));
      const isOver = key?.revokedAt !== undefined || (key?.expiresAt !== undefined && Date.parse(key.expiresAt) <= Date.now());
      if (!isIt || !key || isOver) throw refused();
      const { id, name, models, manage = false, perMinute } = key;
      return { id, name, models, manage, perMinute };
    },
  };
}
