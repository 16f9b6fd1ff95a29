// The way of the requests that a server gets most: POST …/infer of the Open Inference Protocol, from a connection and back. It does what the application of
// web standards does, with the same parts, without a Request, a Response and a router for each: those take longer than a small model does.
import { StratusError } from '@stratus/core';
import { BodyReader } from './body.ts';
import type { DataPlane } from './data-plane.ts';
import { failure } from './failure.ts';
import type { Front } from './front.ts';
import { Departures } from './on-node.ts';
import { infer } from './protocols/oip/index.ts';
import { requestId, requestIdHeader } from './request-id.ts';
import { type Answer, type Call, plainProblem, routeHeader } from './route.ts';

/** A plain request, its body as it is, and the way back. */
export interface QuickExchange {
  readonly method: string;
  readonly url: string;
  readonly size: number;
  header(name: string): string | null;
  body(): Promise<Uint8Array>;
  /** `leave` is called where the client goes before it has its answer; what comes back ends that. */
  onLeave(leave: () => void): () => void;
  answer(status: number, headers: Readonly<Record<string, string>>, body: string | Uint8Array): void;
}

/** Answers a request, or says that it does not. `front`: makes what whoever stands before knows of it. */
export type QuickLane = (exchange: QuickExchange, front?: (exchange: QuickExchange) => Front) => boolean;

/** What the quick lane is told. */
export interface QuickLaneOptions {
  readonly bodyLimitBytes: number;
  readonly report: (error: unknown) => void;
  /** A path that somebody else answers. */
  readonly except?: string | undefined;
}

const inferPath = /^\/v2\/models\/([\w.@~!$&'()*+,;=-]+)(?:\/versions\/([\w.@~-]+))?\/infer$/;

/** The quick lane to the models of a data plane, for requests that nobody has to check first. */
export function quickLane(plane: DataPlane, { bodyLimitBytes, report, except }: QuickLaneOptions): QuickLane {
  const bodies = new BodyReader(bodyLimitBytes);
  const departures = new Departures();

  const answer = async (exchange: QuickExchange, model: string, version: string | undefined, front: Front | undefined) => {
    const id = requestId(exchange.header(requestIdHeader));
    const label = exchange.header(routeHeader);
    const departure = departures.of((leave) => exchange.onLeave(leave));
    let isTold = false;
    const call: Call = {
      header: (name) => exchange.header(name),
      params: version === undefined ? { model } : { model, version },
      origin: () => `http://${exchange.header('host')}`,
      ask: () => ({
        protocol: 'oip-http',
        signal: departure.signal,
        ...(version !== undefined && { version }),
        ...(id !== undefined && { requestId: id }),
        ...(label !== null && { label }),
        ...(front !== undefined && { front }),
        header: (name) => exchange.header(name) ?? undefined,
        told: () => {
          isTold = true;
        },
      }),
      withBody: (use) => bodies.withRead(exchange.size, () => exchange.body(), use),
    };
    let given: Answer;
    try {
      await plane.wake(model, { version, label: label ?? undefined });
      given = await infer(plane, call);
    } catch (e) {
      given = failure({ problem: plainProblem }, e, { method: exchange.method, path: exchange.url }, report);
      const code = StratusError.is(e) ? e.code : 'internal';
      if (!isTold) plane.refused({ protocol: 'oip-http', code, status: String(given.status), model });
    } finally {
      departure.end();
    }
    const told = id ?? front?.requestId;
    const headers = {
      ...given.headers,
      ...(told !== undefined && { [requestIdHeader]: told }),
      ...(!plane.ready() && { connection: 'close' }),
    };
    exchange.answer(given.status, headers, given.body);
  };

  return (exchange, front) => {
    const found = exchange.method === 'POST' ? inferPath.exec(exchange.url) : null;
    if (!found || exchange.size > bodyLimitBytes || exchange.url === except) return false;
    answer(exchange, found[1]!, found[2], front?.(exchange)).catch(report);
    return true;
  };
}
