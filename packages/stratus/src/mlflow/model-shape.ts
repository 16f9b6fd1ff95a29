import type { Label, ModelInfo, Store, VersionInfo } from '../store/index.ts';
import { pairsOf } from './fields.ts';
import { versionRoot } from './file-place.ts';
import { missing } from './problem.ts';

export const stages = ['None', 'Staging', 'Production', 'Archived'] as const;
export type Stage = (typeof stages)[number];

/** A version with what may change of it. */
export interface Labelled {
  readonly version: VersionInfo;
  readonly label: Label | undefined;
}

export const stageOf = ({ label }: Labelled): Stage => (label?.facts['stage'] as Stage | undefined) ?? 'None';

const fact = (label: Label | undefined, name: string): string | undefined => label?.facts[name] as string | undefined;

export const changedAt = ({ version, label }: Labelled): number => (label?.changedAt ?? version.createdAt).getTime();
export const sourceOf = ({ version, label }: Labelled): string =>
  fact(label, 'source') ?? versionRoot(version.model, version.number);
export const runIdOf = ({ version, label }: Labelled): string => fact(label, 'runId') ?? version.run ?? '';

export const versionShape = (one: Labelled) => ({
  name: one.version.model,
  version: String(one.version.number),
  creation_timestamp: one.version.createdAt.getTime(),
  last_updated_timestamp: changedAt(one),
  user_id: one.version.createdBy,
  current_stage: stageOf(one),
  description: fact(one.label, 'description') ?? one.version.notes,
  source: sourceOf(one),
  run_id: runIdOf(one),
  run_link: fact(one.label, 'runLink') ?? '',
  status: 'READY',
  tags: pairsOf(one.label?.tags ?? {}),
  aliases: one.version.aliases,
  ...(fact(one.label, 'modelId') && { model_id: fact(one.label, 'modelId') }),
});

/** The newest version of each stage, but for those that were deleted. `all`: the newest first. */
export function latestOf(all: readonly Labelled[]): Labelled[] {
  const found = new Map<Stage, Labelled>();
  for (const one of all) if (!found.has(stageOf(one))) found.set(stageOf(one), one);
  return [...found.values()].sort((a, b) => a.version.number - b.version.number);
}

export const modelShape = (model: ModelInfo, label: Label | undefined, versions: readonly Labelled[]) => ({
  name: model.name,
  creation_timestamp: model.createdAt.getTime(),
  last_updated_timestamp: Math.max((label?.changedAt ?? model.createdAt).getTime(), ...versions.map(changedAt)),
  description: model.notes,
  latest_versions: latestOf(versions).map(versionShape),
  tags: pairsOf(label?.tags ?? {}),
  aliases: Object.entries(model.aliases).map(([alias, version]) => ({ alias, version: String(version) })),
});

/** A model with its label and its versions that were not deleted, the newest first. */
export interface FullModel {
  readonly model: ModelInfo;
  readonly label: Label | undefined;
  readonly versions: readonly Labelled[];
}

async function full(store: Store, model: ModelInfo, labels: readonly Label[]): Promise<FullModel> {
  const own = new Map(labels.filter((label) => label.model === model.name).map((label) => [label.number, label]));
  const versions = await store.models.versions(model.name, { limit: Math.max(1, model.versions) });
  const labelled = versions.map((version) => ({ version, label: own.get(version.number) }));
  return { model, label: own.get(0), versions: labelled.filter(({ label }) => !label?.isDeleted) };
}

/** Errors: RESOURCE_DOES_NOT_EXIST, also for one that was deleted. */
export async function modelOf(store: Store, name: string): Promise<FullModel> {
  const found = await full(store, await store.models.get(name), await store.labels.list(name));
  if (found.label?.isDeleted) throw missing(`Registered Model with name=${name} not found: it was deleted.`);
  return found;
}

/** Every model that was not deleted; only those of some names where these are given. */
export async function allModels(store: Store, names?: readonly string[]): Promise<FullModel[]> {
  const labels = await store.labels.list();
  const found: FullModel[] = [];
  for (const model of await store.models.list()) {
    if (names && !names.includes(model.name)) continue;
    const one = await full(store, model, labels);
    if (!one.label?.isDeleted) found.push(one);
  }
  return found;
}

/** Errors: RESOURCE_DOES_NOT_EXIST, also for one that was deleted: its number stays taken. */
export async function versionOf(store: Store, name: string, version: string): Promise<Labelled> {
  const number = /^[1-9]\d{0,14}$/.test(version) ? Number(version) : undefined;
  if (number === undefined)
    throw missing(`Model Version (name=${name}, version=${version.slice(0, 40)}) not found: versions are whole numbers from 1.`);
  const { isDeleted } = (await store.labels.get(name, 0)) ?? {};
  const label = await store.labels.get(name, number);
  if (isDeleted || label.isDeleted)
    throw missing(`Model Version (name=${name}, version=${number}) not found: it was deleted, and its number stays taken.`);
  return { version: await store.models.version(name, number), label: label.changedAt === undefined ? undefined : label };
}
