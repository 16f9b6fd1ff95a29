import { z } from 'zod';
import { beginsAsArchive } from '../../registry/index.ts';
import { download } from '../download.ts';
import { type AnyRoute, route } from '../route.ts';
import { digest, json, next, onWire, page, paging, plainName, text, time, title, whole } from '../values.ts';
import { ownBlob } from './blobs.ts';

const model = z
  .object({
    name: plainName,
    notes: z.string(),
    versions: whole.describe('The number of the newest one, which is also how many there are.'),
    aliases: z.record(z.string(), z.int()).describe('Alias to version.'),
    createdAt: time,
  })
  .meta({ id: 'Model' });

export const version = z
  .object({
    model: plainName,
    number: z.int().min(1),
    digest,
    bytes: whole,
    run: plainName.exactOptional(),
    signature: json.exactOptional(),
    metrics: z.record(z.string(), z.number()),
    data: json.exactOptional(),
    code: json.exactOptional(),
    notes: z.string(),
    createdAt: time,
    createdBy: z.string(),
    aliases: z.array(z.string()),
  })
  .meta({ id: 'Version', description: 'It never changes, but for the aliases that point to it.' });

const newVersion = z
  .strictObject({
    digest,
    run: plainName.exactOptional().describe('The run that made it.'),
    signature: json.exactOptional().describe('What goes in and out.'),
    metrics: z.record(title, z.number()).exactOptional(),
    data: json.exactOptional().describe('The fingerprint of the data; that of the run where it is left out.'),
    code: json.exactOptional().describe('The version of the code; that of the run where it is left out.'),
    notes: text.exactOptional(),
  })
  .meta({ id: 'NewVersion' });

/** What a version is made of. */
export type NewVersionBody = z.input<typeof newVersion>;
/** A model, as the server tells it. */
export type WireModel = z.output<typeof model>;
/** A version of a model, as the server tells it. */
export type WireVersion = z.output<typeof version>;

/** A version in an address: a number, an alias with or without '@', 'latest'. */
export const versionName = z
  .string()
  .regex(/^@?[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/)
  .describe("A number, an alias ('@production') or 'latest'.");

const base = '/projects/{project}/models';
const ofModel = z.object({ project: plainName, model: plainName });
const ofVersion = z.object({ project: plainName, model: plainName, version: versionName });

/** Models and their versions. */
export const models: readonly AnyRoute[] = [
  route({
    id: 'listModels',
    method: 'get',
    path: base,
    about: 'All models, by name.',
    role: 'viewer',
    params: z.object({ project: plainName }),
    answer: z.object({ models: z.array(model) }),
    handle: async ({ store }) => ({ models: (await store.models.list()).map((one) => onWire(one)) }),
  }),
  route({
    id: 'getModel',
    method: 'get',
    path: `${base}/{model}`,
    about: 'A model with its aliases.',
    role: 'viewer',
    params: ofModel,
    answer: model,
    handle: async ({ store, params }) => onWire(await store.models.get(params.model)),
  }),
  route({
    id: 'describeModel',
    method: 'patch',
    path: `${base}/{model}`,
    about: 'What people should know of a model.',
    role: 'trainer',
    params: ofModel,
    body: z.strictObject({ notes: text }),
    answer: model,
    async handle({ store, params, body }) {
      await store.models.describe(params.model, body.notes);
      return onWire(await store.models.get(params.model));
    },
  }),
  route({
    id: 'registerVersion',
    method: 'post',
    path: `${base}/{model}/versions`,
    about: 'Adds a version of a model, and the model where it is new. The blob has to be there.',
    role: 'trainer',
    params: ofModel,
    body: newVersion,
    answer: version,
    status: 201,
    async handle(call) {
      const { store, params, body, caller } = call;
      const { bytes } = await ownBlob(call, body.digest);
      const by = caller.name === undefined ? {} : { by: caller.name };
      return onWire(await store.models.register(params.model, { ...body, bytes, ...by }));
    },
  }),
  route({
    id: 'listVersions',
    method: 'get',
    path: `${base}/{model}/versions`,
    about: 'The versions of a model, the newest first.',
    role: 'viewer',
    params: ofModel,
    query: z.strictObject(paging),
    answer: z.object({ versions: z.array(version), next }),
    async handle({ store, params, query }) {
      const { skip, limit } = query;
      const found = page(await store.models.versions(params.model, { skip, limit: limit + 1 }), query);
      return { versions: found.rows.map((one) => onWire(one)), next: found.next };
    },
  }),
  route({
    id: 'getVersion',
    method: 'get',
    path: `${base}/{model}/versions/{version}`,
    about: 'A version: what it is, and what it came from.',
    role: 'viewer',
    params: ofVersion,
    answer: version,
    handle: async ({ store, params }) => onWire(await store.models.version(params.model, params.version)),
  }),
  route({
    id: 'getVersionFile',
    method: 'get',
    path: `${base}/{model}/versions/{version}/content`,
    about: 'The model itself: an ONNX file, or a tar of it and the files from which it takes its large tensors.',
    role: 'viewer',
    params: ofVersion,
    gives: 'application/octet-stream',
    async handle({ store, blobs, params, request }) {
      const found = await store.models.version(params.model, params.version);
      const ending = (await beginsAsArchive(blobs.stream(found.digest))) ? 'tar' : 'onnx';
      return download(request, blobs, found, `${found.model}-${found.number}.${ending}`);
    },
  }),
];
