import type { MetricCondition, RunInfo, RunQuery, RunSort, RunStatus } from '../store/index.ts';
import { type RunState, stateOf } from '../tracking/index.ts';
import { outputFor, table } from './output.ts';
import { writeTable } from './runs-csv.ts';
import { findRun } from './runs-find.ts';
import { type MetricName, metricTitle, metricValue, reversed } from './runs-query.ts';
import { ago, durationText, isFigure, runJson, stateText, valueText } from './runs-text.ts';
import { inWorkspace, type WorkspaceFlags } from './workspace.ts';

interface LsOptions extends WorkspaceFlags {
  readonly status?: readonly RunState[];
  readonly tag?: readonly (readonly [string, string])[];
  readonly param?: readonly (readonly [string, string])[];
  readonly where?: readonly MetricCondition[];
  readonly parent?: string;
  readonly top?: boolean;
  readonly sort?: RunSort;
  readonly reverse?: boolean;
  readonly limit: number;
  readonly csv?: string;
  readonly json?: boolean;
}

/** `stratus runs ls` */
export async function list(options: LsOptions): Promise<void> {
  const output = outputFor(options);
  await inWorkspace(options, async ({ store }) => {
    const parent = options.parent === undefined ? undefined : (await findRun(store, options.parent)).key;
    const wanted = options.status;
    // Whether a run is lost is no matter of the store: of those that say they are running, all are looked at.
    const isSeen = wanted?.some((state) => state === 'lost' || state === 'running') ?? false;
    const query = { ...queryOf(options, parent), limit: isSeen ? 10_000 : options.limit };
    const found = await store.runs.list(query);
    const all = wanted ? found.filter((run) => wanted.includes(stateOf(run))) : found;
    const shown = all.slice(0, options.limit);
    if (options.csv !== undefined) await writeTable(options.csv, shown);
    if (output.json) return output.data(shown.map(runJson));
    if (options.csv !== undefined) return output.note(`${shown.length} runs are in ${options.csv}.`);
    if (shown.length === 0) {
      const isNarrow = Object.keys(query).some((name) => !['limit', 'sort'].includes(name));
      return output.note(isNarrow ? 'There is no such run.' : 'There is no run yet. stratus train records every training.');
    }
    print(shown, options);
    if (shown.length === options.limit) output.note(`There may be more: --limit ${options.limit * 5}`);
  });
}

function queryOf({ status, tag, param, where, top, sort, reverse }: LsOptions, parent: string | undefined): RunQuery {
  const kinds = status && [...new Set(status.map((state): RunStatus => (state === 'lost' ? 'running' : state)))];
  const order = reverse ? reversed(sort) : sort;
  return {
    ...(kinds && { status: kinds }),
    ...(tag && { tags: Object.fromEntries(tag) }),
    ...(param && { params: Object.fromEntries(param.map(([name, text]) => [name, paramOf(text)])) }),
    ...(where && { metrics: where }),
    ...(parent !== undefined ? { parent } : top ? { parent: null } : {}),
    ...(order && { sort: order }),
  };
}

const paramOf = (text: string): string | number => (text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text);

function print(runs: readonly RunInfo[], options: LsOptions): void {
  const { colors, print: say } = outputFor({});
  const metrics = columnsOf(runs, options);
  const params = options.sort && 'param' in options.sort ? [options.sort.param] : [];
  const keys = new Set(runs.map(({ key }) => key));
  const head = ['KEY', 'NAME', 'STATUS', 'BEGAN', 'TOOK', ...params, ...metrics.map(metricTitle)];
  const rows = runs.map((run) => [
    run.key,
    `${run.parent === undefined ? '' : keys.has(run.parent) ? '  ' : '… '}${valueText(run.name.slice(0, 40))}`,
    stateText(stateOf(run), colors),
    ago(run.createdAt),
    durationText(run),
    ...params.map((name) => valueText(run.params[name])),
    ...metrics.map((metric) => valueText(metricValue(run, metric))),
  ]);
  const align = head.map((_, i) => (i >= 4 ? ('right' as const) : ('left' as const)));
  say(table([head.map((text) => colors.dim(text)), ...rows], align));
}

/** What was asked for, and then the figures that most runs have. */
function columnsOf(runs: readonly RunInfo[], { where = [], sort }: LsOptions): MetricName[] {
  const asked: MetricName[] = where.map(({ name, of = 'last' }) => ({ name, of }));
  if (sort && 'metric' in sort) asked.push({ name: sort.metric, of: sort.of ?? 'last' });
  const counts = new Map<string, number>();
  for (const { metrics } of runs)
    for (const name of Object.keys(metrics)) if (isFigure(name)) counts.set(name, (counts.get(name) ?? 0) + 1);
  const usual = [...counts].sort((a, b) => b[1] - a[1]).map(([name]): MetricName => ({ name, of: 'last' }));
  const all = new Map([...asked, ...usual].map((metric) => [metricTitle(metric), metric]));
  return [...all.values()].slice(0, Math.max(4, asked.length));
}
