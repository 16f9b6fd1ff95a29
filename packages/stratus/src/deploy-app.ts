import { fail, type Model, StratusError } from '@stratus/core';
import { deployedPlane } from './deployed-plane.ts';
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
import { type DataPlane, defaultBodyLimitBytes, type QuickExchange, quickLane, statusOf, writeError } from './serve/index.ts';
import { type Elsewhere, modelApp, type ServedApp } from './served-app.ts';
import type { ServedOptions } from './served-options.ts';
import { type Certificates, type Fetch, type HttpServerOptions, openCertificates } from './sockets/index.ts';
import type { WorkspaceOptions } from './workspace/index.ts';

/** Who may ask a deployed model, and what it is called. */
export interface DeployedOptions extends ServedOptions {
  /** What clients call the model: that of the file or the model unless told. */
  readonly name?: string | undefined;
  /** '1' unless told. */
  readonly version?: string | undefined;
  /** A file of keys, as `stratus keys create` writes it, read again when it changes: who asks needs one of them. */
  readonly keys?: string | undefined;
  /** Tokens (JWT) that somebody else gives out: who asks needs one, or a key. */
  readonly tokens?: TokenOptions | undefined;
  /** Other machines may ask without a key, because something before the server checks who asks. */
  readonly withoutKeys?: boolean | undefined;
  /**
   * The model is a reference to this registry: 'digits@production', 'digits'. It is followed: when the alias or the model's traffic rule changes, the new version answers as soon as it is loaded and tried. Any number of such
   * servers behind a balancer share what the registry says; it may be left out of reach later, and what is served goes on.
   */
  readonly registry?: WorkspaceOptions | undefined;
}

/** What a deployed model is served with, in this process or in a worker. */
export interface DeployedAppOptions extends DeployedOptions {
  readonly host: string;
  /** Who counts the requests of clients; this process alone unless told. */
  readonly takeTurn?: TakeTurn | undefined;
  /** What is served besides the model, to those who may ask. */
  readonly beside?: ((request: Request) => Promise<Response> | undefined) | undefined;
  readonly elsewhere?: Elsewhere | undefined;
}

/** A model behind everything that decides who may ask it. */
export interface DeployedApp extends ServedApp {
  readonly name: string;
  /** Who asks needs a key or a token. */
  readonly needsKey: boolean;
  /** A command that asks the model at this address. */
  readonly tryIt: (url: string) => Promise<string | undefined>;
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
  const { headersTimeoutMs = 10_000, requestTimeoutMs = 60_000, maxConnections, stalledMs, drainMs } = options;
  const { app, opened } = await modelApp(
    async (watched) => {
      const own = await deployedPlane(model, { ...options, ...watched, report });
      const release = async (): Promise<void> => {
        await own.plane.release();
        await own.close?.();
      };
      return { ...own, release };
    },
    {
      ...options,
      ...{ report, bodyLimitBytes, clientOf: options.clientOf ?? ((request) => clientOf(request)?.id) },
      repository: options.repository ?? isLoopback(host),
    },
  );
  const { plane, watching } = app;
  const fetch: Fetch = beside ? (request, node) => beside(request) ?? app.fetch(request, node) : app.fetch;
  // Where nobody has to be checked and nothing is written of each request, most of them need no Request and no Response.
  const lane =
    authorizer.needsKey || watching?.logs === true
      ? undefined
      : quickLane(plane, { bodyLimitBytes, report, except: options.vertex?.predict ?? process.env['AIP_PREDICT_ROUTE'] });
  const front = watching && ((asked: QuickExchange) => watching.open(asked.header('x-request-id')));
  const quick: HttpServerOptions['quick'] = lane && ((asked) => lane(asked, front));
  const sites = siteCheck({ origins, refuseOthers: isLoopback(host) && !authorizer.needsKey });
  const authorize: GrpcOptions['authorize'] = authorizer.needsKey
    ? (headers, wants) => callerOf(authorizer, headers, wants)
    : undefined;
  const stopFollowing = opened.follow();
  return {
    name: opened.name,
    plane,
    answers: app.answers,
    fetch: guarded(fetch, { sites, authorizer, models: () => plane.models(), answerError: problemOf(plane, report) }),
    http: {
      ...{ host, bodyLimitBytes, quick, certificates, maxConnections, stalledMs, headersTimeoutMs, requestTimeoutMs, report },
      refused: (refusal) => plane.refused({ protocol: 'http', ...refusal }),
    },
    grpc: {
      ...app.grpc,
      ...{ certificates, authorize, bodyLimitBytes, maxConnections, headersTimeoutMs, requestTimeoutMs, drainMs, report },
    },
    followed: authorizer.followed,
    needsKey: authorizer.needsKey,
    async tryIt(url) {
      const response = await app.plain(new Request(url, { headers: { accept: 'application/json' } }));
      const { models } = (await response.json()) as {
        models?: readonly { readonly try?: string; readonly inputs?: readonly unknown[] }[];
      };
      // One that could not be loaded would be asked in vain.
      return (models?.find((one) => (one.inputs?.length ?? 0) > 0) ?? models?.[0])?.try;
    },
    drain() {
      stopFollowing();
      plane.drain();
    },
    release: app.release,
  };
}
