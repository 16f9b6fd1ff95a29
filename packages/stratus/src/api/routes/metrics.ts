import { z } from 'zod';
import type { MetricSummary, Point } from '../../store/index.ts';
import { type AnyRoute, route } from '../route.ts';
import { number, plainName, title, whole, wireNumber } from '../values.ts';

const at = z.int().min(-8.64e15).max(8.64e15).describe('Milliseconds since 1970.');
const value = number.describe('Any number.');
const place = z.object({ step: whole, value: number });

export const metricSummary = z
  .object({
    name: z.string(),
    points: whole.describe('How many were logged.'),
    last: place,
    min: place.exactOptional().describe('Left out where every value is NaN.'),
    max: place.exactOptional(),
  })
  .meta({ id: 'MetricSummary' });

const point = z.object({ step: whole, value, at }).meta({ id: 'Point' });

const newPoints = z
  .strictObject({
    points: z
      .array(z.strictObject({ name: title, step: whole, value, at: at.exactOptional() }))
      .max(100_000)
      .describe('All of them are added, or none.'),
    once: z
      .strictObject({
        writer: plainName.describe('Who adds: a name that nobody else uses.'),
        sequence: whole.describe('Of this call among those of the writer to this run, growing.'),
      })
      .exactOptional()
      .describe('Makes the call safe to be sent again: one with the number of an earlier one, or a lower one, adds nothing.'),
  })
  .meta({ id: 'NewPoints' });

export type NewPointsBody = z.input<typeof newPoints>;
export type WireSummary = z.output<typeof metricSummary>;
export type WirePoint = z.output<typeof point>;

const placeOnWire = <T extends { readonly value: number }>(p: T) => ({ ...p, value: wireNumber(p.value) });

export const summaryOnWire = ({ name, points, last, min, max }: MetricSummary): WireSummary => ({
  name,
  points,
  last: placeOnWire(last),
  ...(min && { min: placeOnWire(min) }),
  ...(max && { max: placeOnWire(max) }),
});

export const pointOnWire = (p: Point): WirePoint => placeOnWire(p);

const base = '/projects/{project}/runs/{run}/metrics';
const ofRun = z.object({ project: plainName, run: plainName });

/** Metrics: points are only ever added. */
export const metrics: readonly AnyRoute[] = [
  route({
    id: 'appendMetrics',
    method: 'post',
    path: base,
    about: 'Adds points to the metrics of a run. They are safe when the answer comes.',
    role: 'trainer',
    params: ofRun,
    body: newPoints,
    async handle({ store, params, body }) {
      const points = body.points.map(({ value, at, ...p }) => ({
        ...p,
        value: Number(value),
        ...(at !== undefined && { at: new Date(at) }),
      }));
      if (points.length > 0) await store.metrics.append(params.run, points, body.once);
      else await store.runs.get(params.run); // also nothing is added to a run that has to be there
    },
  }),
  route({
    id: 'listMetrics',
    method: 'get',
    path: base,
    about: 'What is known of each metric of a run without its points.',
    role: 'viewer',
    params: ofRun,
    answer: z.object({ metrics: z.array(metricSummary) }),
    handle: async ({ store, params }) => ({ metrics: (await store.metrics.summaries(params.run)).map(summaryOnWire) }),
  }),
  route({
    id: 'getCurve',
    method: 'get',
    path: `${base}/curve`,
    about: 'A metric for drawing: few points, among them the first, the last, the lowest and the highest, in the order of steps.',
    role: 'viewer',
    params: ofRun,
    query: z.strictObject({ name: title, points: z.int().min(4).max(10_000).default(1000).describe('At most so many.') }),
    answer: z.object({ points: z.array(point) }),
    async handle({ store, params, query: { name, points } }) {
      return { points: (await store.metrics.curve(params.run, name, { points })).map(pointOnWire) };
    },
  }),
  route({
    id: 'getHistory',
    method: 'get',
    path: `${base}/history`,
    about: 'All points of a metric, in the order in which they were logged.',
    role: 'viewer',
    params: ofRun,
    query: z.strictObject({
      name: title,
      skip: whole.max(1_000_000_000).default(0),
      limit: z.int().min(1).max(50_000).default(10_000),
    }),
    answer: z.object({ points: z.array(point) }),
    async handle({ store, params, query: { name, ...which } }) {
      return { points: (await store.metrics.history(params.run, name, which)).map(pointOnWire) };
    },
  }),
];
