import { fail } from '@stratus/core';
import { z } from 'zod';
import type { AttemptInfo, JobInfo } from '../../store/index.ts';
import type { Caller } from '../access.ts';
import { type AnyRoute, type Call, route } from '../route.ts';
import { onWire, plainName, text, time, title, whole } from '../values.ts';

const statuses = z.enum(['waiting', 'queued', 'running', 'succeeded', 'failed', 'cancelled', 'lost']);

export const job = z
  .object({
    key: plainName,
    name: z.string(),
    command: z.array(z.string()),
    cwd: z.string(),
    variables: z.array(z.string()).describe('The names of what is added to its environment; the values are not told.'),
    priority: z.int(),
    cores: z.number(),
    memoryBytes: whole,
    timeoutMs: whole.exactOptional(),
    graceMs: whole,
    retries: whole,
    backoffMs: whole,
    preemptible: z.boolean(),
    schedule: z.string().exactOptional(),
    timeZone: z.string().exactOptional(),
    occurrence: z.int().min(1).describe('How often its schedule came.'),
    needs: z.array(z.string()).describe('Jobs that have to succeed first.'),
    status: statuses,
    wish: z.enum(['cancel', 'preempt']).exactOptional().describe('What is wanted of it while it runs.'),
    reason: z.string().exactOptional().describe('Why it is where it is.'),
    notBefore: time.exactOptional(),
    attempts: whole,
    failures: whole.describe('In a row.'),
    createdAt: time,
    createdBy: z.string(),
    finishedAt: time.exactOptional(),
  })
  .meta({ id: 'Job' });

const attempt = z
  .object({
    number: z.int().min(1),
    status: z.enum(['running', 'succeeded', 'failed', 'timed-out', 'preempted', 'cancelled', 'lost']),
    host: z.string(),
    pid: z.int().exactOptional(),
    exitCode: z.int().exactOptional(),
    signal: z.string().exactOptional(),
    reason: z.string().exactOptional(),
    beganAt: time,
    endedAt: time.exactOptional(),
    droppedBytes: whole.describe('Of what it printed, in the middle: only the beginning and the end are kept.'),
  })
  .meta({ id: 'Attempt' });

const piece = z
  .object({
    number: whole.describe('Reading goes on after it.'),
    attempt: z.int().min(1),
    stream: z.enum(['stdout', 'stderr']),
    part: z.enum(['head', 'tail']),
    at: time,
    text: z.string(),
  })
  .meta({ id: 'JobLogPiece', description: 'A piece of what an attempt printed; it need not end with a line.' });

const ms = whole.max(2 ** 31 * 1000);
/** Of everything that is run as a job. */
export const jobOptions = {
  cwd: text.describe('An absolute path on the machine that runs it.'),
  key: plainName.exactOptional(),
  name: title.exactOptional(),
  env: z
    .record(z.string(), text)
    .exactOptional()
    .describe('Added to the environment. It lies in the store as it is: no place for secrets.'),
  priority: z.int().exactOptional().describe('Higher ones first; 0.'),
  cores: z.number().min(0).exactOptional().describe('1 where it is left out; of a sweep as many as it tries at once.'),
  memoryBytes: whole.exactOptional(),
  timeoutMs: ms.min(1).exactOptional(),
  graceMs: ms.exactOptional().describe('Between SIGTERM and SIGKILL; 30 seconds.'),
  retries: whole.max(1_000_000).exactOptional(),
  backoffMs: ms.exactOptional().describe('After the first failure, twice as long after each one more; 10 seconds.'),
  needs: z.array(plainName).max(1000).exactOptional().describe('Jobs that have to succeed first.'),
  preemptible: z.boolean().exactOptional(),
  schedule: title.exactOptional().describe('Minute, hour, day, month, day of the week.'),
  timeZone: title.exactOptional(),
};

const newJob = z
  .strictObject({
    command: z.array(text).min(1).max(10_000).describe('The program and its arguments; no shell reads them.'),
    ...jobOptions,
  })
  .meta({ id: 'NewJob' });

/** What a job is made of. */
export type NewJobBody = z.input<typeof newJob>;
/** A job, as the server tells it. */
export type WireJob = z.output<typeof job>;
/** An attempt at a job, as the server tells it. */
export type WireAttempt = z.output<typeof attempt>;
/** A piece of what a job printed, as the server tells it. */
export type WireJobLogPiece = z.output<typeof piece>;

