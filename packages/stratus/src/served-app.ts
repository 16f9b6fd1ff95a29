import type { GrpcServing } from './grpc/index.ts';
import type { TakeLabels } from './label-follower.ts';
import type { Complaint, MonitorOptions, PassLabels, Watching } from './monitor/index.ts';
import {
  type DataPlane,
  type DataPlaneOptions,
  type ServingObserver,
  Statistics,
  type StatisticsSource,
  serveApp,
  type WatchHealth,
  writeError,
} from './serve/index.ts';
import type { ServedOptions } from './served-options.ts';
import type { Fetch, Followed, HttpServerOptions } from './sockets/index.ts';
import type { AskPort } from './workers/index.ts';

/** What a process answers with: behind a port of its own, or behind one that several share. */
export interface ServedApp {
  readonly plane: DataPlane;
  readonly fetch: Fetch;
  /** How its servers are to be made. */
  readonly http: HttpServerOptions;
  readonly grpc: GrpcServing;
  /** What is read again when its files change. */
  readonly followed: readonly Followed[];
  /** What the process that has the ports may ask this one, where there is another. */
  readonly answers?: Readonly<Record<string, (body: never) => unknown>> | undefined;
  /** From now on it is not ready. */
  readonly drain: () => void;
  readonly release: () => Promise<void>;
}

/** The process that has the ports, and counts for all that answer. */
export interface Elsewhere {
  readonly ask: AskPort;
  /** How many answer. */
  readonly workers: number;
  /** The type of the page for Prometheus; undefined where there is none. */
  readonly metricsType: string | undefined;
}

/** A data plane, and how it is freed. */
interface OpenedPlane {
  readonly plane: DataPlane;
  readonly release: () => Promise<void>;
  /** Where servers share a registry. */
  readonly passLabels?: PassLabels | undefined;
}

type ModelOptions = Pick<
  ServedOptions,
  'observer' | 'monitor' | 'bodyLimitBytes' | 'report' | 'clientOf' | 'vertex' | 'repository'
> & { readonly elsewhere?: Elsewhere | undefined };

/** Models over HTTP, watched; who may ask is not yet decided. */
export interface ModelApp {
  readonly plane: DataPlane;
  readonly fetch: Fetch;
  /** Without what watches: for questions of our own. */
  readonly plain: Fetch;
  readonly watching: Watching | undefined;
  readonly grpc: Pick<GrpcServing, 'statistics' | 'control'>;
  readonly answers: NonNullable<ServedApp['answers']>;
  readonly release: () => Promise<void>;
}

/** What watches and counts, here or elsewhere. */
interface Watchers {
  readonly watching: Watching | undefined;
  readonly statistics: StatisticsSource;
  readonly observer: ServingObserver;
  /** Who judges versions under traffic rules, where that is another process. */
  readonly watchHealth?: WatchHealth | undefined;
  readonly answers: ModelApp['answers'];
  readonly close: () => Promise<void>;
}

/** What a data plane is made with, so that it is watched. */
export interface Watched extends Pick<DataPlaneOptions, 'observer' | 'traces' | 'watchDrift' | 'watchHealth' | 'trafficChanged'> {
  /** Takes labels in that have come to another server; undefined where answers are of no interest. */
  readonly takeLabels?: TakeLabels | undefined;
}

