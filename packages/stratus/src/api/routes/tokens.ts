import { z } from 'zod';
import { badRequest } from '../problem.ts';
import { type AnyRoute, route } from '../route.ts';
import { onWire, plainName, time, title } from '../values.ts';

const role = z.enum(['viewer', 'trainer', 'deployer', 'admin']);

const token = z
  .object({
    key: z.string(),
    name: z.string(),
    role,
    project: plainName.exactOptional().describe('Left out where it is all projects.'),
    createdAt: time,
    createdBy: z.string(),
    expiresAt: time.exactOptional(),
    usedAt: time.exactOptional().describe('To the minute.'),
    revokedAt: time.exactOptional(),
  })
  .meta({ id: 'Token' });

const newToken = z
  .strictObject({
    name: title.describe('Who or what will use it.'),
    role,
    expiresAt: time.exactOptional().describe('Never where it is left out.'),
  })
  .meta({ id: 'NewToken' });

const madeToken = token.extend({ secret: z.string().describe('Shown once.') }).meta({ id: 'MadeToken' });

/** What a token is made of. */
export type NewTokenBody = z.input<typeof newToken>;
/** What is known of a token, as the server tells it. */
export type WireToken = z.output<typeof token>;
/** A new token with its secret, which is shown once. */
export type WireMadeToken = z.output<typeof madeToken>;

const base = '/projects/{project}/tokens';
const ofProject = z.object({ project: plainName });

/** Tokens of a project. Those of all projects are made where the store is, with `stratus tokens`. */
export const tokens: readonly AnyRoute[] = [
  route({
    id: 'createToken',
    method: 'post',
    path: base,
    about: 'Makes a token of the project.',
    role: 'admin',
    params: ofProject,
    body: newToken,
    answer: madeToken,
    status: 201,
    async handle({ store, body: { expiresAt, ...body }, caller }) {
      const end = expiresAt === undefined ? undefined : new Date(expiresAt);
      if (end !== undefined && !(end.getTime() > Date.now()))
        throw badRequest('`expiresAt` has passed already; give a time that is to come.');
      const { secret, info } = await store.tokens.create({
        ...body,
        ...(end && { expiresAt: end }),
        ...(caller.name !== undefined && { by: caller.name }),
      });
      return { ...onWire(info), secret };
    },
  }),
  route({
    id: 'listTokens',
    method: 'get',
    path: base,
    about: 'The tokens of the project, also expired and revoked ones.',
    role: 'admin',
    params: ofProject,
    answer: z.object({ tokens: z.array(token) }),
    handle: async ({ store }) => ({ tokens: (await store.tokens.list()).map((one) => onWire(one)) }),
  }),
  route({
    id: 'revokeToken',
    method: 'delete',
    path: `${base}/{token}`,
    about: 'Ends a token of the project at once and for good.',
    role: 'admin',
    params: z.object({ project: plainName, token: plainName }),
    answer: token,
    handle: async ({ store, params }) => onWire(await store.tokens.revoke(params.token)),
  }),
];
