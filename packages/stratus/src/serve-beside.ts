import type { AskPort } from './workers/index.ts';

const path = /^https?:\/\/[^/]*\/workers\/?(?:\?|$)/;

/** What is served besides models where several processes serve them: `/workers`, what each is doing. */
export const beside =
  (ask: AskPort) =>
  (request: Request): Promise<Response> | undefined =>
    request.method === 'GET' && path.test(request.url)
      ? ask('workers').then((list) => Response.json({ workers: list }))
      : undefined;
