import { fail } from '@stratus/core';
import { z } from 'zod';
import { spaceJson } from '../../search/index.ts';
import { byValue, definitionOf, listSweeps, readSweep, type SweepInfo, type TrialInfo } from '../../sweeps/index.ts';
import { type AnyRoute, route } from '../route.ts';
import { json, next, number, onWire, page, paging, plainName, text, time, title, whole, wireNumber } from '../values.ts';
import { checkToken, job, jobOnWire, jobOptions } from './jobs.ts';

const report = z.object({ step: z.number(), value: number });

const trial = z
  .object({
    number: z.int().min(1),
    key: plainName.describe('Of its run, which has its metrics and files.'),
    parameters: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
    status: z.enum(['running', 'finished', 'pruned', 'failed']).describe('Pruned: stopped early, since others did better.'),
    value: number.exactOptional().describe('What came out.'),
    latest: report.exactOptional().describe('What it reported last.'),
    error: z.string().exactOptional().describe('Why it failed.'),
    attempts: z.int().min(1).describe('How often it was begun.'),
    createdAt: time,
    finishedAt: time.exactOptional(),
  })
  .meta({ id: 'Trial', description: 'A try of a sweep: a run, whose parent is the run of the sweep.' });

const sweep = z
  .object({
    key: plainName.describe('Of its run.'),
    name: z.string(),
    status: z
      .enum(['running', 'finished', 'interrupted', 'failed'])
      .describe('Interrupted: its process is gone or was told to stop; it can go on.'),
    space: json,
    search: z.string(),
    scheduler: z.string().exactOptional(),
    metric: z.string(),
    goal: z.enum(['minimize', 'maximize']),
    of: z.enum(['last', 'best']).describe("Which of a metric's points is the value of a trial."),
    steps: z.enum(['given', 'counted']),
    trials: whole.describe('How many there are to be.'),
    parallel: whole,
    seed: z.int(),
    counts: z
      .object({ running: whole, finished: whole, pruned: whole, failed: whole })
      .describe('How many of the trials that were begun stand where.'),
    best: trial.exactOptional().describe('The finished trial with the best value.'),
    createdAt: time,
    finishedAt: time.exactOptional(),
  })
  .meta({ id: 'Sweep', description: 'A search for the best parameters: a run, with a run for each of its trials.' });

/** Programs take the definition as one argument, and systems limit how long that may be. */
const longestDefinition = 100_000;

const newSweep = z
  .strictObject({
    ...jobOptions,
    definition: json.describe('What a file of `stratus sweep run` has: { "space": { … }, "metric": "valLoss", "trials": 50 }.'),
    script: text.min(1).describe('The training script, relative to `cwd`.'),
    args: z.array(text).max(10_000).exactOptional().describe('What the script finds in process.argv.'),
    epochs: z.int().min(1).exactOptional().describe('Train so many epochs, whatever the script says.'),
    key: plainName.exactOptional().describe('Of the job, and of the run of the sweep.'),
    name: title.exactOptional(),
  })
  .meta({ id: 'NewSweep' });

/** What a sweep is made of. */
export type NewSweepBody = z.input<typeof newSweep>;
/** A sweep, as the server tells it. */
export type WireSweep = z.output<typeof sweep>;
/** A trial, as the server tells it. */
export type WireTrial = z.output<typeof trial>;

const reportOnWire = ({ step, value }: { readonly step: number; readonly value: number }) => ({ step, value: wireNumber(value) });

const trialOnWire = ({ value, latest, reports: _, ...rest }: TrialInfo): WireTrial => ({
  ...(onWire(rest) as Omit<WireTrial, 'value' | 'latest'>),
  ...(value !== undefined && { value: wireNumber(value) }),
  ...(latest !== undefined && { latest: reportOnWire(latest) }),
});

function sweepOnWire({ space, trialRuns, best, ...rest }: SweepInfo): WireSweep {
  const count = (status: TrialInfo['status']): number => trialRuns.filter((one) => one.status === status).length;
  return {
    ...(onWire(rest) as Omit<WireSweep, 'space' | 'counts' | 'best'>),
    space: spaceJson(space) as WireSweep['space'],
    counts: { running: count('running'), finished: count('finished'), pruned: count('pruned'), failed: count('failed') },
    ...(best !== undefined && { best: trialOnWire(best) }),
  };
}

