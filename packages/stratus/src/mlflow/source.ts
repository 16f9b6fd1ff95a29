import type { Blob, Blobs } from '../blobs/index.ts';
import type { FolderFile, Store } from '../store/index.ts';
import { filesOfVersion, findPlace, loggedFolder } from './file-place.ts';
import { invalid } from './problem.ts';

/** What a version is registered from. */
export interface Source {
  /** Undefined where the files are not kept here. */
  readonly files: readonly FolderFile[] | undefined;
  /** The run and the logged model that it came of, as far as the address says it. */
  readonly run?: string | undefined;
  readonly modelId?: string;
}

/** The files below a path, by their paths from there. */
function below(files: readonly FolderFile[], path: string): FolderFile[] {
  const start = path === '' ? '' : `${path}/`;
  return files.filter((file) => file.path.startsWith(start)).map((file) => ({ ...file, path: file.path.slice(start.length) }));
}

/** The files at a path of `mlflow-artifacts:`. */
async function inPlace(store: Store, address: string): Promise<readonly FolderFile[]> {
  const { place, path } = findPlace(store, address);
  const files = await place.list();
  const one = files.find((file) => file.path === path);
  return one ? [{ ...one, path: path.split('/').at(-1)! }] : below(files, path);
}

/** Where an address leads. Errors: RESOURCE_DOES_NOT_EXIST, INVALID_PARAMETER_VALUE where nothing lies there. */
export async function sourceAt(store: Store, address: string): Promise<Source> {
  const found = await lookedUp(store, address);
  if (found.files?.length === 0)
    throw invalid(`Nothing lies at the source '${address.slice(0, 200)}': log the model first, then register it.`);
  return found;
}

async function lookedUp(store: Store, address: string): Promise<Source> {
  const logged = /^models:\/+(m-[^/@]+)\/?$/.exec(address)?.[1];
  if (logged !== undefined) {
    const { facts } = await store.loggedModels.get(logged);
    return {
      files: await store.folders.list(loggedFolder(logged)),
      run: facts['sourceRunId'] as string | undefined,
      modelId: logged,
    };
  }
  const [, model, version] = /^models:\/+([^/@]+)\/(\d+)$/.exec(address) ?? [];
  if (model !== undefined) {
    const info = await store.models.version(model, version!);
    return { files: await filesOfVersion(store, model, info.number), run: info.run };
  }
  const run = /^runs:\/+([^/]+)\/?(.*)$/.exec(address);
  if (run) return { files: await inPlace(store, `0/${run[1]}/artifacts/${run[2]}`), run: run[1]! };
  const own =
    /^mlflow-artifacts:(?:\/\/[^/]+)?\/+(.*)$/.exec(address)?.[1] ??
    /^https?:.*\/mlflow-artifacts\/artifacts\/(.*)$/.exec(address)?.[1];
  if (own === undefined) return { files: undefined };
  return { files: await inPlace(store, own) };
}

/**
 * What a version is to Stratus: the one ONNX file where there is one, so that `stratus deploy` serves what MLflow registered; else a list of what there is, with digests,
 * or of where it lies.
 */
export async function blobOf(blobs: Blobs, address: string, files: readonly FolderFile[] | undefined): Promise<Blob> {
  const models = (files ?? []).filter(({ path }) => path.endsWith('.onnx'));
  if (models.length === 1) return { digest: models[0]!.digest, bytes: models[0]!.bytes };
  const listing = { format: 'mlflow', source: address, files: files ?? [] };
  return await blobs.put(new TextEncoder().encode(`${JSON.stringify(listing, null, 2)}\n`));
}
