import { z } from 'zod';
import { type AnyRoute, route } from '../route.ts';
import { onWire, plainName, text, time } from '../values.ts';
import { versionName } from './models.ts';

const move = z
  .object({
    alias: z.string(),
    number: z.int().min(1).describe('Of this move, from 1, without gaps.'),
    version: z.int().exactOptional().describe('Left out where the alias was taken away.'),
    previous: z.int().exactOptional(),
    at: time,
    by: z.string(),
    reason: z.string(),
  })
  .meta({ id: 'AliasMove', description: 'It stays for good.' });

const expect = z
  .int()
  .min(1)
  .nullable()
  .exactOptional()
  .describe('The version that it has to have before, null for none. Where somebody else was faster, nothing is moved.');

const newMove = z
  .strictObject({ version: z.union([z.int().min(1), versionName]), reason: text.exactOptional(), expect })
  .meta({ id: 'NewAliasMove' });

/** How an alias is moved. */
export type NewAliasMoveBody = z.input<typeof newMove>;
/** One move of an alias, as the server tells it. */
export type WireAliasMove = z.output<typeof move>;

const base = '/projects/{project}/models/{model}/aliases';
const ofModel = z.object({ project: plainName, model: plainName });
const ofAlias = z.object({ project: plainName, model: plainName, alias: plainName });

interface Asked {
  readonly reason?: string;
  readonly expect?: number | null;
}

const options = ({ reason, expect }: Asked, by: string | undefined) => ({
  ...(by !== undefined && { by }),
  ...(reason !== undefined && { reason }),
  ...(expect !== undefined && { expect: expect ?? undefined }),
});

/** Aliases: which version counts, and all that ever happened to that. */
export const aliases: readonly AnyRoute[] = [
  route({
    id: 'moveAlias',
    method: 'put',
    path: `${base}/{alias}`,
    about: 'Lets an alias point to a version.',
    role: 'deployer',
    params: ofAlias,
    body: newMove,
    answer: move,
    handle: async ({ store, params, body, caller }) =>
      onWire(await store.aliases.move(params.model, params.alias, body.version, options(body, caller.name))),
  }),
  route({
    id: 'removeAlias',
    method: 'delete',
    path: `${base}/{alias}`,
    about: 'Takes an alias away; its history stays.',
    role: 'deployer',
    params: ofAlias,
    query: z.strictObject({ reason: text.exactOptional() }),
    answer: move,
    handle: async ({ store, params, query, caller }) =>
      onWire(await store.aliases.remove(params.model, params.alias, options(query, caller.name))),
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
      moves: (await store.aliases.history(params.model, query.alias)).map((one) => onWire(one)),
    }),
  }),
];
