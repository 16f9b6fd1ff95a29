import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onAnyDevice, type Result, type Run, type RunContext } from '../result.ts';
import { writeArrays } from './arrays.ts';
import { Competitor } from './competitor.ts';
import { finalists } from './large-race.ts';
import { machine } from './machine.ts';
import { type Entry, modelLineup } from './peers.ts';
import { plainJs } from './plain-js.ts';
import { assemble, type Field, race, type Series } from './race.ts';
import { fastest, logSeries, ms, named, pretty } from './report.ts';
import { median, pairedRatio } from './statistics.ts';
import { type StepModel, type StepModelName, stepModels } from './step-models.ts';
import { writeChart } from './training-chart.ts';

const quick = process.env['STRATUS_BENCH_QUICK'] === '1';
const settings = quick ? { rounds: 3, sliceMs: 100, slowest: 2 } : { rounds: 11, sliceMs: 600, slowest: 1.5 };
/** Steps of large models take so long that one is a slice. */
const largeSettings = { rounds: quick ? 2 : 7, sliceMs: 600 };
/** The most memory that our process may need, of the peer's whose step is fastest. */
const memoryTarget = { small: 1.5, large: 1.2 };

/** The initial weights differ, so that the first losses are of the same size and no more; another model or loss would show. */
function checkLosses(series: readonly Series[], own: Series, within = 0.25): void {
  for (const s of series) {
    if (!(Math.abs(s.loss / own.loss - 1) <= within))
      throw new Error(`${named(s)} computes something else: a mean loss of ${s.loss} over the first steps, ours is ${own.loss}`);
  }
}

/** The most memory that a fresh process holds while it trains in this one way. Undefined where the system does not say. */
async function peakOf(
  entries: readonly Entry[],
  { library, threads, variant, samples }: Series,
  signal: AbortSignal,
): Promise<number | undefined> {
  for (const command of entries.find((entry) => entry.library === library)!.commands) {
    const competitor = await Competitor.start(command, signal);
    try {
      if (competitor.threads !== threads) continue;
      const count = Math.max(8, Math.ceil((quick ? 500 : 3000) / median(samples)));
      for (let round = 0; round < 3; round++) await competitor.ask('steps', { variant, count });
      return (await competitor.ask('memory', {})).peakMb ?? undefined;
    } finally {
      await competitor.stop();
    }
  }
  return undefined;
}

function stepRows(model: StepModel, own: Series, peer: Series): Result {
  const { ratio, low, high } = pairedRatio(own.samples, peer.samples);
  return {
    name: `${model.title}: step, Stratus / ${peer.library} ${peer.version}`,
    reached: ratio,
    target: model.target,
    better: 'lower',
    unit: 'ratio',
    detail: `${ms(median(own.samples))} (${own.threads}) against ${ms(median(peer.samples))} (${peer.variant}, ${peer.threads}); ${own.samples.length} paired rounds, middle half ${low.toFixed(3)} to ${high.toFixed(3)}`,
  };
}

async function memoryRow(
  model: StepModel,
  own: Series,
  peer: Series,
  peak: (series: Series) => Promise<number | undefined>,
): Promise<Result[]> {
  const [ours, theirs] = [await peak(own), await peak(peer)];
  if (ours === undefined || theirs === undefined) return [];
  return [
    {
      name: `${model.title}: peak memory, Stratus / ${peer.library} ${peer.version}`,
      reached: ours / theirs,
      target: memoryTarget[model.large ? 'large' : 'small'],
      better: 'lower',
      unit: 'ratio',
      detail: `${ours.toFixed(0)} MB against ${theirs.toFixed(0)} MB (${peer.variant}, ${peer.threads}), whole processes`,
    },
  ];
}

async function measure(name: StepModelName, { root, device, log, signal }: RunContext): Promise<Result[]> {
  const system = machine();
  if (system.load > 0.7)
    log(`The machine is busy (load ${system.load}): expect noise, and believe the ratios rather than the times.`);
  const { stepModel } = await stepModels[name]();
  const folder = await writeArrays(stepModel.data());
  const program = await plainJs(root, 'bench/peers/stratus-model.ts');
  const entries = modelLineup(root, { folder, model: name, program, device });
  const { firstSteps } = stepModel;
  const large = stepModel.large ? await finalists(entries, { firstSteps, log, signal }) : undefined;
  const { competitors, skipped }: Field = large ?? (await assemble(entries, { log, signal }));
  const trials = large?.trials.map(({ command: _, ...trial }) => trial);
  try {
    const how = large ? { ...largeSettings, takes: large.takes } : settings;
    const series = await race(competitors, { ...how, firstSteps, log, signal });
    logSeries(series, log);
    for (const competitor of competitors) await competitor.stop(); // the next ones have the machine for themselves
    const own = fastest(series.filter((s) => s.library === 'Stratus' && s.variant === 'fit'))!;
    checkLosses(series, own, stepModel.lossesWithin);
    const peer = fastest(series.filter((s) => s.library !== 'Stratus'));
    const peak = async (s: Series): Promise<number | undefined> =>
      trials
        ? trials.find(({ library, variant }) => library === s.library && variant === s.variant)?.peakMb
        : peakOf(entries, s, signal);
    const results = peer ? [stepRows(stepModel, own, peer), ...(await memoryRow(stepModel, own, peer, peak))] : [];
    if (quick) {
      log('A quick run (STRATUS_BENCH_QUICK=1): bench/results stays as it is.');
      return results;
    }
    const file = device === undefined ? name : `${name}.${device}`;
    const { title, batchSize } = stepModel;
    const record = {
      measured: new Date().toISOString(),
      machine: system,
      model: { name, title, batchSize },
      device,
      settings: large ? largeSettings : settings,
      ...(trials && { trials }),
      skipped,
      results,
      series,
    };
    await mkdir(join(root, 'bench/results'), { recursive: true });
    await writeFile(join(root, 'bench/results', `${file}.json`), `${pretty(record)}\n`);
    await writeChart(root);
    return results;
  } finally {
    for (const competitor of competitors) await competitor.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** The measurement of a model's training step and memory against its peers', in one run. */
export const stepRace = (name: StepModelName): Run => onAnyDevice((context) => measure(name, context));
