import type { Blob } from '../blobs/index.ts';
import type { FolderFile, Store } from '../store/index.ts';
import { runOf } from './find.ts';
import { invalid, missing, Problem } from './problem.ts';

/** Where files of one owner are: a run, a logged model, a version. */
export interface FilePlace {
  /** Errors: RESOURCE_DOES_NOT_EXIST for an owner that is not there. */
  list(): Promise<readonly FolderFile[]>;
  put(path: string, blob: Blob): Promise<void>;
  remove(path: string): Promise<number>;
}

/** The folder of a logged model, and where clients find it. */
export const loggedFolder = (id: string): string => `logged-models/${id}`;
export const loggedRoot = (experiment: number, id: string): string => `mlflow-artifacts:/${experiment}/models/${id}/artifacts`;
/** Where clients find the files of a version. */
export const versionRoot = (model: string, number: number): string => `mlflow-artifacts:/versions/${model}/${number}`;

const readOnly = async (): Promise<never> => {
  throw new Problem('PERMISSION_DENIED', 'The files of a version never change: register another version.');
};

/** The files of a version: the folder that was registered, or the one file of a version that did not come by MLflow. */
export async function filesOfVersion(store: Store, model: string, number: number): Promise<readonly FolderFile[]> {
  const { digest, bytes } = await store.models.version(model, number);
  const { facts } = await store.labels.get(model, number);
  const folder = facts['folder'];
  return typeof folder === 'string' ? await store.folders.list(folder) : [{ path: 'model.onnx', digest, bytes }];
}

const ofRun = (store: Store, key: string): FilePlace => ({
  async list() {
    await runOf(store, key);
    return await store.artifacts.list(key);
  },
  put: (path, { digest, bytes }) => store.artifacts.put(key, { path, digest, bytes }),
  remove: (path) => store.artifacts.remove(key, path),
});

const ofModel = (store: Store, id: string): FilePlace => ({
  async list() {
    await store.loggedModels.get(id);
    return await store.folders.list(loggedFolder(id));
  },
  put: (path, { digest, bytes }) => store.folders.put(loggedFolder(id), [{ path, digest, bytes }]),
  remove: (path) => store.folders.remove(loggedFolder(id), path),
});

/** A place with the rest of the path. */
export interface Found {
  readonly place: FilePlace;
  readonly path: string;
}

/** The path of a file as it may be: names joined by '/'. '' is the root. Errors: INVALID_PARAMETER_VALUE. */
export function cleanPath(path: string): string {
  const parts = path.split('/').filter((part) => part !== '');
  if (parts.some((part) => part === '..' || part === '.' || part.includes('\\')))
    throw invalid(`Invalid path '${path.slice(0, 100)}': names are joined by '/', without '.', '..' and backslashes.`);
  return parts.join('/');
}

/** What a path of `mlflow-artifacts:` means: `<experiment>/<run>/artifacts/…`, `<experiment>/models/<model>/artifacts/…`, `versions/<model>/<number>/…`. */
export function findPlace(store: Store, path: string): Found {
  const parts = cleanPath(path).split('/');
  const rest = (from: number): string => parts.slice(from).join('/');
  if (parts[0] === 'versions' && parts.length >= 3 && /^[1-9]\d{0,14}$/.test(parts[2]!)) {
    const [model, number] = [parts[1]!, Number(parts[2])];
    return { place: { list: () => filesOfVersion(store, model, number), put: readOnly, remove: readOnly }, path: rest(3) };
  }
  if (parts[1] === 'models' && parts[3] === 'artifacts') return { place: ofModel(store, parts[2]!), path: rest(4) };
  if (parts[2] === 'artifacts') return { place: ofRun(store, parts[1]!), path: rest(3) };
  throw missing(
    `There are no files at '${path.slice(0, 200)}': a path is EXPERIMENT/RUN/artifacts/… or EXPERIMENT/models/MODEL/artifacts/….`,
  );
}

/** What lies directly in a folder: files and folders, by path from the root. A path that is a file gives that file alone. */
export function childrenOf(files: readonly FolderFile[], folder: string) {
  const own = files.find(({ path }) => path === folder);
  if (own !== undefined) return [{ path: own.path, is_dir: false, file_size: own.bytes }];
  const start = folder === '' ? '' : `${folder}/`;
  const found = new Map<string, { path: string; is_dir: boolean; file_size?: number }>();
  for (const { path, bytes } of files) {
    if (!path.startsWith(start)) continue;
    const name = path.slice(start.length);
    const slash = name.indexOf('/');
    const child = start + (slash < 0 ? name : name.slice(0, slash));
    found.set(child, slash < 0 ? { path: child, is_dir: false, file_size: bytes } : { path: child, is_dir: true });
  }
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}
