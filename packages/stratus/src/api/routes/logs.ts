import { z } from 'zod';
import { type AnyRoute, route } from '../route.ts';
import { onWire, plainName, time, whole } from '../values.ts';

const stream = z.enum(['stdout', 'stderr']);

export const logPiece = z
  .object({ number: whole.describe('Reading goes on after it.'), stream, at: time, text: z.string() })
  .meta({ id: 'LogPiece', description: 'A piece of what a run printed; it need not end with a line.' });

const newPiece = z
  .strictObject({ stream: stream.default('stdout'), text: z.string().max(1_000_000) })
  .meta({ id: 'NewLogPiece' });

export type NewLogPieceBody = z.input<typeof newPiece>;
/** A piece of what a run printed, as the server tells it. */
export type WireLogPiece = z.output<typeof logPiece>;

const path = '/projects/{project}/runs/{run}/logs';
const params = z.object({ project: plainName, run: plainName });

/** Logs: only ever added to. */
export const logs: readonly AnyRoute[] = [
  route({
    id: 'appendLog',
    method: 'post',
    path,
    about: 'Adds to what a run printed.',
    role: 'trainer',
    params,
    body: newPiece,
    handle: ({ store, params, body }) => store.logs.append(params.run, body.stream, body.text),
  }),
  route({
    id: 'readLog',
    method: 'get',
    path,
    about: 'What a run printed, in order.',
    role: 'viewer',
    params,
    query: z.strictObject({
      after: whole.default(0).describe('The number of the last piece that is known.'),
      limit: z.int().min(1).max(1000).default(100),
    }),
    answer: z.object({ pieces: z.array(logPiece) }),
    handle: async ({ store, params, query }) => ({
      pieces: (await store.logs.read(params.run, query)).map((piece) => onWire(piece)),
    }),
  }),
];
