import { fail, type Model, StratusError } from '@stratus/core';
import { type DeployedPlaneOptions, deployedPlane } from './deployed-plane.ts';
import type { GrpcOptions } from './grpc/index.ts';
import {
  type Authorizer,
  checkManage,
  checkModel,
  clientOf,
  guarded,
  isLoopback,
  openAuthorizer,
  siteCheck,
  type TakeTurn,
  type TokenOptions,
} from './keys/index.ts';
import type { MonitorOptions } from './monitor/index.ts';
import {
  type DataPlane,
  defaultBodyLimitBytes,
  type QuickExchange,
  quickLane,
  type ServeAppOptions,
  Statistics,
  serveApp,
  statusOf,
  writeError,
} from './serve/index.ts';
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
  readonly keys?: string | undefined;
  readonly tokens?: TokenOptions | undefined;
  readonly withoutKeys?: boolean | undefined;
  /** Who counts the requests of clients; this process alone unless told. */
  readonly takeTurn?: TakeTurn | undefined;
  readonly origins?: readonly string[] | undefined;
  readonly monitor?: MonitorOptions | false | undefined;
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
  readonly plane: DataPlane;
  readonly statistics: Statistics | undefined;
  readonly fetch: Fetch;
  /** Who asks over gRPC; undefined where everybody may. */
  readonly authorize: GrpcOptions['authorize'];
  /** How its server is to be made. */
  readonly http: HttpServerOptions;
  /** Who asks needs a key or a token. */
  readonly needsKey: boolean;
  /** What is read again when its files change. */
  readonly followed: readonly Followed[];
  /** A command that asks the model at this address. */
  readonly tryIt: (url: string) => Promise<string | undefined>;
  readonly drain: () => void;
  readonly release: () => Promise<void>;
}

/** An error in the form of the Open Inference Protocol. */
const problemOf =
  (plane: DataPlane, report: (error: unknown) => void) =>
  (e: unknown): Response => {
    const [code, status] = StratusError.is(e) ? [e.code, statusOf[e.code]] : ['internal', 500];
    plane.refused({ protocol: 'http', code, status: String(status) });
    if (StratusError.is(e)) return Response.json({ error: e.message, code: e.code }, { status: statusOf[e.code] });
    report(e);
    return Response.json({ error: 'internal error' }, { status: 500 });
  };

/** Opens a model for serving. Errors: those of `deploy` but of its port. */
export async function openDeployedApp(model: Model | string | Uint8Array, options: DeployedAppOptions): Promise<DeployedApp> {
  const { host, report = writeError, tls } = options;
  void import('@hono/node-server'); // is read while the engine makes the model ready
  // First: what is wrong with these is said quicker than a model is loaded.
  const certificates: Certificates | undefined = tls && (await openCertificates(tls));
  const authorizer = await openAuthorizer({ ...options, report });
  try {
    checkReach(host, authorizer.needsKey || certificates?.asksClients === true, options.withoutKeys);
    return await opened(model, { ...options, host, report }, { certificates, authorizer });
  } catch (e) {
    for (const one of authorizer.followed) one.close();
    throw e;
  }
}

/** Errors: `usage` where other machines could ask without a key. */
export function checkReach(host: string, asksForKeys: boolean, withoutKeys = false): void {
  if (isLoopback(host) || asksForKeys || withoutKeys) return;
  throw fail('usage', {
    reason: `On ${host} other machines could ask, and nobody needs a key, so everybody could.`,
    fix: 'Make a key, stratus keys create NAME, and start with --keys keys.json; or take tokens with --jwks, or client certificates with --tls-ca; or listen on 127.0.0.1. Where something before the server checks who asks, say --no-keys.',
  });
}

