import { fail, StratusError } from '@stratus/core';
import { z } from 'zod';
import { download } from '../download.ts';
import { badRequest } from '../problem.ts';
import { type AnyRoute, type Call, route } from '../route.ts';
import { digest, plainName, whole } from '../values.ts';

const blob = z.object({ digest, bytes: whole }).meta({ id: 'Blob' });

/** Bytes that are stored: their digest and how many they are. */
export type WireBlob = z.output<typeof blob>;

const params = z.object({ project: plainName, digest });
const path = '/projects/{project}/blobs/{digest}';

/**
 * Sees to it that a project names only what it sent or names already: a digest may be known to those who must not have the bytes. Errors: `file-not-found`.
 */
export async function ownBlob(
  { store, blobs }: Pick<Call<never, never, never>, 'store' | 'blobs'>,
  wanted: string,
): Promise<z.output<typeof blob>> {
  const found = (await store.uploads.owns(wanted)) ? await blobs.stat(wanted) : undefined;
  if (found === undefined) throw fail('file-not-found', { file: `The blob ${wanted}`, looked: [`the project ${store.project}`] });
  return found;
}

/** The bytes of a body, up to a limit. Errors: `too-large`, `aborted`. */
async function* bytesOf(request: Request, limitBytes: number): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  const reader = request.body?.getReader();
  if (reader === undefined) return;
  try {
    for (;;) {
      const { value, done } = await reader.read().catch((e: unknown) => {
        throw fail('aborted', { what: 'Sending the blob' }, e);
      });
      if (done) return;
      bytes += value.length;
      if (bytes > limitBytes) throw fail('too-large', { limitBytes });
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** Blobs: bytes by what is in them. */
export const blobs: readonly AnyRoute[] = [
  route({
    id: 'putBlob',
    method: 'put',
    path,
    about: 'Sends bytes; they are kept where they have this digest. A run or a version has to name them within a day.',
    role: 'trainer',
    params,
    takes: 'application/octet-stream',
    answer: blob,
    status: 201,
    async handle({ store, blobs, params, request, limits }) {
      const stated = Number(request.headers.get('content-length') ?? 0);
      if (stated > limits.uploadBytes) throw fail('too-large', { limitBytes: limits.uploadBytes });
      let put: z.output<typeof blob>;
      try {
        put = await blobs.put(bytesOf(request, limits.uploadBytes), { expect: params.digest });
      } catch (e) {
        if (!StratusError.is(e) || e.code !== 'corrupt') throw e;
        throw badRequest(
          `The bytes are not those of ${params.digest}: ${String(e.details['reason'])}. Nothing was kept; send them again.`,
        );
      }
      await store.uploads.note(put.digest);
      return put;
    },
  }),
  route({
    id: 'getBlob',
    method: 'get',
    path,
    about: 'The bytes of a blob that the project names or has sent. Ranges are given.',
    role: 'viewer',
    params,
    gives: 'application/octet-stream',
    handle: async (call) => download(call.request, call.blobs, await ownBlob(call, call.params.digest)),
  }),
];
