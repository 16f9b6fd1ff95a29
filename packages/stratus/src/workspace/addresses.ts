import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** Where a store and its blobs are. */
export interface Addresses {
  /** As `openStore` takes it, files as absolute paths. */
  readonly store: string;
  readonly blobs: string;
  /** The file of the store; undefined for a server. */
  readonly file: string | undefined;
  /** A folder of this machine for what belongs to neither. */
  readonly local: string;
}

/** The folder `.stratus` of a folder, or of the next one above that has one; undefined where there is none. */
function nearest(from: string): string | undefined {
  for (let at = from; ; at = dirname(at)) {
    const found = join(at, '.stratus');
    if (existsSync(found)) return found;
    if (dirname(at) === at) return undefined;
  }
}

const onServer = (address: string): boolean => /^[a-z][a-z0-9+.-]+:\/\//i.test(address) && !address.startsWith('sqlite:');

/** Of what is said and of what is not. Blobs lie beside a store that is a file. */
export function addressesOf(
  said: { readonly store?: string; readonly blobs?: string },
  environment: Readonly<Record<string, string | undefined>>,
  folder: string,
): Addresses {
  const from = resolve(folder);
  const own = nearest(from) ?? join(from, '.stratus');
  const named = said.store ?? (environment['STRATUS_STORE'] || join(own, 'store.db'));
  const file = onServer(named) ? undefined : resolve(from, named.replace(/^sqlite:(\/\/)?/, ''));
  const local = file === undefined ? own : dirname(file);
  const blobs = said.blobs ?? (environment['STRATUS_BLOBS'] || join(local, 'blobs'));
  return { store: file ?? named, blobs: onServer(blobs) ? blobs : resolve(from, blobs), file, local };
}
