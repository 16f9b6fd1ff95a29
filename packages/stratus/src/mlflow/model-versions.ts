import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Json } from '../store/index.ts';
import { flag, list, most, pair, recordOf, search, text } from './fields.ts';
import { versionRoot } from './file-place.ts';
import { parseFilter, parseOrder, type Vocabulary } from './filter.ts';
import { holds, sortedBy } from './filter-match.ts';
import {
  allModels,
  changedAt,
  type Labelled,
  modelOf,
  runIdOf,
  sourceOf,
  stageOf,
  versionOf,
  versionShape,
} from './model-shape.ts';
import { paged } from './pages.ts';
import { ifThere, invalid, missing } from './problem.ts';
import { namesIn, removeAliases, tagHolds } from './registered-models.ts';
import { type Route, route } from './route.ts';
import { blobOf, sourceAt } from './source.ts';
import { stageNamed } from './stages.ts';

const vocabulary: Vocabulary = {
  kinds: ['attribute', 'tag'],
  attributes: { name: 'text', version_number: 'number', run_id: 'text', source_path: 'text' },
};
const orders: Vocabulary = {
  kinds: ['attribute'],
  attributes: { name: 'text', version_number: 'number', creation_timestamp: 'number', last_updated_timestamp: 'number' },
};

const version = z.object({ name: text, version: z.union([text, z.number().transform(String)]) });

const values: Readonly<Record<string, (one: Labelled) => string | number>> = {
  name: ({ version }) => version.model,
  version_number: ({ version }) => version.number,
  run_id: runIdOf,
  source_path: sourceOf,
  creation_timestamp: ({ version }) => version.createdAt.getTime(),
  last_updated_timestamp: changedAt,
};

/** Versions of models. They never change; what MLflow lets change of them lies beside them. */
export const modelVersionRoutes: readonly Route[] = [
  route(
    'POST',
    'model-versions/create',
    'trainer',
    z.object({
      name: text,
      source: text.max(5000),
      run_id: z.string().nullish(),
      tags: list(pair),
      run_link: z.string().nullish(),
      description: z.string().nullish(),
      model_id: z.string().nullish(),
    }),
    async ({ name, source, run_id, tags, run_link, description, model_id }, { store, blobs, actor }) => {
      await modelOf(store, name);
      const found = await sourceAt(store, source);
      const logged = model_id || found.modelId;
      const facts = logged ? (await ifThere(store.loggedModels.get(logged)))?.facts : undefined;
      const runId = run_id || found.run || (facts?.['sourceRunId'] as string | undefined) || '';
      const run = runId === '' ? undefined : await ifThere(store.runs.get(runId));
      const blob = await blobOf(blobs, source, found.files);
      const folder = `versions/${randomUUID()}`;
      if (found.files) await store.folders.put(folder, found.files);
      const metrics = ((facts?.['metrics'] ?? []) as { key: string; value: number }[]).filter(({ value }) =>
        Number.isFinite(value),
      );
      const made = await store.models.register(name, {
        ...blob,
        metrics: Object.fromEntries(metrics.map(({ key, value }) => [key, value])),
        ...(run && { run: run.key }),
        ...(description && { notes: description }),
        ...(actor && { by: actor }),
        label: {
          tags: recordOf(tags),
          facts: {
            source,
            runId,
            ...(found.files && { folder }),
            ...(run_link && { runLink: run_link }),
            ...(logged && { modelId: logged }),
          } as Record<string, Json>,
        },
      });
      return { model_version: versionShape(await versionOf(store, name, String(made.number))) };
    },
  ),
  route('GET', 'model-versions/get', 'viewer', version, async ({ name, version }, { store }) => ({
    model_version: versionShape(await versionOf(store, name, version)),
  })),
  route(
    'PATCH',
    'model-versions/update',
    'trainer',
    version.extend({ description: z.string().nullish() }),
    async ({ name, version, description }, { store }) => {
      const { version: found } = await versionOf(store, name, version);
      await store.labels.change(name, found.number, description == null ? {} : { facts: { description } });
      return { model_version: versionShape(await versionOf(store, name, version)) };
    },
  ),
  route('DELETE', 'model-versions/delete', 'deployer', version, async ({ name, version }, call) => {
    const { version: found } = await versionOf(call.store, name, version);
    await removeAliases(call, await modelOf(call.store, name), found.number);
    await call.store.labels.change(name, found.number, { isDeleted: true });
    return {};
  }),
  route(
    'GET',
    'model-versions/search',
    'viewer',
    z.object({ ...search, max_results: most(10_000, 200_000) }),
    async ({ filter, order_by, page_token, max_results }, { store }) => {
      const clauses = parseFilter(filter, vocabulary);
      const keys = order_by.map((order) => parseOrder(order, orders));
      const all = (await allModels(store, namesIn(clauses))).flatMap(({ versions }) => versions);
      const found = all.filter((one) =>
        clauses.every((clause) =>
          clause.kind === 'tag' ? tagHolds(clause, one.label?.tags ?? {}) : holds(clause, values[clause.key]!(one)),
        ),
      );
      const sorted = sortedBy(found, [
        ...keys.map(({ key, isAscending }) => ({ of: values[key]!, isAscending })),
        { of: changedAt, isAscending: false },
        { of: values['name']!, isAscending: true },
        { of: values['version_number']!, isAscending: false },
      ]);
      const { page, next } = paged(sorted, page_token, max_results);
      return { model_versions: page.map(versionShape), ...(next && { next_page_token: next }) };
    },
  ),
  route('GET', 'model-versions/get-download-uri', 'viewer', version, async ({ name, version }, { store }) => {
    const one = await versionOf(store, name, version);
    const isElsewhere = one.label?.facts['source'] !== undefined && one.label.facts['folder'] === undefined;
    return { artifact_uri: isElsewhere ? sourceOf(one) : versionRoot(name, one.version.number) };
  }),
  route(
    'POST',
    'model-versions/transition-stage',
    'deployer',
    version.extend({ stage: text, archive_existing_versions: flag.default(false) }),
    async ({ name, version, stage: wanted, archive_existing_versions }, { store }) => {
      const stage = stageNamed(wanted);
      if (archive_existing_versions && stage !== 'Staging' && stage !== 'Production')
        throw invalid(
          `Model version transition cannot archive existing model versions because '${stage}' is not an Active stage. Valid stages are Staging, Production.`,
        );
      const { version: found } = await versionOf(store, name, version);
      if (archive_existing_versions)
        for (const other of (await modelOf(store, name)).versions)
          if (stageOf(other) === stage && other.version.number !== found.number)
            await store.labels.change(name, other.version.number, { facts: { stage: 'Archived' } });
      await store.labels.change(name, found.number, { facts: { stage } });
      return { model_version: versionShape(await versionOf(store, name, version)) };
    },
  ),
  route(
    'POST',
    'model-versions/set-tag',
    'trainer',
    version.extend(pair.shape),
    async ({ name, version, key, value }, { store }) => {
      const { version: found } = await versionOf(store, name, version);
      await store.labels.change(name, found.number, { tags: { [key]: value } });
      return {};
    },
  ),
  route(
    'DELETE',
    'model-versions/delete-tag',
    'trainer',
    version.extend({ key: text }),
    async ({ name, version, key }, { store }) => {
      const { version: found, label } = await versionOf(store, name, version);
      if (!Object.hasOwn(label?.tags ?? {}, key))
        throw missing(`There is no tag '${key}' on version ${found.number} of the model ${name}.`);
      await store.labels.change(name, found.number, { tags: { [key]: null } });
      return {};
    },
  ),
];
