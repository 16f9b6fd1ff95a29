import { type Model, StratusError } from '@stratus/core';
import { type DeployedPlaneOptions, deployedPlane } from './deployed-plane.ts';
import { guarded, isLoopback, siteCheck } from './keys/index.ts';
import { defaultBodyLimitBytes, type ServeAppOptions, Statistics, serveApp, statusOf, writeError } from './serve/index.ts';
import {
  type Certificates,
  type Fetch,
  type Followed,
  type HttpServerOptions,
  openCertificates,
  type TlsFiles,
} from './sockets/index.ts';

/** What a deployed model is served with, in this process or in a worker. */
export interface DeployedAppOptions extends Omit<DeployedPlaneOptions, 'report'>, ServeAppOptions {
  readonly host: string;
  readonly tls?: TlsFiles | undefined;
  readonly origins?: readonly string[] | undefined;
  readonly maxConnections?: number | undefined;
  readonly stalledMs?: number | undefined;
  readonly headersTimeoutMs?: number | undefined;
  readonly requestTimeoutMs?: number | undefined;
  /** What is served besides the model, to those who may ask. */
  readonly beside?: ((request: Request) => Promise<Response> | undefined) | undefined;
}

/** A model behind everything that decides who may ask it. */
export interface DeployedApp {
  readonly name: string;
  readonly fetch: Fetch;
  /** How its server is to be made. */
  readonly http: HttpServerOptions;
  /** What is read again when its files change. */
  readonly followed: readonly Followed[];
  /** A command that asks the model at this address. */
  readonly tryIt: (url: string) => Promise<string | undefined>;
  readonly drain: () => void;
  readonly release: () => Promise<void>;
}

/** An error in the form of the Open Inference Protocol. */
const problemOf =
  (report: (error: unknown) => void) =>
  (e: unknown): Response => {
    if (StratusError.is(e)) return Response.json({ error: e.message, code: e.code }, { status: statusOf[e.code] });
    report(e);
    return Response.json({ error: 'internal error' }, { status: 500 });
  };

/** Opens a model for serving. Errors: those of `deploy` but of its port. */
export async function openDeployedApp(model: Model | string | Uint8Array, options: DeployedAppOptions): Promise<DeployedApp> {
  const { host, origins = [], bodyLimitBytes = defaultBodyLimitBytes, report = writeError, tls } = options;
  const { headersTimeoutMs = 10_000, requestTimeoutMs = 60_000, maxConnections, stalledMs, beside } = options;
  const certificates: Certificates | undefined = tls && (await openCertificates(tls)); // first: it is quicker to say than a model to load
  const statistics = new Statistics(options.observer);
  const { name, plane, follow } = await deployedPlane(model, { ...options, report, observer: statistics });
  let stopFollowing = (): void => {};
  try {
    const served = serveApp(plane, {
      bodyLimitBytes,
      report,
      statistics,
      vertex: options.vertex,
      repository: options.repository ?? isLoopback(host),
    }).fetch;
    const fetch: Fetch = beside
      ? (request, node) => beside(request) ?? served(request, node)
      : (request, node) => served(request, node);
    const sites = siteCheck({ origins, refuseOthers: isLoopback(host) });
    stopFollowing = follow();
    return {
      name,
      fetch: guarded(fetch, { sites, answerError: problemOf(report) }),
      http: { host, bodyLimitBytes, certificates, maxConnections, stalledMs, headersTimeoutMs, requestTimeoutMs, report },
      followed: [],
      async tryIt(url) {
        const response = await served(new Request(url, { headers: { accept: 'application/json' } }));
        const { models } = (await response.json()) as { models?: readonly { readonly try?: string }[] };
        return models?.[0]?.try;
      },
      drain() {
        stopFollowing();
        plane.drain();
      },
      release: () => plane.release(),
    };
  } catch (e) {
    await plane.release();
    throw e;
  }
}