/** Who asks over gRPC, and what of. Errors: `not-authorized`, `too-many-requests`, `forbidden`. */
const callerOf: (
  authorizer: Authorizer,
  ...asked: Parameters<GrpcOptions['authorize'] & {}>
) => ReturnType<GrpcOptions['authorize'] & {}> = async (authorizer, headers, wants) => {
  const client = await authorizer.authorize(headers);
  if (wants === 'changes') checkManage(client);
  return { client: client.id, checkModel: (model) => checkModel(client, model) };
};

interface Checks {
  readonly certificates: Certificates | undefined;
  readonly authorizer: Authorizer;
}

async function opened(
  model: Model | string | Uint8Array,
  options: DeployedAppOptions & { readonly report: (error: unknown) => void },
  { certificates, authorizer }: Checks,
): Promise<DeployedApp> {
  const { host, origins = [], bodyLimitBytes = defaultBodyLimitBytes, report, beside } = options;
  const { headersTimeoutMs = 10_000, requestTimeoutMs = 60_000, maxConnections, stalledMs } = options;
  const { joinObservers, loadedModels, monitored, startMonitor } = await import('./monitor/index.ts');
  let asked: DataPlane | undefined;
  const monitor =
    options.monitor === false
      ? undefined
      : await startMonitor(() => (asked ? loadedModels(asked) : []), { report, ...options.monitor });
  const statistics = new Statistics(monitor ? joinObservers([monitor.observer, options.observer], report) : options.observer);
  const { name, plane, follow, close } = await deployedPlane(model, {
    ...options,
    report,
    observer: statistics,
    ...(monitor && {
      traces: monitor.traces,
      watchDrift: monitor.watchDrift,
      trafficChanged: (change) => monitor.trafficChanged(change),
    }),
  }).catch(async (e) => {
    await monitor?.close();
    throw e;
  });
  asked = plane;
  let stopFollowing = (): void => {};
  try {
    const served = serveApp(plane, {
      bodyLimitBytes,
      report,
      statistics,
      clientOf: (request) => clientOf(request)?.id,
      vertex: options.vertex,
      repository: options.repository ?? isLoopback(host),
    }).fetch;
    const fetch: Fetch = beside
      ? (request, node) => beside(request) ?? served(request, node)
      : (request, node) => served(request, node);
    const sites = siteCheck({ origins, refuseOthers: isLoopback(host) && !authorizer.needsKey });
    // Where nobody has to be checked and nothing is written of each request, most of them need no Request and no Response.
    const lane =
      authorizer.needsKey || monitor?.logs === true
        ? undefined
        : quickLane(plane, { bodyLimitBytes, report, except: options.vertex?.predict ?? process.env['AIP_PREDICT_ROUTE'] });
    const front = monitor && ((asked: QuickExchange) => monitor.open(asked.header('x-request-id')));
    const quick: HttpServerOptions['quick'] = lane && ((asked) => lane(asked, front));
    const guards = { sites, authorizer, models: () => plane.models(), answerError: problemOf(plane, report) };
    stopFollowing = follow();
    return {
      name,
      plane,
      statistics,
      authorize: authorizer.needsKey ? (headers, wants) => callerOf(authorizer, headers, wants) : undefined,
      fetch: guarded(monitor ? monitored(monitor, fetch, { carries: true }) : fetch, guards),
      http: { host, bodyLimitBytes, quick, certificates, maxConnections, stalledMs, headersTimeoutMs, requestTimeoutMs, report },
      followed: authorizer.followed,
      needsKey: authorizer.needsKey,
      async tryIt(url) {
        const response = await served(new Request(url, { headers: { accept: 'application/json' } }));
        const { models } = (await response.json()) as { models?: readonly { readonly try?: string }[] };
        return models?.[0]?.try;
      },
      drain() {
        stopFollowing();
        plane.drain();
      },
      async release() {
        await plane.release();
        await close?.();
        await monitor?.close();
      },
    };
  } catch (e) {
    await plane.release();
    await close?.();
    await monitor?.close();
    throw e;
  }
}
