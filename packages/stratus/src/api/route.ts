import type { z } from 'zod';
import type { Blobs } from '../blobs/index.ts';
import type { Role, Store } from '../store/index.ts';
import type { Caller } from './access.ts';
import type { Watches } from './watch.ts';

/** What a route works with. */
export interface Call<P, Q, B> {
  /** Of the project in the path; where there is none, of the server's own project. */
  readonly store: Store;
  readonly blobs: Blobs;
  readonly watches: Watches;
  readonly caller: Caller;
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly request: Request;
  readonly limits: Limits;
  /** Whether the caller counts still; for answers that go on for long. */
  readonly stillAllowed: () => Promise<boolean>;
}

/** How much is taken at once. */
export interface Limits {
  /** Of a body of JSON. */
  readonly bodyBytes: number;
  /** Of a blob. */
  readonly uploadBytes: number;
  /** Between two signs of life of a stream of events. */
  readonly heartbeatMs: number;
}

/** One thing that can be asked. Machinery reads it: the router, the checks, the documentation. */
export interface Route<
  P extends z.ZodObject = z.ZodObject,
  Q extends z.ZodObject = z.ZodObject,
  B extends z.ZodType = z.ZodType,
  A extends z.ZodType = z.ZodType,
> {
  /** Its name, for programs that make clients: 'createRun'. */
  readonly id: string;
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** Below /api/v1; `{name}` is one of `params`. */
  readonly path: string;
  readonly about: string;
  /** The least that a token must allow. Where the path has no project, 'everywhere' means an admin of all. */
  readonly role: Role | 'everywhere';
  readonly params?: P;
  readonly query?: Q;
  /** A body of JSON. */
  readonly body?: B;
  /** A body of any bytes, which `handle` reads. */
  readonly takes?: 'application/octet-stream';
  readonly answer?: A;
  /** Of an answer that is not JSON; `handle` gives a `Response` then. */
  readonly gives?: 'application/octet-stream' | 'text/event-stream';
  /** 200 where there is an answer, 204 where there is none. */
  readonly status?: 200 | 201 | 204;
  handle(call: Call<z.output<P>, z.output<Q>, z.output<B>>): Promise<z.input<A> | Response>;
}

/** Any route, as the machinery sees it. */
export type AnyRoute = Omit<Route, 'handle'> & { handle(call: Call<never, never, never>): Promise<unknown> };

/** Gives a route the types of its own schemas. */
export const route = <P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType, A extends z.ZodType = z.ZodVoid>(
  declared: Route<P, Q, B, A>,
): AnyRoute => declared as unknown as AnyRoute;
