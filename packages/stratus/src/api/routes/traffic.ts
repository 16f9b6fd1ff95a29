import { z } from 'zod';
import { checkTraffic } from '../../registry/index.ts';
import { checkRule } from '../../serve/index.ts';
import type { TrafficRow } from '../../store/index.ts';
import { type AnyRoute, route } from '../route.ts';
import { onWire, plainName, text, time } from '../values.ts';

const version = text.min(1).max(200).describe("A version, or an alias: '3', '@production'.");
const share = z.number().min(0).max(1);

const parts = {
  routes: z
    .array(
      z.strictObject({
        version,
        weight: z.number().min(0).describe('Its share of the requests, beside those of the other routes.'),
        header: text.min(1).max(200).exactOptional().describe('Requests that carry this word go here.'),
      }),
    )
    .min(1)
    .max(100),
  shadow: z
    .strictObject({ version, share: share.exactOptional(), tolerance: z.number().min(0).exactOptional() })
    .exactOptional()
    .describe('Is asked too, to see whether it says the same.'),
  rollback: z
    .strictObject({
      errorRate: share.exactOptional(),
      p99Ms: z.number().positive().exactOptional(),
      minRequests: z.int().min(1).exactOptional(),
      drift: z
        .strictObject({
          inputs: z.number().positive().exactOptional().describe('Of each input from the training.'),
          outputs: z.number().positive().exactOptional().describe('Of each output from those of the versions that were there.'),
          minRows: z.int().min(50).max(100_000).exactOptional().describe('Nothing is said of fewer samples (500).'),
        })
        .exactOptional()
        .describe('How far it may move, as a population stability index.'),
    })
    .exactOptional()
    .describe('When a version that gets more than before turns out so, the rule before is put back.'),
};

const rule = z.object({ model: z.string(), ...parts }).meta({ id: 'TrafficRule' });
const newRule = z.strictObject({ ...parts, why: text.exactOptional() }).meta({ id: 'NewTrafficRule' });

const change = z
  .object({
    model: z.string(),
    number: z.int().min(1).describe('Of this change, from 1, without gaps.'),
    rule: rule.nullable().describe('null where all requests go to the standard version again.'),
    kind: z.enum(['set', 'rollback']),
    by: z.string(),
    why: z.string(),
    at: time,
  })
  .meta({ id: 'TrafficChange', description: 'It stays for good.' });

/** How the requests to a model are to be spread. */
export type NewTrafficRuleBody = z.input<typeof newRule>;
/** A change of a traffic rule, as the server tells it. */
export type WireTrafficChange = z.output<typeof change>;

const path = '/projects/{project}/models/{model}/traffic';
const params = z.object({ project: plainName, model: plainName });

/** What a rule is was checked when it was set. */
const changeOnWire = (row: TrafficRow): WireTrafficChange => onWire(row) as unknown as WireTrafficChange;

/** How requests are spread over the versions of a model. Servers follow it a moment later. */
export const traffic: readonly AnyRoute[] = [
  route({
    id: 'setTraffic',
    method: 'put',
    path,
    about: 'Spreads the requests to a model over its versions: canaries, a shadow, roll-back.',
    role: 'deployer',
    params,
    body: newRule,
    answer: change,
    async handle({ store, params: { model }, body: { why, ...given }, caller }) {
      const wanted = checkRule({ model, ...given });
      await checkTraffic(store, wanted);
      return changeOnWire(await store.traffic.append(model, { rule: wanted, ...noted(why, caller.name) }));
    },
  }),
  route({
    id: 'endTraffic',
    method: 'delete',
    path,
    about: 'Ends the traffic rule of a model: all requests go to its standard version.',
    role: 'deployer',
    params,
    query: z.strictObject({ why: text.max(1000).exactOptional() }),
    answer: change,
    handle: async ({ store, params: { model }, query: { why }, caller }) =>
      changeOnWire(await store.traffic.append(model, { rule: null, ...noted(why, caller.name) })),
  }),
  route({
    id: 'listTraffic',
    method: 'get',
    path,
    about: 'What holds for a model, and who changed it when and why, the newest first: that one holds.',
    role: 'viewer',
    params,
    answer: z.object({ rule: rule.nullable(), changes: z.array(change) }),
    async handle({ store, params: { model } }) {
      const changes = (await store.traffic.history(model)).map(changeOnWire);
      return { rule: changes[0]?.rule ?? null, changes };
    },
  }),
];

const noted = (why: string | undefined, by: string | undefined) => ({
  ...(why !== undefined && { why }),
  ...(by !== undefined && { by }),
});
