import { fail } from '@stratus/core';
import { plain } from '../plots/index.ts';
import type { RunInfo } from '../store/index.ts';
import { stateOf } from '../tracking/index.ts';
import { outputFor, table } from './output.ts';
import { writeRows } from './runs-csv.ts';
import { findRuns } from './runs-find.ts';
import { drawFile, type PlotFlags, plotOf, printedPlot, usualMetrics } from './runs-plot.ts';
import { type MetricName, metricTitle, metricValue } from './runs-query.ts';
import { durationText, runJson, valueText } from './runs-text.ts';
import { inWorkspace, type WorkspaceFlags } from './workspace.ts';

interface CompareOptions extends WorkspaceFlags, PlotFlags {
  readonly of: MetricName['of'];
  readonly differences?: boolean;
  readonly csv?: string;
  readonly json?: boolean;
}

/** One line of the comparison: what each run says. */
interface Line {
  readonly kind: 'run' | 'parameter' | 'metric';
  readonly name: string;
  readonly values: readonly (string | number | undefined)[];
}

/** `stratus runs compare` */
export async function compare(keys: readonly string[], options: CompareOptions): Promise<void> {
  const output = outputFor(options);
  await inWorkspace(options, async ({ store }) => {
    const runs = await findRuns(store, keys);
    if (runs.length < 2)
      throw fail('usage', { reason: 'There is nothing to compare one run with.', fix: 'Name two runs or more.' });
    const lines = linesOf(runs, options.of);
    const metrics = options.metric ?? usualMetrics(runs)[0]?.slice(-1) ?? [];
    const plot = metrics.length > 0 ? await plotOf(store, runs, metrics, options.log) : undefined;
    if (options.plot !== undefined) {
      if (!plot) throw fail('usage', { reason: 'These runs have no metric with a curve.', fix: 'Name one: --metric NAME.' });
      await drawFile(options.plot, plot, options);
    }
    if (options.csv !== undefined)
      await writeRows(options.csv, [
        ['kind', 'name', ...runs.map(({ key }) => key)],
        ...lines.map(({ kind, name, values }) => [kind, name, ...values]),
      ]);
    if (output.json)
      return output.data({
        runs: runs.map(runJson),
        differences: lines
          .filter(differs)
          .map(({ kind, name, values }) => ({ kind, name, values: values.map((value) => value ?? null) })),
      });
    const files = [options.plot, options.csv].filter((file) => file !== undefined);
    if (files.length > 0) return output.note(`Written: ${files.join(', ')}`);
    print(runs, options.differences ? lines.filter((line) => line.kind === 'run' || differs(line)) : lines);
    if (!plot) return;
    output.print();
    output.print(printedPlot(plot, { colors: output.colors.isColorSupported, height: 14 }));
  });
}

const differs = ({ kind, values }: Line): boolean => kind !== 'run' && values.some((value) => value !== values[0]);

function linesOf(runs: readonly RunInfo[], of: MetricName['of']): Line[] {
  const names = (from: (run: RunInfo) => object): string[] => [...new Set(runs.flatMap((run) => Object.keys(from(run))))];
  const commit = ({ code }: RunInfo): string | undefined => {
    const found = (code as { readonly commit?: unknown } | undefined)?.commit;
    return typeof found === 'string' ? found.slice(0, 10) : undefined;
  };
  const data = (run: RunInfo): string | undefined => {
    const found = (run.data as { readonly fingerprint?: unknown } | undefined)?.fingerprint;
    return typeof found === 'string' ? found.slice(7, 17) : undefined;
  };
  return [
    { kind: 'run', name: 'name', values: runs.map(({ name }) => name) },
    { kind: 'run', name: 'status', values: runs.map((run) => stateOf(run)) },
    { kind: 'run', name: 'took', values: runs.map(durationText) },
    { kind: 'parameter', name: 'code', values: runs.map(commit) },
    { kind: 'parameter', name: 'data', values: runs.map(data) },
    ...names((run) => run.params).map((name): Line => {
      const values = runs.map(({ params }) => params[name]);
      return {
        kind: 'parameter',
        name,
        values: values.map((value) => (typeof value === 'number' ? value : value === undefined ? undefined : String(value))),
      };
    }),
    ...names((run) => run.metrics)
      .sort()
      .map((name): Line => {
        const metric = { name, of };
        return { kind: 'metric', name: metricTitle(metric), values: runs.map((run) => metricValue(run, metric)) };
      }),
  ];
}

function print(runs: readonly RunInfo[], lines: readonly Line[]): void {
  const { colors, print: say } = outputFor({});
  const titles = { run: '', parameter: 'parameters', metric: 'metrics' } as const;
  const rows: string[][] = [['', '', ...runs.map(({ key }) => colors.bold(key))]];
  let kind: Line['kind'] = 'run';
  for (const line of lines) {
    if (line.kind !== kind) rows.push(['', ''], ['', colors.dim(titles[line.kind])]);
    kind = line.kind;
    const isOther = differs(line);
    const mark = isOther ? '*' : ' ';
    rows.push([mark, plain(line.name, 60), ...line.values.map((value) => text(value, isOther))]);
  }
  say(table(rows));
  if (!lines.some(differs)) say('\nThey differ in nothing that was recorded.');

  function text(value: string | number | undefined, isOther: boolean): string {
    const shown = value === undefined ? '-' : plain(valueText(value), 32);
    return isOther ? colors.yellow(shown) : shown;
  }
}
