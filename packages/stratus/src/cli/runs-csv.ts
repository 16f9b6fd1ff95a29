import { writeFile } from 'node:fs/promises';
import { csvLine, fail } from '@stratus/core';
import type { RunInfo, Store } from '../store/index.ts';
import { stateOf } from '../tracking/index.ts';

/** A line for each run, with its parameters, tags and metrics. Errors: `file-failed`. */
export async function writeTable(file: string, runs: readonly RunInfo[]): Promise<void> {
  const names = (of: (run: RunInfo) => object): string[] => [...new Set(runs.flatMap((run) => Object.keys(of(run))))].sort();
  const [params, tags, metrics] = [names((run) => run.params), names((run) => run.tags), names((run) => run.metrics)];
  const head = [
    'key',
    'name',
    'parent',
    'status',
    'created',
    'finished',
    ...params.map((name) => `param ${name}`),
    ...tags.map((name) => `tag ${name}`),
    ...metrics.flatMap((name) => [name, `${name} min`, `${name} max`]),
  ];
  const lines = runs.map((run) =>
    csvLine([
      run.key,
      run.name,
      run.parent,
      stateOf(run),
      run.createdAt.toISOString(),
      run.finishedAt?.toISOString(),
      ...params.map((name) => cell(run.params[name])),
      ...tags.map((name) => run.tags[name]),
      ...metrics.flatMap((name) => {
        const found = run.metrics[name];
        return [found?.last.value, found?.min?.value, found?.max?.value];
      }),
    ]),
  );
  await write(file, [csvLine(head), ...lines]);
}

/** A line for each point of a run. Errors: `file-failed`, `database-failed`. */
export async function writePoints(file: string, store: Store, { key, metrics }: RunInfo): Promise<void> {
  const lines = [csvLine(['metric', 'step', 'value', 'time'])];
  const part = 10_000;
  for (const name of Object.keys(metrics))
    for (let skip = 0; ; skip += part) {
      const points = await store.metrics.history(key, name, { skip, limit: part });
      for (const { step, value, at } of points) lines.push(csvLine([name, step, value, new Date(at).toISOString()]));
      if (points.length < part) break;
    }
  await write(file, lines);
}

const cell = (value: unknown): string | number | undefined =>
  value === undefined || value === null ? undefined : typeof value === 'number' ? value : String(value);

async function write(file: string, lines: readonly string[]): Promise<void> {
  try {
    await writeFile(file, lines.join(''));
  } catch (e) {
    throw fail('file-failed', { file, doing: 'Writing', reason: (e as Error).message }, e);
  }
}

/** Any table. Errors: `file-failed`. */
export const writeRows = (file: string, rows: readonly (readonly (string | number | undefined)[])[]): Promise<void> =>
  write(
    file,
    rows.map((row) => csvLine(row)),
  );
