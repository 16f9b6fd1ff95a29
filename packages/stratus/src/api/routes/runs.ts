import { z } from 'zod';
import type { RunInfo } from '../../store/index.ts';
import { type AnyRoute, route } from '../route.ts';
import { json, next, onWire, page, paging, plainName, text, time, title, type Wire } from '../values.ts';
import { metricSummary, summaryOnWire } from './metrics.ts';

export const ofRun = z.object({ project: plainName, run: plainName });

const param = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const params = z.record(title, param).describe('What the run began with. Once set, a parameter stays as it is.');
const status = z.enum(['running', 'finished', 'failed', 'stopped', 'preempted']);

const described = {
  name: title.exactOptional().describe('For people; the key where it is left out.'),
  params: params.exactOptional(),
  notes: text.exactOptional(),
  code: json.exactOptional().describe('The version of the code.'),
  data: json.exactOptional().describe('The fingerprint of the data.'),
  environment: json.exactOptional(),
};

const newRun = z
  .strictObject({
    ...described,
    key: plainName.exactOptional().describe('What it is called by; drawn at random where it is left out.'),
    parent: plainName.exactOptional().describe('The key of the run that it is a part of.'),
    tags: z.record(title, text).exactOptional(),
    seed: z.int().exactOptional(),
  })
  .meta({ id: 'NewRun' });

const runChange = z
  .strictObject({
    ...described,
    tags: z.record(title, text.nullable()).exactOptional().describe('Added to those that are there; null takes one away.'),
  })
  .meta({ id: 'RunChange' });

export const run = z
  .object({
    key: plainName,
    name: z.string(),
    parent: plainName.exactOptional(),
    status,
    createdAt: time,
    finishedAt: time.exactOptional(),
    seenAt: time.describe('When its process was heard of last, by the clock of the database.'),
    isSilent: z.boolean().describe('Whether that is longer ago than two minutes, by that clock: its process may be gone.'),
    error: z.string().exactOptional().describe('Why it failed.'),
    params: z.record(z.string(), param),
    tags: z.record(z.string(), z.string()),
    notes: z.string(),
    code: json.exactOptional(),
    data: json.exactOptional(),
    environment: json.exactOptional(),
    seed: z.int().exactOptional(),
    metrics: z.record(z.string(), metricSummary),
  })
  .meta({ id: 'Run' });

const part = z.enum(['last', 'min', 'max']).describe("Which number stands for a metric; 'last' where it is left out.");
const order = z.enum(['ascending', 'descending']);

const runQuery = z
  .strictObject({
    keys: z.array(plainName).max(1000).exactOptional(),
    status: z.array(status).max(5).exactOptional(),
    parent: plainName.nullable().exactOptional().describe('null: those without a parent.'),
    params: z.record(title, z.union([text, z.number(), z.boolean()])).exactOptional(),
    tags: z.record(title, text).exactOptional(),
    metrics: z
      .array(z.strictObject({ name: title, is: z.enum(['<', '<=', '>', '>=', '=']), than: z.number(), of: part.exactOptional() }))
      .max(20)
      .exactOptional(),
    sort: z
      .union([
        z.strictObject({ by: z.enum(['created', 'name']), order: order.exactOptional() }),
        z.strictObject({ metric: title, of: part.exactOptional(), order: order.exactOptional() }),
        z.strictObject({ param: title, order: order.exactOptional() }),
      ])
      .exactOptional()
      .describe('The newest first where it is left out. Runs without the metric or parameter come last.'),
    ...paging,
  })
  .meta({ id: 'RunQuery', description: 'Which runs are wanted, all conditions together.' });

const finish = z
  .strictObject({ status: status.exclude(['running']), error: text.exactOptional().describe('Why it failed.') })
  .meta({ id: 'RunEnd' });

const runPage = z.object({ runs: z.array(run), next }).meta({ id: 'RunPage' });

/** What a run is made of. */
export type NewRunBody = z.input<typeof newRun>;
/** What is changed of a run. */
export type RunChangeBody = z.input<typeof runChange>;
/** Which runs are wanted, all conditions together. */
export type RunQueryBody = z.input<typeof runQuery>;
/** How a run ended. */
export type RunEndBody = z.input<typeof finish>;
/** A run on its way through JSON. */
export type WireRun = z.output<typeof run>;

