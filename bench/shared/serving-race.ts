// Answers a second for 64 clients of another process, beside other servers on the same ONNX file: servers in Python, and a bare handler. Every way of running
// one is tried alone first; then the fastest in Python, the bare handler and ours, each in one process and in several, take turns.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Result, RunContext } from '../result.ts';
import { barChart } from './bar-chart.ts';
import { keep } from './keep.ts';
import { type Load, load } from './load.ts';
import { quick } from './quick.ts';
import { requestFile, type ServedModel, servedModel, verify } from './served-models.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';
import { type ServingEntry, servingLineup, type Way } from './serving-lineup.ts';
import { median, pairedRatio, quantile } from './statistics.ts';

const connections = 64;
const settings = quick
  ? { warmUpMs: 200, ms: 300, trialMs: 200, rounds: 1 }
  : { warmUpMs: 1000, ms: 2000, trialMs: 1000, rounds: 5 };

/** Ways of which the fastest takes part. */
interface Group {
  readonly kind: ServingEntry['kind'];
  readonly has: (way: Way) => boolean;
}

const isOne = ({ processes }: Way): boolean => processes === 1;
const areMore = ({ processes }: Way): boolean => processes > 1;
const groups: readonly Group[] = [
  { kind: 'python', has: isOne },
  { kind: 'python', has: areMore },
  { kind: 'bare', has: isOne },
  { kind: 'bare', has: areMore },
  { kind: 'own', has: isOne },
  { kind: 'own', has: areMore },
];

interface Running {
  readonly entry: ServingEntry;
  readonly way: Way;
  readonly server: ServerProcess;
  readonly loads: Load[];
}

interface Candidate {
  readonly entry: ServingEntry;
  readonly way: Way;
}

interface Trial extends Candidate {
  readonly perSecond: number;
}

/** Servers of one model, in turns. */
class Race {
  readonly #context: RunContext;
  readonly #model: ServedModel;
  readonly #folder: string;
  /** What each way came to alone. */
  readonly trials: object[] = [];

  constructor(context: RunContext, model: ServedModel, folder: string) {
    this.#context = context;
    this.#model = model;
    this.#folder = folder;
  }

  async #ask({ port }: ServerProcess, { form, path }: Way, ms: number): Promise<Load> {
    const request = await requestFile(this.#model, { form, path, folder: this.#folder });
    const { root, signal } = this.#context;
    return await load(root, { port, request, connections, warmUpMs: settings.warmUpMs, ms }, signal);
  }

