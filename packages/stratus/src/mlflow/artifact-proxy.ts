import { fail } from '@stratus/core';
import type { Blobs } from '../blobs/index.ts';
import { childrenOf, cleanPath, findPlace } from './file-place.ts';
import { mediaType } from './media-type.ts';
import { invalid, missing } from './problem.ts';
import type { Call, Route } from './route.ts';

const prefix = /^.*?\/mlflow-artifacts\/(?:artifacts|mpu\/\w+)\/?/;

/** What follows upon the route in the address, with its escapes undone. Errors: INVALID_PARAMETER_VALUE. */
export function pathOf(request: Request): string {
  const { pathname } = new URL(request.url);
  try {
    return decodeURIComponent(pathname.replace(prefix, ''));
  } catch {
    throw invalid('The path has an escape (%) that is none.');
  }
}

/** The body piece by piece, up to the limit of a file. Errors: `too-large`. */
export async function* bodyOf({ request, uploadLimitBytes: limitBytes }: Call): AsyncGenerator<Uint8Array> {
  if (Number(request.headers.get('content-length') ?? 0) > limitBytes) throw fail('too-large', { limitBytes });
  const reader = request.body?.getReader();
  let bytes = 0;
  try {
    for (;;) {
      const part = await reader?.read();
      if (!part || part.done) return;
      bytes += part.value.length;
      if (bytes > limitBytes) throw fail('too-large', { limitBytes });
      yield part.value;
    }
  } finally {
    await reader?.cancel().catch(() => undefined);
  }
}

/** A stream that ends with an error where the blob is damaged: the client sees a download that broke off. */
function streamOf(blobs: Blobs, digest: string): ReadableStream<Uint8Array> {
  const pieces = blobs.stream(digest)[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const next = await pieces.next();
      if (next.done) controller.close();
      else controller.enqueue(next.value);
    },
    cancel: async () => void (await pieces.return?.()),
  });
}

async function download({ store, blobs, request }: Call): Promise<Response> {
  const { place, path } = findPlace(store, pathOf(request));
  const file = (await place.list()).find((one) => one.path === path);
  if (file === undefined) throw missing(`There is no file '${path}' here.`);
  if ((await blobs.stat(file.digest)) === undefined)
    throw missing(`The bytes of '${path}' (${file.digest}) are not among the blobs.`);
  return new Response(streamOf(blobs, file.digest), {
    headers: {
      'content-type': mediaType(path),
      'content-length': String(file.bytes),
      'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(path.split('/').at(-1)!)}`,
      'x-content-type-options': 'nosniff',
    },
  });
}

async function upload(call: Call): Promise<object> {
  const { store, blobs, request } = call;
  const { place, path } = findPlace(store, pathOf(request));
  if (path === '') throw invalid('An upload needs the name of a file.');
  await place.list(); // whose it is, before anything is read
  await place.put(path, await blobs.put(bodyOf(call), { signal: request.signal }));
  return {};
}

async function remove({ store, request }: Call): Promise<object> {
  const { place, path } = findPlace(store, pathOf(request));
  await place.list();
  if ((await place.remove(path)) === 0 && path !== '') throw missing(`There is no file '${path}' here.`);
  return {};
}

/** Files are listed by their names within the folder. */
async function listed({ store, request }: Call): Promise<object> {
  const { place, path } = findPlace(store, new URL(request.url).searchParams.get('path') ?? '');
  const folder = cleanPath(path);
  const children = childrenOf(await place.list(), folder);
  return { files: children.map((child) => ({ ...child, path: child.path.split('/').at(-1)! })) };
}

const raw = (
  method: Route['method'],
  path: string,
  role: Route['role'],
  answer: (call: Call) => Promise<object | Response>,
): Route => ({
  method,
  path: `mlflow-artifacts/${path}`,
  role,
  input: undefined,
  answer: (_, call) => answer(call),
});

/** The files themselves, for `mlflow-artifacts:` addresses. */
export const proxyRoutes: readonly Route[] = [
  raw('GET', 'artifacts', 'viewer', listed),
  raw('GET', 'artifacts/*', 'viewer', download),
  raw('PUT', 'artifacts/*', 'trainer', upload),
  raw('DELETE', 'artifacts/*', 'trainer', remove),
];
