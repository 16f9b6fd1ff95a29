import { z } from 'zod';
import { list, most, pair, recordOf, search, text } from './fields.ts';
import { parseFilter, parseOrder, type Vocabulary } from './filter.ts';
import { holds, sortedBy } from './filter-match.ts';
import { experimentOf } from './find.ts';
import { paged } from './pages.ts';
import { conflictAs, invalid, missing } from './problem.ts';
import { also, type Route, route } from './route.ts';
import { experimentShape } from './run-shape.ts';

const vocabulary: Vocabulary = {
  kinds: ['attribute', 'tag'],
  attributes: { name: 'text', experiment_id: 'text', creation_time: 'number', last_update_time: 'number' },
};

export const views = z.enum(['ACTIVE_ONLY', 'DELETED_ONLY', 'ALL']).default('ACTIVE_ONLY');
const id = z.object({ experiment_id: text });

const searched = route(
  'POST',
  'experiments/search',
  'viewer',
  z.object({ ...search, max_results: most(1000, 50_000), view_type: views }),
  async ({ filter, order_by, page_token, max_results, view_type }, { store }) => {
    const clauses = parseFilter(filter, vocabulary);
    const orders = order_by.map((order) => parseOrder(order, vocabulary));
    const all = (await store.experiments.list())
      .filter(({ isDeleted }) => view_type === 'ALL' || isDeleted === (view_type === 'DELETED_ONLY'))
      .map((experiment) => ({ number: experiment.number, shape: experimentShape(experiment), tags: experiment.tags }));
    type Item = (typeof all)[number];
    const value = (kind: string, key: string) => (item: Item) =>
      kind === 'tag'
        ? Object.hasOwn(item.tags, key)
          ? item.tags[key]
          : undefined
        : (item.shape[key as 'name'] as string | number);
    const found = all.filter((item) => clauses.every((clause) => holds(clause, value(clause.kind, clause.key)(item))));
    const newest = [{ kind: 'attribute', key: 'creation_time', isAscending: false }];
    const keys = (orders.length > 0 ? orders : newest).map((order) => ({
      of: order.key === 'experiment_id' ? (item: Item) => item.number : value(order.kind, order.key),
      isAscending: order.isAscending,
    }));
    const { page, next } = paged(
      sortedBy(found, [...keys, { of: (item) => item.number, isAscending: false }]),
      page_token,
      max_results,
    );
    return { experiments: page.map(({ shape }) => shape), ...(next && { next_page_token: next }) };
  },
);

/** Experiments, which are groups of runs within the project. */
export const experimentRoutes: readonly Route[] = [
  route(
    'POST',
    'experiments/create',
    'trainer',
    z.object({ name: text, artifact_location: z.string().nullish(), tags: list(pair) }),
    async ({ name, artifact_location, tags }, { store }) => {
      if (artifact_location && !/^mlflow-artifacts:/.test(artifact_location))
        throw invalid(
          `artifact_location: this server keeps all files itself, so '${artifact_location.slice(0, 100)}' cannot be one; leave it out.`,
        );
      const made = await conflictAs('RESOURCE_ALREADY_EXISTS', store.experiments.create(name, recordOf(tags)));
      return { experiment_id: String(made.number) };
    },
  ),
  route('GET', 'experiments/get', 'viewer', id, async ({ experiment_id }, { store }) => ({
    experiment: experimentShape(await experimentOf(store, experiment_id)),
  })),
  route(
    'GET',
    'experiments/get-by-name',
    'viewer',
    z.object({ experiment_name: text }),
    async ({ experiment_name }, { store }) => {
      const found = (await store.experiments.list()).find(({ name }) => name === experiment_name);
      if (found === undefined) throw missing(`Could not find experiment with name '${experiment_name}'.`);
      return { experiment: experimentShape(found) };
    },
  ),
  searched,
  also('GET', searched),
  route(
    'POST',
    'experiments/update',
    'trainer',
    id.extend({ new_name: text }),
    async ({ experiment_id, new_name }, { store }) => {
      const { number, isDeleted } = await experimentOf(store, experiment_id);
      if (isDeleted) throw invalid('Cannot rename an experiment that was deleted: restore it first.');
      await conflictAs('RESOURCE_ALREADY_EXISTS', store.experiments.change(number, { name: new_name }));
      return {};
    },
  ),
  ...(['delete', 'restore'] as const).map((what) =>
    route('POST', `experiments/${what}`, 'trainer', id, async ({ experiment_id }, { store }) => {
      const { number, isDeleted } = await experimentOf(store, experiment_id);
      if (isDeleted === (what === 'delete'))
        throw missing(`The experiment ${number} is ${isDeleted ? 'deleted already' : 'not deleted'}.`);
      await store.experiments.change(number, { isDeleted: what === 'delete' });
      return {};
    }),
  ),
  route(
    'POST',
    'experiments/set-experiment-tag',
    'trainer',
    id.extend(pair.shape),
    async ({ experiment_id, key, value }, { store }) => {
      const { number } = await experimentOf(store, experiment_id);
      await store.experiments.change(number, { tags: { [key]: value } });
      return {};
    },
  ),
  route(
    'POST',
    'experiments/delete-experiment-tag',
    'trainer',
    id.extend({ key: text }),
    async ({ experiment_id, key }, { store }) => {
      const { number, tags } = await experimentOf(store, experiment_id);
      if (!Object.hasOwn(tags, key)) throw missing(`No tag with name: ${key} in experiment with id ${number}.`);
      await store.experiments.change(number, { tags: { [key]: null } });
      return {};
    },
  ),
  route(
    'POST',
    'experiments/search-datasets',
    'viewer',
    z.object({ experiment_ids: list(text) }),
    async ({ experiment_ids }, { store }) => {
      const numbers = (await Promise.all(experiment_ids.map((one) => experimentOf(store, one)))).map(({ number }) => number);
      const runs = await store.experiments.runs({ experiments: numbers, limit: 1000 });
      const seen = new Map<string, object>();
      for (const { experiment, flow } of runs)
        for (const input of (flow.datasets ?? []) as {
          dataset: { name: string; digest: string };
          tags: { key: string; value: string }[];
        }[]) {
          const context = input.tags.find(({ key }) => key === 'mlflow.data.context')?.value;
          const summary = {
            experiment_id: String(experiment),
            name: input.dataset.name,
            digest: input.dataset.digest,
            ...(context && { context }),
          };
          seen.set(JSON.stringify(summary), summary);
        }
      return { dataset_summaries: [...seen.values()] };
    },
  ),
];
