import { closeSync, openSync, statfsSync, writeFileSync, writeSync } from 'node:fs';

/** What a disk has left for us, in bytes; infinity where the system does not say. */
export function freeBytes(folder: string): number {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return Number.POSITIVE_INFINITY; // the folder is not there yet, or is gone: who writes will see
  }
}

/** No job begins where less is left for what it prints. */
export const leastToBegin = 2 ** 20;

/** As long as a line is that has its place from the beginning on. */
const reserved = 64;

/** Takes a place on the disk for a line that must be written later, also where the disk is full by then. Errors: those of Node. */
export const reserve = (file: string): void => writeFileSync(file, ' '.repeat(reserved), { mode: 0o600 });

/** Writes a line into its place. Errors: those of Node. */
export function writeReserved(file: string, line: string): void {
  const handle = openSync(file, 'r+');
  try {
    writeSync(handle, `${line.padEnd(reserved - 1)}\n`, 0);
  } finally {
    closeSync(handle);
  }
}

/** How a shell writes `$?` into such a place: it is opened without being emptied. */
export const writeStatus = `printf '%-${reserved - 1}s\\n' "$?"`;
