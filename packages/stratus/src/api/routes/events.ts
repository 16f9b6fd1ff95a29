import { z } from 'zod';
import { eventStream } from '../event-stream.ts';
import { follow, positionOf } from '../follow.ts';
import { type AnyRoute, route } from '../route.ts';
import { plainName } from '../values.ts';

const ends = ['finished', 'failed', 'stopped'];

/** Live: what happens to a run, whoever writes it. */
export const events: readonly AnyRoute[] = [
  route({
    id: 'followRun',
    method: 'get',
    path: '/projects/{project}/runs/{run}/events',
    about:
      'Server-sent events: `run` (all of it, first and when it changes), `metrics` (points), `logs` (pieces) and `end`. The header Last-Event-ID goes on where a stream broke off; 204 says that nothing will come any more.',
    role: 'viewer',
    params: z.object({ project: plainName, run: plainName }),
    query: z.strictObject({
      from: z.enum(['start', 'now']).default('start').describe("'now' leaves out what was logged before."),
    }),
    gives: 'text/event-stream',
    async handle({ store, watches, params, query, request, limits, stillAllowed }) {
      const last = positionOf(request.headers.get('last-event-id') ?? '');
      if (last?.isEnd && ends.includes((await store.runs.get(params.run)).status)) return new Response(null, { status: 204 });
      const seat = await watches.join(store, params.run);
      const from = last ?? (query.from === 'start' ? { log: 0, counts: new Map() } : undefined);
      const events = follow(store, params.run, seat, from);
      const body = eventStream(events, { heartbeatMs: limits.heartbeatMs, stillAllowed, leave: () => seat.leave() });
      if (request.method === 'HEAD') await body.cancel();
      return new Response(request.method === 'HEAD' ? null : body, {
        headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' },
      });
    },
  }),
];
