import type { PlacedRun, RunScan, ScanSort, Store } from '../store/index.ts';
import { type Clause, parseFilter, parseOrder, type Vocabulary } from './filter.ts';
import { holds } from './filter-match.ts';
import { pageStart, pageToken } from './pages.ts';
import { invalid } from './problem.ts';
import { infoShape, nameTag, noteTag, paramsOf, parentTag, storeStatus, tagsOf } from './run-shape.ts';

const vocabulary: Vocabulary = {
  kinds: ['metric', 'param', 'tag', 'attribute', 'dataset'],
  attributes: {
    run_id: 'text',
    run_name: 'text',
    status: 'text',
    user_id: 'text',
    artifact_uri: 'text',
    start_time: 'number',
    end_time: 'number',
  },
  synonyms: {
    created: 'start_time',
    Created: 'start_time',
    'run name': 'run_name',
    'Run name': 'run_name',
    'Run Name': 'run_name',
  },
};

/** What a search asks for. */
export interface RunSearch {
  readonly experiments: readonly number[];
  readonly filter: string | null | undefined;
  readonly orderBy: readonly string[];
  readonly deleted: RunScan['deleted'];
  readonly most: number;
  readonly token: string | null | undefined;
}

interface DatasetInput {
  readonly dataset: Readonly<Record<string, string>>;
  readonly tags: readonly { readonly key: string; readonly value: string }[];
}

/** Whether a clause holds for a run. Here every clause can be answered; the database only narrows down what is looked at. */
function matches(clause: Clause, placed: PlacedRun): boolean {
  const { kind, key } = clause;
  const own = <T>(record: Readonly<Record<string, T>>) => (Object.hasOwn(record, key) ? record[key] : undefined);
  if (kind === 'metric') return holds(clause, own(placed.run.metrics)?.last.value);
  if (kind === 'param') return holds(clause, own(paramsOf(placed.run)));
  if (kind === 'tag') return holds(clause, own(tagsOf(placed.run)));
  if (kind === 'attribute') return holds(clause, infoShape(placed)[key as 'run_id']);
  const inputs = (placed.flow.datasets ?? []) as unknown as readonly DatasetInput[];
  return inputs.some(({ dataset, tags }) =>
    key === 'context'
      ? tags.some((tag) => tag.key === 'mlflow.data.context' && holds(clause, tag.value))
      : holds(clause, dataset[key]),
  );
}

/** The tags that are no tags in the store. */
const elsewhere: readonly string[] = [nameTag, noteTag, parentTag];

/** Whether the text of a parameter may also come of a number or of nothing, which the database compares in other ways. */
const isPlainText = (value: string): boolean => value !== 'null' && (value.trim() === '' || Number.isNaN(Number(value)));

type Condition = Pick<RunScan, 'metrics' | 'params' | 'tags' | 'keys' | 'status'>;

/** A clause in the words of the store: it lets every run pass that meets the clause, and no other one. Undefined where the store has no words for it. */
function condition({ kind, key, is, value }: Clause): Condition | undefined {
  if (kind === 'metric' && is !== '!=') return { metrics: [{ name: key, is: is as '<', than: value as number }] };
  if (kind === 'attribute' && key === 'run_id' && (is === '=' || is === 'IN'))
    return { keys: is === '=' ? [value as string] : (value as readonly string[]) };
  if (is !== '=') return undefined;
  const text = value as string;
  if (kind === 'param' && isPlainText(text)) return { params: { [key]: text } };
  if (kind === 'tag' && !elsewhere.includes(key)) return { tags: { [key]: text } };
  if (kind === 'attribute' && key === 'status') {
    const status = storeStatus(text);
    return { status: status === undefined ? [] : [status] };
  }
  return undefined;
}

/** All that the store can do of a filter, and whether that is the whole of it. */
function narrowed(clauses: readonly Clause[]): { readonly scan: Condition; readonly isWhole: boolean } {
  let isWhole = true;
  const scan: {
    metrics: NonNullable<Condition['metrics']>[number][];
    params: Record<string, string>;
    tags: Record<string, string>;
  } & Record<string, unknown> = { metrics: [], params: {}, tags: {} };
  for (const clause of clauses) {
    const found = condition(clause);
    const isTwice = (name: 'params' | 'tags') => found?.[name] !== undefined && Object.hasOwn(scan[name], clause.key);
    if (
      found === undefined ||
      isTwice('params') ||
      isTwice('tags') ||
      (found.keys && scan['keys']) ||
      (found.status && scan['status'])
    ) {
      isWhole = false;
      continue;
    }
    scan.metrics.push(...(found.metrics ?? []));
    Object.assign(scan.params, found.params);
    Object.assign(scan.tags, found.tags);
    if (found.keys) scan['keys'] = found.keys.slice(0, 500);
    if (found.keys && found.keys.length > 500) throw invalid('run_id IN takes at most 500 texts: search several times.');
    if (found.status) scan['status'] = found.status;
  }
  return { scan, isWhole };
}

const sorts = { run_id: 'key', run_name: 'name', status: 'status', start_time: 'started', end_time: 'ended' } as const;

function sortOf(order: string): ScanSort[] {
  const { kind, key, isAscending } = parseOrder(order, vocabulary);
  const way = { order: isAscending ? 'ascending' : 'descending' } as const;
  if (kind === 'metric') return [{ metric: key, ...way }];
  if (kind === 'param') return [{ param: key, ...way }];
  if (kind === 'tag' && !elsewhere.includes(key)) return [{ tag: key, ...way }];
  if (kind === 'tag' && key === nameTag) return [{ by: 'name', ...way }];
  if (kind === 'attribute' && Object.hasOwn(sorts, key)) return [{ by: sorts[key as 'run_id'], ...way }];
  if (kind === 'attribute' && key === 'user_id') return [{ tag: 'mlflow.user', ...way }];
  throw invalid(`Runs cannot be ordered by ${kind} '${key}'.`);
}

/** Small enough that others have their turn between two pages. */
const pageSize = 1000;

/** Runs that meet a filter, in order, and the token of the next page. What the database cannot compare is compared here, page by page. */
export async function searchRuns(
  store: Store,
  search: RunSearch,
): Promise<{ readonly runs: readonly PlacedRun[]; readonly next?: string }> {
  const clauses = parseFilter(search.filter, vocabulary);
  const { scan, isWhole } = narrowed(clauses);
  const sort = search.orderBy.flatMap(sortOf);
  const fixed = { ...scan, experiments: search.experiments, sort, ...(search.deleted && { deleted: search.deleted }) };
  const limit = isWhole ? Math.min(search.most + 1, 2 * pageSize) : pageSize;
  const runs: PlacedRun[] = [];
  for (let skip = pageStart(search.token); ; skip += limit) {
    const page = await store.experiments.runs({ ...fixed, skip, limit });
    for (const [i, run] of page.entries()) {
      if (!clauses.every((clause) => matches(clause, run))) continue;
      if (runs.length === search.most) return { runs, next: pageToken(skip + i) };
      runs.push(run);
    }
    if (page.length < limit) return { runs };
  }
}
