import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Json, LoggedModel, Store } from '../store/index.ts';
import { flag, list, pair, pairsOf, recordOf, text } from './fields.ts';
import { childrenOf, cleanPath, loggedFolder, loggedRoot } from './file-place.ts';
import { experimentOf } from './find.ts';
import type { ModelMetric } from './model-metrics.ts';
import { invalid, missing } from './problem.ts';
import { type Route, route } from './route.ts';

const id = z.object({ model_id: text });
const statuses = z.enum(['LOGGED_MODEL_PENDING', 'LOGGED_MODEL_READY', 'LOGGED_MODEL_UPLOAD_FAILED']);

/** What is kept of a logged model. */
export interface Facts {
  readonly name: string;
  readonly status: z.output<typeof statuses>;
  readonly modelType?: string;
  readonly sourceRunId?: string;
  readonly params: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly metrics: readonly ModelMetric[];
}

export const factsOf = (model: LoggedModel): Facts => model.facts as unknown as Facts;
const stored = (facts: Facts): Readonly<Record<string, Json>> => facts as unknown as Readonly<Record<string, Json>>;

export function loggedShape(model: LoggedModel) {
  const { name, status, modelType, sourceRunId, params, tags, metrics } = factsOf(model);
  return {
    info: {
      model_id: model.key,
      experiment_id: String(model.experiment),
      name,
      creation_timestamp_ms: model.createdAt.getTime(),
      last_updated_timestamp_ms: model.changedAt.getTime(),
      artifact_uri: loggedRoot(model.experiment, model.key),
      status,
      model_type: modelType ?? '',
      source_run_id: sourceRunId ?? '',
      tags: pairsOf(tags),
    },
    data: { params: pairsOf(params), metrics },
  };
}

/** Errors: RESOURCE_DOES_NOT_EXIST, also for one that was deleted. */
async function loggedOf(store: Store, key: string): Promise<LoggedModel> {
  const found = await store.loggedModels.get(key);
  if (found.isDeleted) throw missing(`Logged model with ID '${key}' not found: it was deleted.`);
  return found;
}

const change = async (store: Store, key: string, next: (facts: Facts) => Facts) => {
  await loggedOf(store, key);
  return { model: loggedShape(await store.loggedModels.change(key, (facts) => stored(next(facts as unknown as Facts)))) };
};

/** Logged models, which MLflow 3 makes before anything is registered. */
export const loggedModelRoutes: readonly Route[] = [
  route(
    'POST',
    'logged-models',
    'trainer',
    z.object({
      experiment_id: z.string().default('0'),
      name: z.string().max(500).nullish(),
      model_type: z.string().nullish(),
      source_run_id: z.string().nullish(),
      params: list(pair),
      tags: list(pair),
    }),
    async ({ experiment_id, name, model_type, source_run_id, params, tags }, { store }) => {
      if (name && /[/:.%"']/.test(name))
        throw invalid(`Invalid model name (${name.slice(0, 60)}): it may not hold '/', ':', '.', '%', '"' or "'".`);
      const { number } = await experimentOf(store, experiment_id);
      const key = `m-${randomUUID().replaceAll('-', '')}`;
      const facts: Facts = {
        name: name || key,
        status: 'LOGGED_MODEL_PENDING',
        ...(model_type && { modelType: model_type }),
        ...(source_run_id && { sourceRunId: source_run_id }),
        params: recordOf(params),
        tags: recordOf(tags),
        metrics: [],
      };
      return { model: loggedShape(await store.loggedModels.create({ key, experiment: number, facts: stored(facts) })) };
    },
  ),
  route(
    'GET',
    'logged-models/:model_id',
    'viewer',
    id.extend({ allow_deleted: flag.default(false) }),
    async ({ model_id, allow_deleted }, { store }) => ({
      model: loggedShape(allow_deleted ? await store.loggedModels.get(model_id) : await loggedOf(store, model_id)),
    }),
  ),
  route('PATCH', 'logged-models/:model_id', 'trainer', id.extend({ status: statuses }), ({ model_id, status }, { store }) =>
    change(store, model_id, (facts) => ({ ...facts, status })),
  ),
  route('DELETE', 'logged-models/:model_id', 'trainer', id, async ({ model_id }, { store }) => {
    await loggedOf(store, model_id);
    await store.loggedModels.change(model_id, (facts) => facts, true);
    return {};
  }),
  route(
    'POST',
    'logged-models/:model_id/params',
    'trainer',
    id.extend({ params: list(pair) }),
    async ({ model_id, params }, { store }) => {
      await change(store, model_id, (facts) => ({ ...facts, params: { ...facts.params, ...recordOf(params) } }));
      return {};
    },
  ),
  route('PATCH', 'logged-models/:model_id/tags', 'trainer', id.extend({ tags: list(pair) }), ({ model_id, tags }, { store }) =>
    change(store, model_id, (facts) => ({ ...facts, tags: { ...facts.tags, ...recordOf(tags) } })),
  ),
  route(
    'DELETE',
    'logged-models/:model_id/tags/:tag_key',
    'trainer',
    id.extend({ tag_key: text }),
    async ({ model_id, tag_key }, { store }) => {
      if (!Object.hasOwn(factsOf(await loggedOf(store, model_id)).tags, tag_key))
        throw missing(`No tag with key '${tag_key}' on the logged model ${model_id}.`);
      return await change(store, model_id, (facts) => ({
        ...facts,
        tags: Object.fromEntries(Object.entries(facts.tags).filter(([key]) => key !== tag_key)),
      }));
    },
  ),
  route(
    'GET',
    'logged-models/:model_id/artifacts/directories',
    'viewer',
    id.extend({ artifact_directory_path: z.string().default('') }),
    async ({ model_id, artifact_directory_path }, { store }) => {
      const model = await loggedOf(store, model_id);
      const files = await store.folders.list(loggedFolder(model_id));
      return { root_uri: loggedRoot(model.experiment, model_id), files: childrenOf(files, cleanPath(artifact_directory_path)) };
    },
  ),
];