/** Puts together what watches models, and what answers for them. `open` makes the data plane with what watches it. */
export async function modelApp<T extends OpenedPlane>(
  open: (watched: Watched) => Promise<T>,
  options: ModelOptions,
): Promise<{ readonly app: ModelApp; readonly opened: T }> {
  const { report = writeError, bodyLimitBytes, clientOf, vertex, repository, elsewhere } = options;
  const held: { plane?: DataPlane } = {};
  const { watching, statistics, observer, watchHealth, answers, close } = await watchersOf(held, options, report);
  let opened: T;
  try {
    opened = await open({
      observer,
      watchHealth,
      ...(watching && {
        traces: watching.traces,
        watchDrift: watching.watchDrift,
        takeLabels: (model, labels) => watching.label(model, labels),
        trafficChanged: (change) => watching.trafficChanged(change),
      }),
    });
  } catch (e) {
    await close();
    throw e;
  }
  const { plane } = opened;
  held.plane = plane;
  const release = async (): Promise<void> => {
    await opened.release();
    await close();
  };
  try {
    const control = elsewhere && {
      load: async (name: string) => void (await elsewhere.ask('load', name)),
      unload: async (name: string) => void (await elsewhere.ask('unload', name)),
    };
    const monitor = watching && (await import('./monitor/index.ts'));
    const besides = watching && monitor?.monitorPaths(watching);
    const app = serveApp(plane, { bodyLimitBytes, report, statistics, control, clientOf, vertex, repository, besides });
    const plain: Fetch = (request, node) => app.fetch(request, node);
    const fetch =
      watching && monitor ? monitor.monitored(watching, plain, { carries: true, passLabels: opened.passLabels }) : plain;
    return { app: { plane, fetch, plain, watching, grpc: { statistics, control }, answers, release }, opened };
  } catch (e) {
    await release();
    throw e;
  }
}

async function watchersOf(
  held: { readonly plane?: DataPlane },
  { monitor = {}, observer: own, elsewhere }: ModelOptions,
  report: (error: unknown) => void,
): Promise<Watchers> {
  if (monitor === false && elsewhere === undefined) {
    const statistics = new Statistics(own);
    return { watching: undefined, statistics, observer: statistics, answers: {}, close: async () => {} };
  }
  const { joinObservers, loadedModels, startMonitor } = await import('./monitor/index.ts');
  const loaded = () => (held.plane ? loadedModels(held.plane) : []);
  if (elsewhere) return await farWatchers({ held, loaded, elsewhere, report }, monitor);
  const watching = await startMonitor(loaded, { report, ...(monitor || {}) });
  const statistics = new Statistics(own ? joinObservers([watching.observer, own], report) : watching.observer);
  return { watching, statistics, observer: statistics, answers: {}, close: () => watching.close() };
}

/** Samples of a second that are looked at for drift, of all workers together. */
const rowsPerSecond = 200;

async function farWatchers(
  {
    held,
    loaded,
    elsewhere: { ask, workers, metricsType },
    report,
  }: {
    readonly held: { readonly plane?: DataPlane };
    readonly loaded: () => ReturnType<typeof import('./monitor/index.ts').loadedModels>;
    readonly elsewhere: Elsewhere;
    readonly report: (error: unknown) => void;
  },
  monitor: MonitorOptions | false,
): Promise<Watchers> {
  const { startFarMonitor, Teller } = await import('./monitor/index.ts');
  const { statisticsPlaces } = await import('./serve/index.ts');
  const drift = monitor && {
    ...monitor.drift,
    rowsPerSecond: Math.max(1, (monitor.drift?.rowsPerSecond ?? rowsPerSecond) / workers),
  };
  const teller = new Teller((told) => ask('told', told), { loaded, drift: drift || undefined });
  const names = () => [...new Set(loaded().map(({ name }) => name))];
  const about = (model: string, version: string) => loaded().find((own) => own.name === model && own.version === version);
  const watching = monitor && (await startFarMonitor({ teller, names, about, ask, metricsType }, { ...monitor, report }));
  return {
    watching: watching || undefined,
    observer: watching ? watching.observer : teller,
    watchHealth: teller.watchHealth,
    statistics: {
      of: async (plane, name, version) => ({
        model_stats: (await ask('statistics', statisticsPlaces(plane, name, version))) as ReturnType<Statistics['at']>[],
      }),
    },
    answers: {
      tell: () => teller.now(),
      complaint: (complaint: Complaint) => teller.complaint(complaint),
      load: (name: string) => held.plane!.repository.load(name),
      unload: (name: string) => held.plane!.repository.unload(name),
    },
    async close() {
      await teller.close();
      if (watching) await watching.close();
    },
  };
}
