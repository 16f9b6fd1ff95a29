import { open } from 'node:fs/promises';

/** Lets the names in a folder be on disk. Some systems have no such thing for folders, and need none. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder).catch(() => undefined);
  try {
    await handle?.sync().catch(() => undefined);
  } finally {
    await handle?.close();
  }
}
