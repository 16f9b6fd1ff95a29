import { z } from 'zod';
import { describeRules, registry } from '../../registry/index.ts';
import type { AliasMove } from '../../store/index.ts';
import { badRequest } from '../problem.ts';
import { type AnyRoute, route } from '../route.ts';
import { digest, json, onWire, plainName, text, time, title } from '../values.ts';
import { versionName } from './models.ts';

const evaluation = z
  .strictObject({
    version: z.int().min(1),
    digest: digest.describe('Of the version that was measured.'),
    data: title.describe('A data set or a file, as the gate calls it.'),
    split: title.exactOptional(),
    dataDigest: digest.describe('Of the data, as `stratus evaluate --json` tells it: versions are compared on the same.'),
    metrics: z.record(title, z.number()),
  })
  .meta({ id: 'Evaluation', description: 'How good a version is on data. Who brings it along answers for it.' });

const gates = z
  .object({
    forced: z.boolean().describe('Whether it happened in spite of one that was not passed.'),
    results: z.array(z.object({ gate: z.string(), passed: z.boolean(), got: z.string(), want: z.string() })),
    evaluations: z.array(evaluation).exactOptional().describe('What was brought along by whoever moved it.'),
  })
  .meta({ id: 'GateResults' });

const move = z
  .object({
    alias: z.string(),
    number: z.int().min(1).describe('Of this move, from 1, without gaps.'),
    version: z.int().exactOptional().describe('Left out where the alias was taken away.'),
    previous: z.int().exactOptional(),
    at: time,
    by: z.string(),
    reason: z.string(),
    kind: z.enum(['move', 'rollback']),
    gates: gates.exactOptional().describe('What was checked before; left out where nothing was.'),
  })
  .meta({ id: 'AliasMove', description: 'It stays for good.' });

const expect = z
  .int()
  .min(1)
  .nullable()
  .exactOptional()
  .describe('The version that it has to have before, null for none. Where somebody else was faster, nothing is moved.');

const newMove = z
  .strictObject({
    version: z.union([z.int().min(1), versionName]),
    reason: text.exactOptional(),
    expect,
    evaluations: z
      .array(evaluation)
      .max(100)
      .exactOptional()
      .describe(
        'For gates on metrics, since the server has no data to measure with: of this version, and of the one that the alias has now. They are kept in the history.',
      ),
    force: z
      .boolean()
      .exactOptional()
      .describe('Also where a gate is not passed. It needs a reason; both are kept in the history.'),
  })
  .meta({ id: 'NewAliasMove' });

/** How an alias is moved. */
export type NewAliasMoveBody = z.input<typeof newMove>;
/** One move of an alias, as the server tells it. */
export type WireAliasMove = z.output<typeof move>;

const declared = z
  .object({
    rules: z.record(z.string(), json).describe('As they were declared; empty where nothing is asked for.'),
    asks: z.array(z.string()).describe('The same in words, a gate each.'),
  })
  .meta({ id: 'Gates' });

/** What versions have to pass before an alias moves to them, as the server tells it. */
export type WireGates = z.output<typeof declared>;

const base = '/projects/{project}/models/{model}/aliases';
const ofModel = z.object({ project: plainName, model: plainName });
const ofAlias = z.object({ project: plainName, model: plainName, alias: plainName });

/** A move as schemas have it: what was checked came out of the registry. */
const moveOnWire = (one: AliasMove): WireAliasMove => onWire(one) as WireAliasMove;

const decided = (reason: string | undefined, by: string | undefined) => ({
  ...(by !== undefined && { by }),
  ...(reason !== undefined && { reason }),
});

/** 'digits:3', 'digits@canary', 'digits:latest'. */
const referenceTo = (model: string, version: number | string): string => {
  const name = String(version).replace(/^@/, '');
  return /^(\d+|latest)$/.test(name) ? `${model}:${name}` : `${model}@${name}`;
};

/** Aliases: which version counts, and all that ever happened to that. */
export const aliases: readonly AnyRoute[] = [
  route({
    id: 'moveAlias',
    method: 'put',
    path: `${base}/{alias}`,
    about: 'Lets an alias point to a version that passes the gates of the alias.',
    role: 'deployer',
    params: ofAlias,
    body: newMove,
    answer: move,
    async handle({ store, blobs, params, body, caller }) {
      const { version, reason, expect, evaluations, force = false } = body;
      if (force && !reason?.trim()) throw badRequest('`force` needs a `reason`, which is kept in the history.');
      const { move } = await registry({ store, blobs }).promote(referenceTo(params.model, version), params.alias, {
        ...decided(reason, caller.name),
        ...(expect !== undefined && { expect: expect ?? undefined }),
        ...(evaluations !== undefined && { evaluations }),
        force,
      });
      return moveOnWire(move);
    },
  }),
  route({
    id: 'removeAlias',
    method: 'delete',
    path: `${base}/{alias}`,
    about: 'Takes an alias away; its history stays.',
    role: 'deployer',
    params: ofAlias,
    query: z.strictObject({ reason: text.max(1000).exactOptional() }), // a URL is no place for long ones
    answer: move,
    handle: async ({ store, params, query, caller }) =>
      moveOnWire(await store.aliases.remove(params.model, params.alias, decided(query.reason, caller.name))),
  }),
  route({
    id: 'rollBackAlias',
    method: 'post',
    path: `${base}/{alias}/rollback`,
    about:
      'Lets an alias point to what it had before the newest decision that was not undone. Gates are not asked: it was served before.',
    role: 'deployer',
    params: ofAlias,
    body: z.strictObject({ reason: text.exactOptional() }),
    answer: move,
    handle: async ({ store, blobs, params, body, caller }) =>
      moveOnWire(await registry({ store, blobs }).rollback(params.model, params.alias, decided(body.reason, caller.name))),
  }),
  route({
    id: 'getGates',
    method: 'get',
    path: `${base}/{alias}/gates`,
    about:
      'What a version has to pass before the alias moves to it. It is declared where the store is, with `stratus models gate`.',
    role: 'viewer',
    params: ofAlias,
    answer: declared,
    async handle({ store, blobs, params }) {
      const rules = await registry({ store, blobs }).gates(params.model, params.alias);
      return { rules: rules as WireGates['rules'], asks: describeRules(rules) };
    },
  }),
  route({
    id: 'listAliasMoves',
    method: 'get',
    path: base,
    about: 'Who moved which alias of a model when and why, the newest first.',
    role: 'viewer',
    params: ofModel,
    query: z.strictObject({ alias: plainName.exactOptional() }),
    answer: z.object({ moves: z.array(move) }),
    handle: async ({ store, params, query }) => ({
      moves: (await store.aliases.history(params.model, query.alias)).map(moveOnWire),
    }),
  }),
];
