import { plain, short, sparkline } from '../plots/index.ts';
import { byteCount, count } from '../progress/index.ts';
import type { Artifact, Json, RunInfo, Store } from '../store/index.ts';
import { stateOf } from '../tracking/index.ts';
import { outputFor, table } from './output.ts';
import { writePoints } from './runs-csv.ts';
import { findRun } from './runs-find.ts';
import { drawFile, type PlotFlags, plotOf, printedPlot, usualMetrics } from './runs-plot.ts';
import { ago, durationText, pointText, runJson, stateText, timeText, valueText } from './runs-text.ts';
import { inWorkspace, type WorkspaceFlags } from './workspace.ts';

interface ShowOptions extends WorkspaceFlags, PlotFlags {
  readonly csv?: string;
  readonly json?: boolean;
}

const sparkPoints = 96;

/** `stratus runs show` */
export async function show(key: string, options: ShowOptions): Promise<void> {
  const output = outputFor(options);
  await inWorkspace(options, async ({ store }) => {
    const run = await findRun(store, key);
    const groups = options.metric ? [options.metric] : usualMetrics([run]);
    if (options.csv !== undefined) await writePoints(options.csv, store, run);
    if (options.plot !== undefined)
      await drawFile(options.plot, await plotOf(store, [run], groups[0] ?? [], options.log), options);
    const artifacts = await store.artifacts.list(run.key);
    const parts = await store.runs.list({ parent: run.key, sort: { by: 'created', order: 'ascending' } });
    if (output.json) return output.data({ ...runJson(run), artifacts, children: parts.map((part) => part.key) });
    const files = [options.csv, options.plot].filter((file) => file !== undefined);
    if (files.length > 0) return output.note(`Written: ${files.join(', ')}`);
    await print(store, run, { artifacts, parts, groups, isLog: options.log ?? false });
  });
}

interface Shown {
  readonly artifacts: readonly Artifact[];
  readonly parts: readonly RunInfo[];
  readonly groups: readonly (readonly string[])[];
  readonly isLog: boolean;
}

async function print(store: Store, run: RunInfo, { artifacts, parts, groups, isLog }: Shown): Promise<void> {
  const { colors, print: say } = outputFor({});
  const section = (title: string, rows: readonly (readonly string[])[], align: readonly ('left' | 'right')[] = []): void => {
    if (rows.length === 0) return;
    say();
    say(colors.bold(title));
    for (const line of table(rows, align).split('\n')) say(`  ${line}`);
  };
  const state = stateOf(run);
  say(`${colors.bold(run.key)}  ${plain(run.name, 100)}  ${stateText(state, colors)}`);
  const times = [`began ${timeText(run.createdAt)} (${ago(run.createdAt)})`, `took ${durationText(run)}`];
  if (state === 'lost') times.push(`seen last ${ago(run.seenAt)}`);
  say(times.join(', '));
  if (run.parent !== undefined) say(`within ${run.parent}`);
  if (run.error !== undefined)
    say(
      `\n${colors.red('error')}\n${run.error
        .split('\n')
        .map((line) => `  ${plain(line, 400)}`)
        .join('\n')}`,
    );
  if (run.notes !== '')
    say(
      `\n${colors.bold('notes')}\n${run.notes
        .split('\n')
        .map((line) => `  ${plain(line, 400)}`)
        .join('\n')}`,
    );
  section(
    'tags',
    Object.entries(run.tags).map(([name, value]) => [plain(name), valueText(value)]),
  );
  section(
    'parameters',
    Object.entries(run.params).map(([name, value]) => [plain(name, 60), valueText(value)]),
  );
  for (const [title, facts] of [
    ['data', run.data],
    ['code', run.code],
    ['environment', run.environment],
  ] as const)
    section(title, factsOf(facts));
  section(
    'metrics',
    Object.keys(run.metrics).length === 0
      ? []
      : [
          ['', 'last', 'at', 'lowest', 'highest', 'points', ''].map((text) => colors.dim(text)),
          ...(await Promise.all(Object.keys(run.metrics).map((name) => metricRow(store, run, name)))),
        ],
    ['left', 'right', 'right', 'right', 'right', 'right'],
  );
  for (const metrics of groups.slice(0, 2)) {
    const plot = await plotOf(store, [run], metrics, isLog);
    say();
    say(printedPlot(plot, { colors: colors.isColorSupported, height: 9 }));
  }
  section(
    'files',
    artifacts.map(({ path, bytes, digest }) => [plain(path, 100), byteCount(bytes), digest.slice(0, 19)]),
    ['left', 'right'],
  );
  section(
    'runs within',
    parts.map((part) => [part.key, plain(part.name), stateText(stateOf(part), colors)]),
  );
}

async function metricRow(store: Store, { key, metrics }: RunInfo, name: string): Promise<string[]> {
  const { last, min, max, points } = metrics[name]!;
  const curve = await store.metrics.curve(key, name, { points: sparkPoints });
  const line = sparkline(curve.map(({ value }) => value));
  return [plain(name, 40), short(last.value), String(last.step), pointText(min), pointText(max), String(points), line];
}

const factsOf = (facts: Json | undefined): string[][] =>
  typeof facts !== 'object' || facts === null
    ? []
    : Object.entries(facts).map(([name, value]) => [
        plain(name),
        Number.isSafeInteger(value) ? count(value as number) : valueText(value as Json),
      ]);
