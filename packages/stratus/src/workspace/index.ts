import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fail } from '@stratus/core';
import { type Blobs, openBlobs } from '../blobs/index.ts';
import { defaultProject, openStore, type Store, shownAddress } from '../store/index.ts';
import { addressesOf } from './addresses.ts';

/** Where a workspace is. What is left out comes of the environment, and then of the folder `.stratus`. */
export interface WorkspaceOptions {
  /** As `openStore` takes it. Else STRATUS_STORE, else what the file STRATUS_STORE_FILE holds, else `.stratus/store.db` in this folder or the next one above that has a `.stratus`. */
  readonly store?: string;
  /** A folder, or `s3://bucket/prefix?endpoint=…`, as `openBlobs` takes it. Else STRATUS_BLOBS, else what the file STRATUS_BLOBS_FILE holds, else `blobs` beside a store that is a file, else `.stratus/blobs`. */
  readonly blobs?: string;
  /** Else STRATUS_PROJECT, else 'default'. */
  readonly project?: string;
  /** Who does it, for histories. Else the user of the operating system. */
  readonly actor?: string;
  /** The folder to start from; the current one. */
  readonly folder?: string;
}

/** Which workspace is meant, whether its store answers or not. */
export interface WorkspacePlace {
  /** As `Store.address` has it: without a password. */
  readonly store: string;
  readonly project: string;
  /** As `Workspace.folder`. */
  readonly folder: string;
}

/** The place of the workspace that these options name. Asks no store. */
export function workspacePlace({ folder = process.cwd(), ...options }: WorkspaceOptions = {}): WorkspacePlace {
  const { store, local } = addressesOf(options, { ...process.env, ...fromFiles(process.env) }, folder);
  return { store: shownAddress(store), project: projectOf(options), folder: local };
}

const projectOf = ({ project }: WorkspaceOptions): string => project ?? (process.env['STRATUS_PROJECT'] || defaultProject);

/** A store and the blobs that it names. */
export interface Workspace {
  readonly store: Store;
  readonly blobs: Blobs;
  /** A folder of this machine for what belongs to neither: `.stratus`, or where the file of the store is. */
  readonly folder: string;
  /** With these variables another process opens the same. The address of a server comes with its password. */
  readonly environment: Readonly<Record<'STRATUS_STORE' | 'STRATUS_BLOBS' | 'STRATUS_PROJECT', string>>;
  close(): Promise<void>;
}

/**
 * Opens the store and the blobs that belong together: what every command of `stratus` works on. A folder `.stratus` is made where there is none.
 *
 * Errors: as `openStore`; `file-failed`.
 *
 * @example no-run
 * import { openWorkspace } from 'stratus';
 * const { store, blobs, close } = await openWorkspace();
 * const file = await blobs.put(new TextEncoder().encode('weights'));
 * await store.models.register('digits', file);
 * await close();
 */
export async function openWorkspace(options: WorkspaceOptions = {}): Promise<Workspace> {
  const { folder = process.cwd(), actor } = options;
  const { store: address, blobs, file, local } = addressesOf(options, { ...process.env, ...fromFiles(process.env) }, folder);
  const opened = await openBlobs(blobs);
  if (file !== undefined) await makeFolder(dirname(file));
  const store = await openStore(address, { project: projectOf(options), ...(actor !== undefined && { actor }) });
  return {
    store,
    blobs: opened,
    folder: local,
    environment: { STRATUS_STORE: address, STRATUS_BLOBS: blobs, STRATUS_PROJECT: store.project },
    close: () => store.close(),
  };
}

/** Addresses that come as files, because they hold passwords: containers get secrets so. What is said in the variable itself counts before. */
function fromFiles(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of ['STRATUS_STORE', 'STRATUS_BLOBS']) {
    const file = environment[`${name}_FILE`];
    if (!file || environment[name]) continue;
    try {
      found[name] = readFileSync(file, 'utf8').trim();
    } catch (e) {
      throw fail('file-failed', { file, doing: `Reading ${name}_FILE, the file`, reason: (e as Error).message }, e);
    }
  }
  return found;
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (e) {
    throw fail('file-failed', { file: folder, doing: 'Making', reason: (e as Error).message }, e);
  }
}
