import { z } from 'zod';
import type { LoggedModel } from '../store/index.ts';
import { flag, list, most, search, text } from './fields.ts';
import { type Clause, parseFilter, parseOrder, type Vocabulary } from './filter.ts';
import { holds, sortedBy } from './filter-match.ts';
import { experimentNumber } from './find.ts';
import { factsOf, loggedShape } from './logged-models.ts';
import { paged } from './pages.ts';
import { type Route, route } from './route.ts';

const vocabulary: Vocabulary = {
  kinds: ['attribute', 'metric', 'param', 'tag'],
  attributes: {
    name: 'text',
    model_id: 'text',
    model_type: 'text',
    status: 'text',
    source_run_id: 'text',
    experiment_id: 'text',
    creation_timestamp: 'number',
    last_updated_timestamp: 'number',
  },
  synonyms: { creation_time: 'creation_timestamp', last_updated_time: 'last_updated_timestamp' },
};

const dataset = z.object({ dataset_name: z.string().nullish(), dataset_digest: z.string().nullish() });
type Dataset = z.output<typeof dataset>;

/** The newest value of a metric, on some data sets or on any. */
function metricOf(model: LoggedModel, key: string, datasets: readonly Dataset[]): number | undefined {
  const found = factsOf(model).metrics.filter(
    (one) =>
      one.key === key &&
      (datasets.length === 0 ||
        datasets.some(
          (d) => d.dataset_name === one.dataset_name && (!d.dataset_digest || d.dataset_digest === one.dataset_digest),
        )),
  );
  const newest = sortedBy(found, [{ of: (one) => one.timestamp, isAscending: false }])[0];
  return newest && Number(newest.value);
}

function valueOf(
  model: LoggedModel,
  { kind, key }: Pick<Clause, 'kind' | 'key'>,
  datasets: readonly Dataset[],
): string | number | undefined {
  const { params, tags } = factsOf(model);
  if (kind === 'metric') return metricOf(model, key, datasets);
  if (kind === 'param') return Object.hasOwn(params, key) ? params[key] : undefined;
  if (kind === 'tag') return Object.hasOwn(tags, key) ? tags[key] : undefined;
  const { info } = loggedShape(model);
  if (key === 'status') return info.status.replace('LOGGED_MODEL_', '');
  return info[(key.endsWith('_timestamp') ? `${key}_ms` : key) as 'name'];
}

/** The search for logged models. */
export const loggedModelSearch: Route = route(
  'POST',
  'logged-models/search',
  'viewer',
  z.object({
    ...search,
    experiment_ids: list(z.string()),
    datasets: list(dataset),
    order_by: list(dataset.extend({ field_name: text, ascending: flag.default(true) })),
    max_results: most(100, 10_000),
  }),
  async ({ experiment_ids, filter, datasets, order_by, page_token, max_results }, { store }) => {
    const clauses = parseFilter(filter, vocabulary);
    const keys = order_by.map(({ field_name, ascending, ...on }) => ({
      ...parseOrder(field_name, vocabulary),
      isAscending: ascending,
      on: on.dataset_name ? [on] : [],
    }));
    const numbers = experiment_ids.map(experimentNumber).filter((number) => number !== undefined);
    const all = await store.loggedModels.list(numbers);
    const found = all.filter((model) => clauses.every((clause) => holds(clause, valueOf(model, clause, datasets))));
    const sorted = sortedBy(
      found,
      keys.map((key) => ({ of: (model: LoggedModel) => valueOf(model, key, key.on), isAscending: key.isAscending })),
    );
    const { page, next } = paged(sorted, page_token, max_results);
    return { models: page.map(loggedShape), ...(next && { next_page_token: next }) };
  },
);
