import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Series } from './race.ts';
import { type Group, ratioChart } from './ratio-chart.ts';
import { fastest } from './report.ts';
import { pairedRatio } from './statistics.ts';

/** What the files of training cases have in common. */
interface Training {
  readonly machine: { readonly cpu: string; readonly processors: number };
  readonly model?: { readonly title: string };
  readonly series?: readonly Series[];
  readonly device?: string;
}

/** The libraries that the picture shows, in this order. */
const shown = ['PyTorch', 'TensorFlow', 'JAX'] as const;

function groupOf({ model, series = [] }: Training): Group | undefined {
  const own = fastest(series.filter((s) => s.library === 'Stratus' && s.variant === 'fit'));
  if (!own) return undefined;
  const bars = shown.map((library) => {
    const peer = fastest(series.filter((s) => s.library === library));
    return { library, ...(peer && pairedRatio(own.samples, peer.samples)) };
  });
  return { title: model?.title ?? 'MLP', bars };
}

/** Draws all training cases whose results are kept: our step's time as a share of that of each peer at its fastest. */
export async function writeChart(root: string): Promise<void> {
  const folder = join(root, 'bench/results');
  const files = (await readdir(folder)).filter((name) => name.endsWith('.json')).sort();
  const records = await Promise.all(
    files.map(async (name) => JSON.parse(await readFile(join(folder, name), 'utf8')) as Training),
  );
  const trainings = records.filter(({ series, device }) => series !== undefined && device === undefined);
  const groups = trainings.map(groupOf).filter((group) => group !== undefined);
  if (groups.length === 0) return;
  const machines = [...new Set(trainings.map(({ machine }) => `${machine.cpu}, ${machine.processors} cores`))];
  await writeFile(join(folder, 'training.svg'), ratioChart({ groups, subtitle: machines.join('; ') }));
}
