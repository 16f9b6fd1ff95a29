// The training step of the mission's MLP, against PyTorch, TensorFlow and TensorFlow.js in the same run.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onAnyDevice, type Result } from '../result.ts';
import { barChart } from '../shared/bar-chart.ts';
import { executorOn } from '../shared/executor-on.ts';
import { machine } from '../shared/machine.ts';
import { batchSize } from '../shared/mlp.ts';
import { lineup } from '../shared/peers.ts';
import { assemble, race, type Series } from '../shared/race.ts';
import { fastest, logSeries, ms, named, pretty } from '../shared/report.ts';
import { median, pairedRatio, quantile } from '../shared/statistics.ts';
import { writeStepData } from '../shared/step-data.ts';
import { writeChart } from '../shared/training-chart.ts';

const quick = process.env['STRATUS_BENCH_QUICK'] === '1';
const settings = quick
  ? { rounds: 3, sliceMs: 60, batches: 128, firstSteps: 32, slowest: 2 }
  : { rounds: 11, sliceMs: 300, batches: 128, firstSteps: 32, slowest: 2 };

/** All must have computed the same, or the comparison means nothing. */
function checkLosses(series: readonly Series[], own: Series): void {
  for (const s of series) {
    if (Math.abs(s.loss / own.loss - 1) > 1e-4)
      throw new Error(`${named(s)} computes something else: a mean loss of ${s.loss} over the first steps, ours is ${own.loss}`);
  }
}

/** Libraries that run in Node: most of their work is JavaScript or WebAssembly. */
const inNode: readonly string[] = ['TensorFlow.js', 'jax-js'];

function results(own: Series, alone: Series, all: readonly Series[]): Result[] {
  // The promise is about the fastest of PyTorch, TensorFlow and JAX; a row for each would judge it three times.
  const native = fastest(all.filter(({ library }) => !inNode.includes(library)));
  const peers = [...(native ? [native] : []), ...all.filter(({ library }) => inNode.includes(library))];
  const against = peers.map((peer): Result => {
    const detail = (r: { low: number; high: number }) =>
      `${ms(median(own.samples))} against ${ms(median(peer.samples))} (${peer.variant}, ${peer.threads}); ${own.samples.length} paired rounds, middle half ${r.low.toFixed(3)} to ${r.high.toFixed(3)}`;
    if (inNode.includes(peer.library)) {
      const r = pairedRatio(peer.samples, own.samples);
      return {
        name: `MLP step: ${peer.library} ${peer.version} / Stratus`,
        reached: r.ratio,
        target: peer.library === 'TensorFlow.js' ? 15 : 1,
        better: 'higher',
        unit: 'ratio',
        detail: detail(r),
      };
    }
    const r = pairedRatio(own.samples, peer.samples);
    return {
      name: `MLP step: Stratus / ${peer.library} ${peer.version}`,
      reached: r.ratio,
      target: 0.6,
      better: 'lower',
      unit: 'ratio',
      detail: detail(r),
    };
  });
  const host = pairedRatio(own.samples, alone.samples);
  const detail = `${ms(median(own.samples))} against ${ms(median(alone.samples))}, ${own.threads}: what fit adds for batches and sums`;
  return [
    ...against,
    { name: 'MLP step: fit / the step alone', reached: host.ratio, target: 1.25, better: 'lower', unit: 'ratio', detail },
  ];
}

function picture(series: readonly Series[], system: ReturnType<typeof machine>): string {
  const libraries = [...new Set(series.map((s) => s.library))];
  const best = libraries.map((library) => fastest(series.filter((s) => s.library === library && s.variant !== 'step alone'))!);
  const bars = best.map((s) => ({
    label: `${s.library} ${s.version}, ${s.threads}`,
    value: median(s.samples),
    low: quantile(s.samples, 0.25),
    high: quantile(s.samples, 0.75),
    own: s.library === 'Stratus',
  }));
  const most =
    1.15 * Math.max(...bars.filter((bar) => !inNode.some((library) => bar.label.startsWith(library))).map((bar) => bar.value));
  const subtitle = `MLP 784-128-128-10, batch 128, SGD with momentum; each library at its best. ${system.cpu}, ${system.processors} cores`;
  return barChart({ title: 'Milliseconds a training step (shorter is better)', subtitle, unit: 'ms', bars, most });
}

export const run = onAnyDevice(async ({ root, device, log, signal }) => {
  const system = machine();
  if (system.load > 0.7)
    log(`The machine is busy (load ${system.load}): expect noise, and believe the ratios rather than the times.`);
  const folder = await writeStepData(settings.batches * batchSize);
  const { competitors, skipped } = await assemble(lineup(root, folder, device), { log, signal });
  try {
    const usual = await executorOn(device);
    const { description } = usual;
    await usual.release();
    const series = await race(competitors, { ...settings, log, signal });
    logSeries(series, log);
    const ours = series.filter((s) => s.library === 'Stratus');
    const own = fastest(ours.filter((s) => s.variant !== 'step alone'))!;
    const alone = fastest(ours.filter((s) => s.variant === 'step alone'))!;
    log(`Stratus counts with ${own.threads}; unless told it takes: ${description}`);
    checkLosses(series, own);
    const libraries = [...new Set(series.map((s) => s.library))].filter((library) => library !== 'Stratus');
    const peers = libraries.map((library) => fastest(series.filter((s) => s.library === library))!);
    const reached = results(own, alone, peers);
    if (quick) {
      log('A quick run (STRATUS_BENCH_QUICK=1): bench/results stays as it is.');
      return reached;
    }
    const record = {
      measured: new Date().toISOString(),
      machine: system,
      device,
      settings,
      defaultExecutor: description,
      skipped,
      results: reached,
      series,
    };
    const into = join(root, 'bench/results');
    await mkdir(into, { recursive: true });
    const file = device === undefined ? 'mlp' : `mlp.${device}`;
    await writeFile(join(into, `${file}.json`), `${pretty(record)}\n`);
    if (device === undefined) await writeFile(join(into, 'mlp.svg'), picture(series, system));
    await writeChart(root);
    return reached;
  } finally {
    for (const competitor of competitors) await competitor.stop();
    await rm(folder, { recursive: true, force: true });
  }
});