export const runOnWire = ({ metrics, ...info }: RunInfo): Wire<Omit<RunInfo, 'metrics'>> & Pick<WireRun, 'metrics'> => ({
  ...onWire(info),
  metrics: Object.fromEntries(Object.entries(metrics).map(([name, summary]) => [name, summaryOnWire(summary)])),
});

const base = '/projects/{project}/runs';

/** Runs: what was trained, from what, how well. */
export const runs: readonly AnyRoute[] = [
  route({
    id: 'createRun',
    method: 'post',
    path: base,
    about: 'Begins a run.',
    role: 'trainer',
    params: z.object({ project: plainName }),
    body: newRun,
    answer: run,
    status: 201,
    handle: async ({ store, body }) => runOnWire(await store.runs.create(body)),
  }),
  route({
    id: 'listRuns',
    method: 'get',
    path: base,
    about: 'Runs with the summaries of their metrics, the newest first. Searching has more conditions.',
    role: 'viewer',
    params: z.object({ project: plainName }),
    query: z.strictObject({
      status: z.array(status).exactOptional().describe('May be given several times.'),
      parent: plainName.exactOptional(),
      metric: title.exactOptional().describe('Sorts by the last value of this metric.'),
      order: order.exactOptional(),
      ...paging,
    }),
    answer: runPage,
    async handle({ store, query: { metric, order, ...query } }) {
      const direction = order === undefined ? {} : { order };
      const sort = metric === undefined ? ({ by: 'created', ...direction } as const) : { metric, ...direction };
      const found = page(await store.runs.list({ ...query, sort, limit: query.limit + 1 }), query);
      return { runs: found.rows.map(runOnWire), next: found.next };
    },
  }),
  route({
    id: 'searchRuns',
    method: 'post',
    path: `${base}/search`,
    about: 'Runs by parameters, tags and metrics, sorted by any of them.',
    role: 'viewer',
    params: z.object({ project: plainName }),
    body: runQuery,
    answer: runPage,
    async handle({ store, body }) {
      const found = page(await store.runs.list({ ...body, limit: body.limit + 1 }), body);
      return { runs: found.rows.map(runOnWire), next: found.next };
    },
  }),
  route({
    id: 'getRun',
    method: 'get',
    path: `${base}/{run}`,
    about: 'All that is known of a run, with the summaries of its metrics.',
    role: 'viewer',
    params: ofRun,
    answer: run,
    handle: async ({ store, params }) => runOnWire(await store.runs.get(params.run)),
  }),
  route({
    id: 'changeRun',
    method: 'patch',
    path: `${base}/{run}`,
    about: 'Adds parameters and tags, changes the name, notes and what it came from.',
    role: 'trainer',
    params: ofRun,
    body: runChange,
    answer: run,
    handle: async ({ store, params, body }) => runOnWire(await store.runs.change(params.run, body)),
  }),
  route({
    id: 'touchRun',
    method: 'put',
    path: `${base}/{run}/seen`,
    about: 'A sign of life; a run that goes on from a checkpoint is running again.',
    role: 'trainer',
    params: ofRun,
    handle: ({ store, params }) => store.runs.seen(params.run),
  }),
  route({
    id: 'finishRun',
    method: 'put',
    path: `${base}/{run}/end`,
    about: 'Says how a run ended.',
    role: 'trainer',
    params: ofRun,
    body: finish,
    answer: run,
    async handle({ store, params, body }) {
      await store.runs.finish(params.run, body.status, body.error);
      return runOnWire(await store.runs.get(params.run));
    },
  }),
  route({
    id: 'removeRun',
    method: 'delete',
    path: `${base}/{run}`,
    about: 'Removes a run with its metrics, logs and list of artifacts; one that a version of a model came of stays.',
    role: 'trainer',
    params: ofRun,
    handle: ({ store, params }) => store.runs.remove(params.run),
  }),
];
