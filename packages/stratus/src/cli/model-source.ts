import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { inWorkspace, type WorkspaceFlags } from './workspace.ts';

/** The words for an argument that {@link readModel} reads. */
export const modelArgument = (file: string): string =>
  `the model: ${file}, or a version in the registry (digits@production, digits:3)`;

/** Whether what is named is in the registry: what begins with 'models:', and what looks like a version ('digits@production') where no such file is. */
export async function isInRegistry(path: string): Promise<boolean> {
  const { isReference } = await import('../registry/index.ts');
  return path.startsWith('models:') || (!existsSync(path) && isReference(path));
}

/** A model that somebody named. */
export interface ModelSource {
  readonly bytes: Uint8Array;
  /** How errors call it. */
  readonly file: string;
}

/** A version in the registry. */
interface RegistryModel extends ModelSource {
  readonly name: string;
  readonly version: string;
}

/**
 * Errors: `file-not-found` where there is no such file, and what is named could be a model of the registry without its version.
 */
export async function checkNamed(path: string): Promise<void> {
  if (!/^[\w-]+$/.test(path) || existsSync(path)) return;
  const { fail } = await import('@stratus/core');
  throw fail('file-not-found', {
    file: resolve(path),
    fix: `A model of the registry is named with an alias or a version: ${path}@production, ${path}:1. \`stratus models ls\` lists them.`,
  });
}

/** The version of the registry that is meant; undefined for files. Errors: `unknown-name`, `corrupt`; those of the store. */
export async function registryModel(path: string, flags: WorkspaceFlags): Promise<RegistryModel | undefined> {
  if (!(await isInRegistry(path))) return undefined;
  const { registry } = await import('../registry/index.ts');
  return await inWorkspace(flags, async (workspace) => {
    const { bytes, version, externalData } = await registry(workspace).load(path);
    const { model, number } = version;
    const [beside] = Object.keys(externalData);
    if (beside === undefined) return { bytes, file: `${model}:${number}`, name: model, version: String(number) };
    const { fail } = await import('@stratus/core');
    throw fail('bad-value', {
      what: `${model}:${number}`,
      got: `a model that takes its weights from another file ('${beside}')`,
      want: 'one file',
      fix: `Write it to a folder with: stratus models export ${model}:${number} FOLDER`,
    });
  });
}

/** The bytes of a file, or of a version of the registry. Errors: those of {@link registryModel}; `file-not-found`, `file-failed`. */
export async function readModel(path: string, flags: WorkspaceFlags): Promise<ModelSource> {
  const { files } = await import('@stratus/core');
  await checkNamed(path);
  return (await registryModel(path, flags)) ?? { bytes: await files.read(path), file: path };
}