/** A definition that a job can be given, as text. Errors: `bad-value`, `unknown-name`. */
function checked(definition: unknown): { readonly said: string; readonly parallel: number } {
  const { parallel = 1 } = definitionOf(definition);
  const said = JSON.stringify(definition);
  if (said.length <= longestDefinition) return { said, parallel };
  throw fail('bad-value', {
    what: 'the definition of the sweep',
    got: `${said.length} characters`,
    want: `at most ${longestDefinition}: put it into a file, and submit stratus sweep run FILE as a job`,
  });
}

const base = '/projects/{project}/sweeps';
const sweepName = text.min(1).max(250).describe('The key of its run, or its name: then the newest one of that name.');
const ofSweep = z.object({ project: plainName, sweep: sweepName });

/** Sweeps: to begin one takes what submitting a job takes, since it is one. */
export const sweeps: readonly AnyRoute[] = [
  route({
    id: 'startSweep',
    method: 'post',
    path: base,
    about:
      'Queues a sweep as a job, `stratus sweep run`; the key of the job becomes that of the run of the sweep, once it has begun. Every attempt goes on where the one before ended. It needs what submitting a job needs.',
    role: 'everywhere',
    params: z.object({ project: plainName }),
    body: newSweep,
    answer: job,
    status: 201,
    async handle({ store, body, caller }) {
      checkToken(caller);
      const { definition, script, args = [], epochs, name, cores, ...rest } = body;
      const { said, parallel } = checked(definition);
      const options = [
        ...(name === undefined ? [] : ['--name', name]),
        ...(epochs === undefined ? [] : ['--epochs', String(epochs)]),
      ];
      const words = [said, script].map((word) => (word.startsWith('-') ? `./${word}` : word));
      return jobOnWire(
        await store.jobs.submit({
          preemptible: true,
          ...rest,
          cores: cores ?? parallel,
          command: ['stratus', 'sweep', 'run', ...options, ...words, ...(args.length > 0 ? ['--', ...args] : [])],
          ...(name !== undefined && { name }),
          ...(caller.name !== undefined && { by: caller.name }),
        }),
      );
    },
  }),
  route({
    id: 'listSweeps',
    method: 'get',
    path: base,
    about: 'Sweeps, the newest first.',
    role: 'viewer',
    params: z.object({ project: plainName }),
    query: z.strictObject({ ...paging, limit: z.int().min(1).max(100).default(20).describe('At most so many.') }),
    answer: z.object({ sweeps: z.array(sweep), next }),
    async handle({ store, query }) {
      const { skip, limit } = query;
      const found = page(await listSweeps(store, { skip, limit: limit + 1 }), query);
      return { sweeps: found.rows.map(sweepOnWire), next: found.next };
    },
  }),
  route({
    id: 'getSweep',
    method: 'get',
    path: `${base}/{sweep}`,
    about: 'A sweep: what it searches for, how far it is, and its best trial.',
    role: 'viewer',
    params: ofSweep,
    answer: sweep,
    handle: async ({ store, params }) => sweepOnWire(await readSweep(store, params.sweep)),
  }),
  route({
    id: 'listTrials',
    method: 'get',
    path: `${base}/{sweep}/trials`,
    about: 'The trials of a sweep: the best one first, or in the order in which they were begun.',
    role: 'viewer',
    params: ofSweep,
    query: z.strictObject({ ...paging, sort: z.enum(['value', 'number']).default('value') }),
    answer: z.object({ trials: z.array(trial), next }),
    async handle({ store, params, query }) {
      const { goal, trialRuns } = await readSweep(store, params.sweep);
      const sorted = query.sort === 'number' ? trialRuns : [...trialRuns].sort(byValue(goal));
      const found = page(sorted.slice(query.skip), { skip: query.skip, limit: query.limit });
      return { trials: found.rows.map(trialOnWire), next: found.next };
    },
  }),
];
