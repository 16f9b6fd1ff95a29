import type { ServingObserver, ServingTraces, TrafficChange, WatchDrift } from '../serve/index.ts';
import type { Label, LabelsTaken } from './feedback.ts';
import { Front, tracesOf, writeReport } from './front.ts';
import type { MetricsPage } from './metrics.ts';
import type { ServerReport } from './model-report.ts';
import type { MonitorOptions, Watching } from './monitor.ts';
import { joinObservers } from './observers.ts';
import type { RequestScope } from './request-scope.ts';
import type { Teller } from './teller.ts';
import type { WatchedModel } from './watched-model.ts';

/** Asks the process that counts. Errors: what that met. */
export type AskCounting = (name: string, body?: unknown) => Promise<unknown>;

/** What is known where another process counts: its answers, for the requests of this one. */
export class FarMonitor implements Watching {
  readonly observer: Required<ServingObserver>;
  readonly metrics: Pick<MetricsPage, 'text' | 'contentType'> | undefined;
  readonly traces: ServingTraces | undefined;
  readonly watchDrift: WatchDrift | undefined;
  readonly #front: Front;
  readonly #teller: Teller;
  readonly #names: () => readonly string[];
  readonly #ask: AskCounting;

  /** Made by {@link startFarMonitor}. */
  constructor(
    front: Front,
    of: {
      readonly teller: Teller;
      readonly names: () => readonly string[];
      readonly ask: AskCounting;
      readonly report: (error: unknown) => void;
      /** The type of the page for Prometheus; undefined where there is none. */
      readonly metricsType: string | undefined;
    },
  ) {
    const { teller, metricsType, ask } = of;
    this.#front = front;
    this.#teller = teller;
    this.traces = front.traces;
    this.watchDrift = teller.watchDrift;
    this.#names = of.names;
    this.#ask = ask;
    this.observer = joinObservers([front.before, teller, ...front.after], of.report);
    if (metricsType !== undefined)
      this.metrics = { contentType: metricsType, text: async () => (await ask('metrics')) as string };
  }

  names(): readonly string[] {
    return this.#names();
  }

  async report(model?: string): Promise<ServerReport> {
    return (await this.#ask('figures', model)) as ServerReport;
  }

  async label(model: string, labels: readonly Label[]): Promise<LabelsTaken> {
    return (await this.#ask('label', [model, labels])) as LabelsTaken;
  }

  /** The other process tells whoever is to be told. */
  trafficChanged(change: TrafficChange): void {
    this.#teller.trafficChanged(change);
  }

  get logs(): boolean {
    return this.#front.logs;
  }

  open(given: string | null): RequestScope {
    return this.#front.open(given);
  }

  within(...asked: Parameters<Watching['within']>): Promise<Response> {
    return this.#front.within(...asked);
  }

  async close(): Promise<void> {
    await this.#front.close();
  }
}

/** Begins to watch this process for another one, which counts. Errors: as `startMonitor`, for what this process does itself. */
export async function startFarMonitor(
  of: Omit<ConstructorParameters<typeof FarMonitor>[1], 'report'> & {
    readonly about: (model: string, version: string) => WatchedModel | undefined;
  },
  options: MonitorOptions,
): Promise<FarMonitor> {
  const { report = writeReport } = options;
  return new FarMonitor(new Front(options, { traces: await tracesOf(options), about: of.about, report }), { ...of, report });
}
