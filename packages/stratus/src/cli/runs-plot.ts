import { writeFile } from 'node:fs/promises';
import { fail, StratusError } from '@stratus/core';
import { type Curve, type Plot, plotPng, plotSvg, plotText } from '../plots/index.ts';
import type { RunInfo, Store } from '../store/index.ts';
import { isFigure } from './runs-text.ts';

/** Which curves are drawn, and how. */
export interface PlotFlags {
  readonly metric?: readonly string[];
  readonly log?: boolean;
  readonly plot?: string;
  readonly dark?: boolean;
}

const drawnPoints = 1000;

/** The curves of some metrics of some runs, in one plot. Errors: `usage` for a metric that none of them has. */
export async function plotOf(store: Store, runs: readonly RunInfo[], metrics: readonly string[], isLog = false): Promise<Plot> {
  const curves: Curve[] = [];
  for (const name of metrics) {
    const owners = runs.filter((run) => Object.hasOwn(run.metrics, name));
    if (owners.length === 0) await unknownMetric(store, runs[0]!, name);
    for (const run of owners) {
      const points = await store.metrics.curve(run.key, name, { points: drawnPoints });
      const label = run.name === run.key ? run.key : `${run.key} ${run.name}`;
      curves.push({ points, name: runs.length === 1 ? name : metrics.length === 1 ? label : `${name} of ${label}` });
    }
  }
  const title = metrics.join(', ') + (runs.length > 1 ? ` of ${runs.length} runs` : '');
  const isTime = metrics.every((name) => name.startsWith('system/'));
  return { title: isLog ? `${title} (logarithmic)` : title, curves, isLog, xName: isTime ? 'seconds' : 'step' };
}

/** The store knows what is near. */
async function unknownMetric(store: Store, run: RunInfo, name: string): Promise<never> {
  try {
    await store.metrics.curve(run.key, name);
  } catch (e) {
    throw StratusError.is(e) && e.code === 'unknown-name' ? fail('usage', { reason: e.message, fix: '' }, e) : e;
  }
  throw fail('unknown-name', { kind: 'metric', name, suggestion: undefined, known: [] });
}

/** What is drawn where nobody says so: the first figures of epochs, each with that of validation; of a short training the steps. */
export function usualMetrics(runs: readonly RunInfo[]): string[][] {
  const counts = new Map<string, number>();
  for (const { metrics } of runs)
    for (const { name, points } of Object.values(metrics)) counts.set(name, Math.max(counts.get(name) ?? 0, points));
  const names = [...counts].filter(([, points]) => points >= 3).map(([name]) => name);
  const validation = (name: string): string => `val${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  const figures = names.filter((name) => isFigure(name) && !names.some((other) => validation(other) === name));
  const groups = figures.map((name) => [name, validation(name)].filter((other) => names.includes(other)));
  return groups.length > 0
    ? groups
    : names
        .filter((name) => name.startsWith('step/'))
        .slice(0, 1)
        .map((name) => [name]);
}

/** A plot for the terminal. */
export function printedPlot(plot: Plot, { colors, height }: { readonly colors: boolean; readonly height: number }): string {
  return plotText(plot, { colors, height, width: Math.max(40, Math.min(120, process.stdout.columns || 90)) });
}

/** Draws into a file. Errors: `usage` for a file of another kind, `file-failed`. */
export async function drawFile(
  file: string,
  plot: Plot,
  { dark = false }: { readonly dark?: boolean | undefined },
): Promise<void> {
  const background = dark ? 'dark' : 'light';
  const isPng = /\.png$/i.test(file);
  if (!isPng && !/\.svg$/i.test(file))
    throw fail('usage', {
      reason: `--plot ${file} is neither a picture of dots nor one of lines.`,
      fix: 'Name a file that ends in .svg or .png.',
    });
  const content = isPng ? await plotPng(plot, { background }) : plotSvg(plot, { background: dark ? 'dark' : 'both' });
  try {
    await writeFile(file, content);
  } catch (e) {
    throw fail('file-failed', { file, doing: 'Writing', reason: (e as Error).message }, e);
  }
}
