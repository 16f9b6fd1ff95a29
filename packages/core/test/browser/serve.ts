import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
  '.gz': 'application/gzip',
};

/** Folders that are served besides the pages: ONNX Runtime's files and the digits. */
const folders: Readonly<Record<string, URL>> = {
  '/ort/': new URL('./', import.meta.resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm')),
  '/mnist/': new URL('../../../../examples/data/mnist/', import.meta.url),
};

/** A server on this machine alone. */
export interface Served {
  readonly url: string;
  /** Paths that were asked for, in order. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

/** Serves texts by path, and `/ort/…` and `/mnist/…`. Pages are cross-origin isolated unless the query says `?plain`. */
export async function serve(pages: Readonly<Record<string, string>>): Promise<Served> {
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    const { pathname, search } = new URL(request.url!, 'http://localhost');
    asked.push(pathname);
    const folder = Object.keys(folders).find((prefix) => pathname.startsWith(prefix));
    const body = folder
      ? await readFile(fileURLToPath(new URL(pathname.slice(folder.length), folders[folder]))).catch(() => undefined)
      : pages[pathname];
    if (search !== '?plain') {
      response.setHeader('cross-origin-opener-policy', 'same-origin');
      response.setHeader('cross-origin-embedder-policy', 'require-corp');
    }
    response
      .writeHead(body === undefined ? 404 : 200, { 'content-type': types[extname(pathname)] ?? 'text/plain' })
      .end(body ?? 'not found');
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
}
