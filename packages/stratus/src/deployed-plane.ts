import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { fail, files, type Model } from '@stratus/core';
import { DataPlane, type DataPlaneOptions, openServable } from './serve/index.ts';

/** What models are served with, in this process or in a worker. */
export interface DeployedPlaneOptions extends Omit<DataPlaneOptions, 'shelf' | 'report'> {
  readonly report: (error: unknown) => void;
  readonly name?: string | undefined;
  readonly version?: string | undefined;
  readonly lookMs?: number | undefined;
}

/** Models that are ready to be asked. */
export interface DeployedPlane {
  readonly name: string;
  readonly plane: DataPlane;
  /** Begins to look for what changes; what it gives ends that. */
  readonly follow: () => () => void;
}

/** A name that can stand in a URL. */
const plainName = (name: string): string => name.replaceAll(/[/\\\p{Cc}\p{Surrogate}]+/gu, '-').slice(0, 200) || 'model';

/** A model, or the models of a folder. Errors: those of `deploy` but of its port. */
export async function deployedPlane(model: Model | string | Uint8Array, options: DeployedPlaneOptions): Promise<DeployedPlane> {
  const isPath = typeof model === 'string';
  const given = isPath ? basename(model, '.onnx') : model instanceof Uint8Array ? 'model' : model.name;
  const name = options.name ?? plainName(given);
  if (isPath && (await isFolder(model))) {
    const { folderShelf } = await import('./folder-shelf.ts');
    const plane = new DataPlane([], { ...options, shelf: await folderShelf(model) });
    await plane.repository.look();
    if (plane.models().length === 0)
      throw fail('file-failed', {
        file: model,
        doing: 'Looking for models in',
        reason: 'There is no NAME.onnx and no NAME/VERSION/model.onnx',
      });
    return { name, plane, follow: () => following(plane, options.lookMs ?? 2000) };
  }
  const { executor, instances, version } = options;
  const bytes = isPath ? await files.read(model) : model instanceof Uint8Array ? model : await model.toBytes();
  const reread = isPath ? () => files.read(model) : undefined;
  const servable = await openServable(bytes, { name, version, executor, instances, reread, ...(isPath && { file: model }) });
  try {
    return { name, plane: new DataPlane([servable], options), follow: () => () => {} };
  } catch (e) {
    await servable.release();
    throw e;
  }
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (about) => about.isDirectory(),
    () => false,
  );

function following(plane: DataPlane, lookMs: number): () => void {
  let isOver = false;
  let timer: NodeJS.Timeout;
  const wait = (): void => {
    timer = setTimeout(() => void look(), lookMs);
    timer.unref();
  };
  const look = async (): Promise<void> => {
    await plane.repository.look();
    if (!isOver) wait();
  };
  wait();
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}
