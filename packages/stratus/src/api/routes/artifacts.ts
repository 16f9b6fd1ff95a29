import { fail, nearest } from '@stratus/core';
import { z } from 'zod';
import { download } from '../download.ts';
import { type AnyRoute, route } from '../route.ts';
import { digest, onWire, plainName, time, title, whole } from '../values.ts';
import { ownBlob } from './blobs.ts';

const artifact = z
  .object({ path: z.string().describe('A name, not a place on a disk.'), digest, bytes: whole, createdAt: time })
  .meta({ id: 'Artifact' });

const newArtifact = z.strictObject({ path: title, digest }).meta({ id: 'NewArtifact' });

export type NewArtifactBody = z.input<typeof newArtifact>;
/** A file of a run, as the server tells it. */
export type WireArtifact = z.output<typeof artifact>;

const base = '/projects/{project}/runs/{run}/artifacts';
const params = z.object({ project: plainName, run: plainName });

/** Artifacts: the files that a run left. */
export const artifacts: readonly AnyRoute[] = [
  route({
    id: 'putArtifact',
    method: 'put',
    path: base,
    about: 'Gives a blob a place among the files of a run; what was there is replaced.',
    role: 'trainer',
    params,
    body: newArtifact,
    async handle(call) {
      const { bytes } = await ownBlob(call, call.body.digest);
      await call.store.artifacts.put(call.params.run, { ...call.body, bytes });
    },
  }),
  route({
    id: 'listArtifacts',
    method: 'get',
    path: base,
    about: 'The files that a run left, by path.',
    role: 'viewer',
    params,
    answer: z.object({ artifacts: z.array(artifact) }),
    handle: async ({ store, params }) => ({ artifacts: (await store.artifacts.list(params.run)).map((one) => onWire(one)) }),
  }),
  route({
    id: 'getArtifact',
    method: 'get',
    path: `${base}/content`,
    about: 'The bytes of a file that a run left.',
    role: 'viewer',
    params,
    query: z.strictObject({ path: title }),
    gives: 'application/octet-stream',
    async handle({ store, blobs, params, query, request }) {
      const all = await store.artifacts.list(params.run);
      const found = all.find(({ path }) => path === query.path);
      if (found !== undefined) return download(request, blobs, found, found.path);
      const known = all.map(({ path }) => path);
      throw fail('unknown-name', {
        kind: `artifact of the run ${params.run}`,
        name: query.path,
        suggestion: nearest(query.path, known),
        known: known.slice(0, 20),
      });
    },
  }),
];
