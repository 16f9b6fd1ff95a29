import { type GrpcPlace, openGrpcPort, placeOf } from './grpc-port.ts';
import { type Listening, type StopSignal, serveHttp } from './listen.ts';
import { trimmingMemory } from './memory-trimming.ts';
import type { ServedApp } from './served-app.ts';
import type { ServedOptions } from './served-options.ts';

/** Where a server listens, and how it ends; what is left to be said is said. */
export interface ServingPlace extends Pick<ServedOptions, 'grpcPort' | 'signal'> {
  readonly host: string;
  readonly port: number;
  readonly stopOn: readonly StopSignal[];
  readonly drainMs: number;
  readonly report: (error: unknown) => void;
  /** The server is about to end. */
  readonly onStopping?: (() => void) | undefined;
}

/** Answers with this process on ports of its own, until it is stopped; then the app is released. Errors: `port-in-use`, `cannot-listen`, `aborted`. */
export async function serveHere(app: ServedApp, options: ServingPlace): Promise<Listening & GrpcPlace> {
  const { grpcPort, host, port, signal, stopOn, drainMs, report, onStopping } = options;
  const grpc = await openGrpcPort(app.plane, { ...app.grpc, host, grpcPort });
  const endTrimming = trimmingMemory();
  try {
    const listening = await serveHttp(app.fetch, {
      ...app.http,
      ...{ host, port, signal, stopOn, drainMs, report, followed: app.followed },
      onStopping() {
        onStopping?.();
        app.drain();
        void grpc?.stop(); // while requests over HTTP finish
      },
      async onStopped() {
        endTrimming();
        await grpc?.stop();
        await app.release();
      },
    });
    return { ...listening, ...placeOf(grpc) };
  } catch (e) {
    endTrimming();
    await grpc?.stop();
    throw e;
  }
}