  async #start(way: Way): Promise<ServerProcess> {
    const server = await startServerProcess(way, this.#context);
    try {
      await verify(this.#model, { url: `http://127.0.0.1:${server.port}${way.path}`, form: way.form });
      return server;
    } catch (e) {
      await server.stop();
      throw e;
    }
  }

  /** Who answers most of those of a kind, and how, each way tried alone; undefined where none works. */
  async #fastest({ kind, has }: Group): Promise<Candidate | undefined> {
    const { root, log, signal } = this.#context;
    const entries = servingLineup(root, this.#model).filter((entry) => entry.kind === kind);
    for (const { library, missing } of entries) if (missing !== undefined) log(`${library} is skipped: ${missing}`);
    const candidates = entries.flatMap((entry) => entry.ways.filter(has).map((way) => ({ entry, way })));
    if (candidates.length < 2) return candidates[0];
    let best: Trial | undefined;
    for (const { entry, way } of candidates) {
      const name = `${this.#model.title}: ${entry.library}, ${way.variant}`;
      try {
        const server = await this.#start(way);
        const { perSecond, statuses } = await this.#ask(server, way, settings.trialMs).finally(() => server.stop());
        if (Object.keys(statuses).some((status) => status !== '200'))
          throw new Error(`answered with ${JSON.stringify(statuses)}`);
        log(`${name}: ${perSecond.toFixed(0)} answers a second`);
        const trial = { entry, way, perSecond };
        this.trials.push({ library: entry.library, variant: way.variant, perSecond });
        if (!best || perSecond > best.perSecond) best = trial;
      } catch (e) {
        if (signal.aborted) throw e;
        log(`${name}, did not work: ${String(e).slice(0, 1000)}`);
      }
    }
    return best;
  }

  async run(): Promise<readonly Running[]> {
    const { log } = this.#context;
    const running: Running[] = [];
    try {
      for (const group of groups) {
        const found = await this.#fastest(group);
        if (found) running.push({ entry: found.entry, way: found.way, server: await this.#start(found.way), loads: [] });
      }
      for (let round = 0; round < settings.rounds; round++)
        for (const { server, way, loads } of running) {
          const own = await this.#ask(server, way, settings.ms);
          if (own.failed > 0 || Object.keys(own.statuses).some((status) => status !== '200'))
            throw new Error(`${way.variant}: ${own.failed} failed, ${JSON.stringify(own.statuses)}`);
          loads.push(own);
        }
      for (const { entry, way, loads } of running)
        log(
          `${this.#model.title}: ${entry.library}, ${way.variant}: ${median(loads.map(({ perSecond }) => perSecond)).toFixed(0)} answers a second`,
        );
      return running;
    } finally {
      for (const { server } of running) await server.stop();
    }
  }
}

const rates = ({ loads }: Running): number[] => loads.map(({ perSecond }) => perSecond);

const fastestOf = (running: readonly Running[]): Running | undefined =>
  running.reduce<Running | undefined>((a, b) => (a && median(rates(a)) >= median(rates(b)) ? a : b), undefined);

function resultsOf({ title }: ServedModel, running: readonly Running[]): Result[] {
  const of = (kind: ServingEntry['kind'], has: Group['has'] = () => true): Running | undefined =>
    fastestOf(running.filter(({ entry, way }) => entry.kind === kind && has(way)));
  const compared = (what: string, own: Running | undefined, other: Running | undefined, target: number): Result[] => {
    if (!own || !other) return [];
    const { ratio, low, high } = pairedRatio(rates(own), rates(other));
    return [
      {
        name: `${title}, ${connections} clients: answers a second, ours / ${other.entry.library}${what}`,
        reached: ratio,
        target,
        better: 'higher',
        unit: 'ratio',
        detail: `${median(rates(own)).toFixed(0)} (${own.way.variant}) against ${median(rates(other)).toFixed(0)} (${other.way.variant}); middle half ${low.toFixed(2)} to ${high.toFixed(2)}; the client took ${median(own.loads.map(({ processor }) => processor)).toFixed(2)} of a processor`,
      },
    ];
  };
  return [
    ...compared(', one process each', of('own', isOne), of('python', isOne), 3),
    ...compared(', several processes each', of('own', areMore), of('python', areMore), 3),
    ...compared(', one process each', of('own', isOne), of('bare', isOne), 1.5),
    ...compared(', several processes each', of('own', areMore), of('bare', areMore), 1.5),
    ...compared(', ours in the way that is fastest beside one process of theirs', of('own'), of('bare', isOne), 1.5),
  ];
}

/** Measures the servers with one model. */
export async function serveRace(context: RunContext, name: 'mnist' | 'bert-tiny', kept: string): Promise<readonly Result[]> {
  const folder = await mkdtemp(join(tmpdir(), 'stratus-serve-'));
  try {
    const model = await servedModel(name, folder);
    const race = new Race(context, model, folder);
    const running = await race.run();
    const series = running.map(({ entry: { library }, way: { variant }, loads }) => ({ library, variant, loads }));
    if (!quick) {
      const bars = running.map((one) => ({
        label: `${one.entry.library}${areMore(one.way) ? `, ${one.way.processes} processes` : ''}`,
        value: median(rates(one)),
        low: quantile(rates(one), 0.25),
        high: quantile(rates(one), 0.75),
        own: one.entry.kind === 'own',
      }));
      const chart = barChart({
        title: `${model.title}: answers a second, ${connections} clients`,
        subtitle: 'the same ONNX file everywhere; the client takes a part of the same processors',
        unit: '/s',
        bars,
        most: Math.max(...bars.map(({ high }) => high)) * 1.05,
      });
      await writeFile(join(context.root, `bench/results/${kept}.svg`), chart);
    }
    return await keep(context, kept, {
      results: resultsOf(model, running),
      settings: { connections, ...settings },
      trials: race.trials,
      series,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