export const jobOnWire = ({ env, ...one }: JobInfo): WireJob => onWire({ ...one, variables: Object.keys(env) }) as WireJob;

/**
 * A command runs as the user of the server, who may read the whole store: more than any role of one project gives. And an open server is open to every user of its machine, who
 * must not become that user. Errors: `forbidden`.
 */
export function checkToken({ token }: Caller): void {
  if (token !== undefined) return;
  throw fail('forbidden', {
    reason: 'Jobs run commands as the user of this server, so it takes them from nobody without a token.',
    fix: 'Make one: stratus tokens create NAME --role admin --all-projects. Or use stratus jobs submit on its machine.',
  });
}

const base = '/projects/{project}/jobs';
const ofJob = z.object({ project: plainName, job: plainName });

/** Something that is done to a job that is there already. */
const change = (id: string, verb: 'cancel' | 'retry' | 'preempt', role: 'trainer' | 'everywhere', about: string): AnyRoute =>
  route({
    id,
    method: 'post',
    path: `${base}/{job}/${verb}`,
    about,
    role,
    params: ofJob,
    answer: job,
    async handle({ store, params, caller }: Call<z.output<typeof ofJob>, unknown, unknown>) {
      if (role === 'everywhere') checkToken(caller);
      const by = caller.name === undefined ? {} : { by: caller.name };
      return jobOnWire(await store.jobs[verb](params.job, by));
    },
  });

/** Jobs: commands that supervisors run. To let one run takes an admin of all projects with a token; to stop one a trainer. */
export const jobs: readonly AnyRoute[] = [
  route({
    id: 'submitJob',
    method: 'post',
    path: base,
    about:
      'Queues a command for the supervisors of the project (`stratus serve` in its own project, `stratus jobs run`). It runs as their user, so a token is needed also where the server is open.',
    role: 'everywhere',
    params: z.object({ project: plainName }),
    body: newJob,
    answer: job,
    status: 201,
    async handle({ store, body, caller }) {
      checkToken(caller);
      return jobOnWire(await store.jobs.submit({ ...body, ...(caller.name !== undefined && { by: caller.name }) }));
    },
  }),
  route({
    id: 'listJobs',
    method: 'get',
    path: base,
    about: 'Jobs, the newest first.',
    role: 'viewer',
    params: z.object({ project: plainName }),
    query: z.strictObject({
      status: z.array(statuses).exactOptional(),
      limit: z.int().min(1).max(1000).default(100).describe('At most so many.'),
    }),
    answer: z.object({ jobs: z.array(job) }),
    handle: async ({ store, query }) => ({ jobs: (await store.jobs.list(query)).map(jobOnWire) }),
  }),
  route({
    id: 'getJob',
    method: 'get',
    path: `${base}/{job}`,
    about: 'A job and where it stands.',
    role: 'viewer',
    params: ofJob,
    answer: job,
    handle: async ({ store, params }) => jobOnWire(await store.jobs.get(params.job)),
  }),
  route({
    id: 'listAttempts',
    method: 'get',
    path: `${base}/{job}/attempts`,
    about: 'The attempts at a job, the first one first.',
    role: 'viewer',
    params: ofJob,
    answer: z.object({ attempts: z.array(attempt) }),
    handle: async ({ store, params }) => ({
      attempts: (await store.jobs.attempts(params.job)).map((one: AttemptInfo) => onWire(one) as WireAttempt),
    }),
  }),
  route({
    id: 'readJobLog',
    method: 'get',
    path: `${base}/{job}/logs`,
    about: 'What the attempts at a job printed, in order.',
    role: 'viewer',
    params: ofJob,
    query: z.strictObject({
      after: whole.default(0).describe('The number of the last piece that is known.'),
      limit: z.int().min(1).max(1000).default(100),
      attempt: z.int().min(1).exactOptional(),
    }),
    answer: z.object({ pieces: z.array(piece) }),
    handle: async ({ store, params, query }) => ({
      pieces: (await store.jobs.logs(params.job, query)).map((one) => onWire(one)),
    }),
  }),
  change('cancelJob', 'cancel', 'trainer', 'Ends a job: one that runs is sent SIGTERM, then SIGKILL.'),
  change('preemptJob', 'preempt', 'trainer', 'Asks a job that runs to save what it has and make room; it goes on later.'),
  change(
    'retryJob',
    'retry',
    'everywhere',
    'Lets a job that is over begin once more, and one that pauses begin now. It needs what submitting needs.',
  ),
];
