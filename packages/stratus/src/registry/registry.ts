import { basename } from 'node:path';
import type { Swept } from '../blobs/index.ts';
import type { AliasMove, Json, VersionInfo } from '../store/index.ts';
import type { Workspace } from '../workspace/index.ts';
import { describe } from './description.ts';
import { exportVersion } from './export.ts';
import { checkRules, type Evaluate, type GateRules } from './gates/index.ts';
import type { ImportOptions, Lineage } from './import.ts';
import { blobSource, readModelFiles } from './model-files.ts';
import { noEvaluate, type PromoteOptions, type Promotion, promote, rollback } from './promote.ts';
import { readBlob } from './read-blob.ts';
import { parseReference } from './reference.ts';

/** How a registry works. */
export interface RegistryOptions {
  /** How gates measure a model on named data. Without it, gates on metrics are not passed. */
  readonly evaluate?: Evaluate;
}

/** What a version is registered with. What is left out is taken from the file, and then from the run. */
export interface RegisterOptions {
  /** The key of the run that made it. */
  readonly run?: string;
  /** Added to those in the file, or in their place. */
  readonly metrics?: Readonly<Record<string, number>>;
  readonly notes?: string;
  readonly data?: Json;
  readonly code?: Json;
  readonly by?: string;
}

/** A version with its bytes, which are those that were registered. */
export interface LoadedModel {
  readonly version: VersionInfo;
  readonly bytes: Uint8Array;
  /** The files from which a model of 2 GB or more takes its tensors, by the names that it uses; empty where it is one file. */
  readonly externalData: Readonly<Record<string, Uint8Array>>;
}

/** Models of a workspace: versions that never change, aliases that say which one is used, and gates before them. References: 'digits:3', 'digits@production', 'digits'. */
export interface Registry {
  /** Adds a version from a file (with the files that it names for large tensors) or from bytes. Errors: `file-not-found`, `file-failed`, `not-onnx`, `corrupt`, `bad-value`, `unknown-name`. */
  register(name: string, model: string | Uint8Array, options?: RegisterOptions): Promise<VersionInfo>;
  /** The version that a reference means. Errors: `unknown-name`, `bad-value`. */
  version(reference: string): Promise<VersionInfo>;
  /** Its bytes, verified; memory holds them once. Errors: as `version`; `corrupt`, which names the blob; `file-not-found`; `bad-value` for a file that no array can hold, of more than 4 GiB in Node 20. */
  load(reference: string): Promise<LoadedModel>;
  /** Lets an alias point to a version that passes the gates. Errors: as `load`; `conflict` where a gate is not passed, or somebody else was faster. */
  promote(reference: string, alias: string, options?: PromoteOptions): Promise<Promotion>;
  /** Lets an alias point to what it had before. Errors: as `load`; `conflict` where there was nothing before. */
  rollback(model: string, alias: string, options?: { readonly reason?: string; readonly by?: string }): Promise<AliasMove>;
  /** Declares what versions have to pass from now on. Errors: `unknown-name`, `bad-value`. */
  gate(model: string, alias: string, rules: GateRules): Promise<void>;
  /** What versions have to pass. Errors: `unknown-name`, `bad-value`. */
  gates(model: string, alias: string): Promise<GateRules>;
  /** Writes a version to `FILE.onnx`, or with all that is known of it to a folder or `FILE.tar`. Gives the files. Errors: as `load`; `file-failed`. */
  export(reference: string, path: string): Promise<readonly string[]>;
  /** Adds what `export` wrote as a new version. Errors: `file-not-found`, `file-failed`, `corrupt`, `bad-value`. */
  import(path: string, options?: ImportOptions): Promise<VersionInfo>;
  /** Copies a version of another workspace. Errors: as `load` there and `register` here. */
  importFrom(from: Workspace, reference: string, options?: ImportOptions): Promise<VersionInfo>;
  /** Clears up blobs that nothing names; with `dryRun`, only says which. Errors: those of `Blobs.sweep`. */
  sweep(options?: { readonly dryRun?: boolean; readonly graceMs?: number }): Promise<Swept>;
}

/** What of a workspace a registry needs. */
export type Kept = Pick<Workspace, 'store' | 'blobs'>;

/** See `index.ts`. */
export function registryOf(workspace: Kept, { evaluate = noEvaluate }: RegistryOptions): Registry {
  const { store, blobs } = workspace;

  const version = async (reference: string): Promise<VersionInfo> => {
    const { model, version: wanted = 'latest' } = parseReference(reference);
    return await store.models.version(model, wanted);
  };

  /** `lineage`: what another store knew. */
  const add = async (
    name: string,
    files: Parameters<typeof blobSource>[0],
    file: string,
    options: RegisterOptions,
    lineage: Partial<Lineage> = {},
  ): Promise<VersionInfo> => {
    const { run, metrics = {}, notes, by } = options;
    const own = await describe(files.model, file);
    const ofRun = run === undefined ? undefined : (await store.runs.get(run)).data;
    const data = options.data ?? lineage.data ?? ofRun ?? own.data;
    const code = options.code ?? lineage.code;
    // Kept before it is named: what is named is there.
    const blob = await blobs.put(blobSource(files), lineage.digest === undefined ? {} : { expect: lineage.digest });
    return await store.models.register(name, {
      ...blob,
      signature: JSON.parse(JSON.stringify(own.signature)) as Json,
      metrics: { ...own.metrics, ...lineage.metrics, ...metrics },
      ...(run !== undefined && { run }),
      ...(data !== undefined && { data }),
      ...(code !== undefined && { code }),
      notes: [notes, lineage.notes].filter((text) => text).join('\n'),
      ...(by !== undefined && { by }),
    });
  };

  const load = async (reference: string): Promise<LoadedModel> => {
    const found = await version(reference);
    const { model: bytes, beside } = await readBlob(blobs, found);
    return { version: found, bytes, externalData: beside };
  };

  const parts = { store, blobs, version, evaluate };
  return {
    version,
    load,
    async register(name, model, options = {}) {
      const isPath = typeof model === 'string';
      const files = isPath ? await readModelFiles(model) : { model, beside: [] };
      return await add(name, files, isPath ? basename(model) : 'The model', options);
    },
    promote: (reference, alias, options = {}) => promote(parts, reference, alias, options),
    rollback: (model, alias, options = {}) => rollback(parts, model, alias, options),
    async gate(model, alias, rules) {
      await store.gates.declare(model, alias, checkRules(rules));
    },
    gates: async (model, alias) => ((await store.gates.history(model, alias))[0]?.rules ?? {}) as GateRules,
    export: async (reference, path) => exportVersion(blobs, await version(reference), path),
    import: async (path, options = {}) => (await import('./import.ts')).importArchive(path, options, add),
    importFrom: async (from, reference, options = {}) =>
      (await import('./import.ts')).copyVersion(from, workspace, reference, options),
    sweep: (options = {}) => blobs.sweep({ ...options, references: () => store.references() }),
  };
}
