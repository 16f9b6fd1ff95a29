import { z } from 'zod';
import { list, most, pair, recordOf, search, text } from './fields.ts';
import { type Clause, parseFilter, parseOrder, type Vocabulary } from './filter.ts';
import { holds, sortedBy } from './filter-match.ts';
import { allModels, type FullModel, latestOf, modelOf, modelShape, stageOf, versionShape } from './model-shape.ts';
import { paged } from './pages.ts';
import { conflictAs, ifThere, missing, Problem } from './problem.ts';
import { also, type Call, type Route, route } from './route.ts';
import { stageNamed } from './stages.ts';

const vocabulary: Vocabulary = { kinds: ['attribute', 'tag'], attributes: { name: 'text' } };
const orders: Vocabulary = {
  kinds: ['attribute'],
  attributes: { name: 'text', creation_timestamp: 'number', last_updated_timestamp: 'number' },
  synonyms: { timestamp: 'last_updated_timestamp' },
};

const name = z.object({ name: text });
const shapeOf = ({ model, label, versions }: FullModel) => modelShape(model, label, versions);

/** Prompts are models with this tag; a model without it is none. */
const promptTag = 'mlflow.prompt.is_prompt';
export const tagHolds = (clause: Clause, tags: Readonly<Record<string, string>>): boolean => {
  const found = Object.hasOwn(tags, clause.key) ? tags[clause.key] : undefined;
  if (clause.key === promptTag && found === undefined) return (clause.is === '=') === (clause.value === 'false');
  return holds(clause, found);
};

/** The names that a filter asks for with `name = '…'` or IN, so that others are not read. */
export function namesIn(clauses: readonly Clause[]): readonly string[] | undefined {
  const clause = clauses.find(({ kind, key, is }) => kind === 'attribute' && key === 'name' && (is === '=' || is === 'IN'));
  return clause && (clause.is === '=' ? [clause.value as string] : (clause.value as readonly string[]));
}

/** Takes the aliases of some versions away; their history says why. */
export async function removeAliases({ store, actor }: Call, full: FullModel, version?: number): Promise<void> {
  for (const [alias, number] of Object.entries(full.model.aliases))
    if (version === undefined || number === version)
      await store.aliases.remove(full.model.name, alias, {
        reason: `version ${number} was deleted through MLflow`,
        ...(actor && { by: actor }),
      });
}

const latest = route(
  'POST',
  'registered-models/get-latest-versions',
  'viewer',
  name.extend({ stages: list(z.string()) }),
  async ({ name, stages }, { store }) => {
    const { versions } = await modelOf(store, name);
    const wanted = stages.map(stageNamed);
    const found = latestOf(versions).filter((one) => wanted.length === 0 || wanted.includes(stageOf(one)));
    return { model_versions: found.map(versionShape) };
  },
);

/** Registered models. One that was deleted keeps its name and its numbers: whoever makes it again goes on counting. */
export const registeredModelRoutes: readonly Route[] = [
  route(
    'POST',
    'registered-models/create',
    'trainer',
    name.extend({ tags: list(pair), description: z.string().nullish() }),
    async ({ name, tags, description }, { store }) => {
      const before = await ifThere(store.labels.get(name, 0));
      if (before?.isDeleted) {
        const gone = Object.fromEntries(Object.keys(before.tags).map((key) => [key, null]));
        await store.models.describe(name, description ?? '');
        await store.labels.change(name, 0, { tags: { ...gone, ...recordOf(tags) }, isDeleted: false });
      } else {
        if (before) throw new Problem('RESOURCE_ALREADY_EXISTS', `Registered Model (name=${name}) already exists.`);
        await conflictAs('RESOURCE_ALREADY_EXISTS', store.models.create(name, description ?? ''));
        if (tags.length > 0) await store.labels.change(name, 0, { tags: recordOf(tags) });
      }
      return { registered_model: shapeOf(await modelOf(store, name)) };
    },
  ),
  route('GET', 'registered-models/get', 'viewer', name, async ({ name }, { store }) => ({
    registered_model: shapeOf(await modelOf(store, name)),
  })),
  route(
    'PATCH',
    'registered-models/update',
    'trainer',
    name.extend({ description: z.string().nullish() }),
    async ({ name, description }, { store }) => {
      await modelOf(store, name);
      if (description != null) await store.models.describe(name, description);
      await store.labels.change(name, 0, {});
      return { registered_model: shapeOf(await modelOf(store, name)) };
    },
  ),
  route(
    'POST',
    'registered-models/rename',
    'deployer',
    name.extend({ new_name: text }),
    async ({ name, new_name }, { store }) => {
      await modelOf(store, name);
      await conflictAs('RESOURCE_ALREADY_EXISTS', store.models.rename(name, new_name));
      await store.labels.change(new_name, 0, {});
      return { registered_model: shapeOf(await modelOf(store, new_name)) };
    },
  ),
  route('DELETE', 'registered-models/delete', 'deployer', name, async ({ name }, call) => {
    const full = await modelOf(call.store, name);
    await removeAliases(call, full);
    for (const { version } of full.versions) await call.store.labels.change(name, version.number, { isDeleted: true });
    await call.store.labels.change(name, 0, { isDeleted: true });
    return {};
  }),
  route(
    'GET',
    'registered-models/search',
    'viewer',
    z.object({ ...search, max_results: most(100, 1000) }),
    async ({ filter, order_by, page_token, max_results }, { store }) => {
      const clauses = parseFilter(filter, vocabulary);
      const keys = order_by.map((order) => parseOrder(order, orders));
      const all = await allModels(store, namesIn(clauses));
      const found = all.filter(({ model, label }) =>
        clauses.every((clause) => (clause.kind === 'tag' ? tagHolds(clause, label?.tags ?? {}) : holds(clause, model.name))),
      );
      const sorted = sortedBy(found.map(shapeOf), [
        ...keys.map(({ key, isAscending }) => ({ of: (one: ReturnType<typeof shapeOf>) => one[key as 'name'], isAscending })),
        { of: (one) => one.name, isAscending: true },
      ]);
      const { page, next } = paged(sorted, page_token, max_results);
      return { registered_models: page, ...(next && { next_page_token: next }) };
    },
  ),
  latest,
  also('GET', latest),
  route('POST', 'registered-models/set-tag', 'trainer', name.extend(pair.shape), async ({ name, key, value }, { store }) => {
    await modelOf(store, name);
    await store.labels.change(name, 0, { tags: { [key]: value } });
    return {};
  }),
  route('DELETE', 'registered-models/delete-tag', 'trainer', name.extend({ key: text }), async ({ name, key }, { store }) => {
    const { label } = await modelOf(store, name);
    if (!Object.hasOwn(label?.tags ?? {}, key)) throw missing(`There is no tag '${key}' on the model ${name}.`);
    await store.labels.change(name, 0, { tags: { [key]: null } });
    return {};
  }),
];
