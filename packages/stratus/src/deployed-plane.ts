import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { fail, files, type Model } from '@stratus/core';
import { following } from './following.ts';
import type { TakeLabels } from './label-follower.ts';
import type { PassLabels } from './monitor/index.ts';
import { DataPlane, type DataPlaneOptions, openServable } from './serve/index.ts';
import type { WorkspaceOptions } from './workspace/index.ts';

/** What models are served with, in this process or in a worker. */
export interface DeployedPlaneOptions extends Omit<DataPlaneOptions, 'shelf' | 'report'> {
  readonly report: (error: unknown) => void;
  readonly name?: string | undefined;
  readonly version?: string | undefined;
  readonly lookMs?: number | undefined;
  /** The model is a version of this registry, whose alias is followed. */
  readonly registry?: WorkspaceOptions | undefined;
  /** Takes labels in that have come to other servers of that registry. */
  readonly takeLabels?: TakeLabels | undefined;
}

/** Models that are ready to be asked. */
export interface DeployedPlane {
  readonly name: string;
  readonly plane: DataPlane;
  /** Begins to look for what changes; what it gives ends that. */
  readonly follow: () => () => void;
  /** Leaves labels for the server of the registry that has answered. */
  readonly passLabels?: PassLabels;
  /** Frees what it follows, after the plane. */
  readonly close?: () => Promise<void>;
}

/** A name that can stand in a URL. */
const plainName = (name: string): string => name.replaceAll(/[/\\\p{Cc}\p{Surrogate}]+/gu, '-').slice(0, 200) || 'model';

/** A model, the models of a folder, or a model of a registry. Errors: those of `deploy` but of its port. */
export async function deployedPlane(model: Model | string | Uint8Array, options: DeployedPlaneOptions): Promise<DeployedPlane> {
  const { registry } = options;
  if (registry !== undefined) {
    if (typeof model !== 'string')
      throw fail('bad-value', { what: 'the model of a registry', got: typeof model, want: "its name: 'digits@production'" });
    const { deployedRegistry } = await import('./deployed-registry.ts');
    return await deployedRegistry(model, { ...options, registry });
  }
  const isPath = typeof model === 'string';
  const given = isPath ? basename(model, '.onnx') : model instanceof Uint8Array ? 'model' : model.name;
  const name = options.name ?? plainName(given);
  if (isPath && (await isFolder(model))) {
    const { folderShelf } = await import('./folder-shelf.ts');
    const plane = new DataPlane([], { ...options, shelf: await folderShelf(model) });
    await plane.repository.look();
    if (plane.models().length === 0)
      throw fail('bad-value', {
        what: `the folder ${model}`,
        got: 'no model',
        want: 'NAME.onnx, or NAME/VERSION/model.onnx, in it',
      });
    return { name, plane, follow: () => following(options.lookMs ?? 2000, () => plane.repository.look()) };
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
