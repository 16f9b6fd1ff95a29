import { randomUUID } from 'node:crypto';
import { fail } from '@stratus/core';
import { z } from 'zod';
import type { Blobs } from '../blobs/index.ts';
import type { FolderFile, Store } from '../store/index.ts';
import { bodyOf, pathOf } from './artifact-proxy.ts';
import { text, whole } from './fields.ts';
import { cleanPath, findPlace } from './file-place.ts';
import { invalid, missing } from './problem.ts';
import type { Call, Route } from './route.ts';

// A large file in parts, each of which is a blob. The parts lie in a folder of the store until the file is put together, so no sweep takes them.

const mostParts = 10_000;
const folderOf = (upload: string): string => `uploads/${upload}`;

/** The folder into which the file goes: the address says it, the name of the file is in the body. */
function target({ store, request }: Call, path: string) {
  const folder = cleanPath(pathOf(request));
  const name = cleanPath(path).split('/').at(-1) ?? '';
  if (name === '') throw invalid('The upload needs the name of a file.');
  return findPlace(store, `${folder}/${name}`);
}

async function partsOf(store: Store, upload: string): Promise<readonly FolderFile[]> {
  const parts = /^[0-9a-f-]{36}$/.test(upload) ? await store.folders.list(folderOf(upload)) : [];
  if (parts.length === 0) throw missing(`There is no upload '${upload.slice(0, 60)}'.`);
  return parts;
}

async function* joined(blobs: Blobs, parts: readonly FolderFile[]): AsyncGenerator<Uint8Array> {
  for (const { digest } of parts) yield* blobs.stream(digest);
}

/** The first file of the folder of an upload: how many parts there have to be. */
const beginning = '0';

async function create(given: { readonly path: string; readonly num_parts: number }, call: Call): Promise<object> {
  await target(call, given.path).place.list();
  const upload = randomUUID();
  const count = await call.blobs.put(new TextEncoder().encode(String(given.num_parts)));
  await call.store.folders.put(folderOf(upload), [{ path: beginning, ...count }]);
  const { origin, pathname } = new URL(call.request.url);
  const base = `${origin}${pathname.replace(/\/mpu\/create\/.*$/, '/mpu/part')}`;
  const sent = call.request.headers.get('authorization');
  const headers = sent === null ? {} : { authorization: sent }; // the client sends them with each part, and nothing else of its own
  const credentials = Array.from({ length: given.num_parts }, (_, i) => ({
    url: `${base}/${upload}/${i + 1}`,
    part_number: i + 1,
    headers,
  }));
  return { upload_id: upload, credentials };
}

async function part(given: { readonly upload: string; readonly number: string }, call: Call): Promise<Response> {
  const { store, blobs, request } = call;
  await partsOf(store, given.upload);
  if (!/^[1-9]\d{0,4}$/.test(given.number) || Number(given.number) > mostParts)
    throw invalid(`A part has a number from 1 to ${mostParts}.`);
  const blob = await blobs.put(bodyOf(call), { signal: request.signal });
  await store.folders.put(folderOf(given.upload), [{ path: given.number, ...blob }]);
  return new Response(null, { status: 200, headers: { etag: `"${blob.digest}"` } });
}

async function complete(
  given: {
    readonly path: string;
    readonly upload_id: string;
    readonly parts: readonly { readonly part_number: number; readonly etag: string }[];
  },
  call: Call,
): Promise<object> {
  const { place, path } = target(call, given.path);
  await place.list();
  const there = new Map((await partsOf(call.store, given.upload_id)).map((one) => [one.path, one]));
  const wanted = [...given.parts]
    .sort((a, b) => a.part_number - b.part_number)
    .map(({ part_number, etag }, i) => {
      const found = there.get(String(part_number));
      if (found === undefined || part_number !== i + 1) throw invalid(`Part ${i + 1} of the upload is missing.`);
      if (etag !== '' && etag.replaceAll('"', '') !== found.digest)
        throw invalid(`Part ${i + 1} is not the one that was sent: its etag differs.`);
      return found;
    });
  const count = Number(new TextDecoder().decode(await call.blobs.read(there.get(beginning)!.digest)));
  if (wanted.length !== count) throw invalid(`The upload has ${count} parts, and is completed with ${wanted.length}.`);
  const limitBytes = call.uploadLimitBytes;
  if (wanted.reduce((sum, { bytes }) => sum + bytes, 0) > limitBytes) throw fail('too-large', { limitBytes });
  await place.put(path, await call.blobs.put(joined(call.blobs, wanted), { signal: call.request.signal }));
  await call.store.folders.remove(folderOf(given.upload_id), '');
  return {};
}

async function abort(given: { readonly upload_id: string }, { store }: Call): Promise<object> {
  await partsOf(store, given.upload_id);
  await store.folders.remove(folderOf(given.upload_id), '');
  return {};
}

const one = <I extends z.ZodType>(
  method: Route['method'],
  path: string,
  input: I,
  answer: (given: z.output<I>, call: Call) => Promise<object | Response>,
): Route => ({
  method,
  path: `mlflow-artifacts/mpu/${path}`,
  role: 'trainer',
  input,
  answer: answer as Route['answer'],
});

const parts = z.array(z.object({ part_number: whole, etag: z.string().default('') })).max(mostParts);

/** Uploads in parts, which clients use for large files. */
export const multipartRoutes: readonly Route[] = [
  one('POST', 'create/*', z.object({ path: text, num_parts: whole.pipe(z.int().min(1).max(mostParts)) }), create),
  { ...one('PUT', 'part/:upload/:number', z.object({ upload: text, number: text }), part), hasRawBody: true },
  one('POST', 'complete/*', z.object({ path: text, upload_id: text, parts }), complete),
  one('POST', 'abort/*', z.object({ path: text, upload_id: text }), abort),
];
