import { StratusError } from '@stratus/core';
import type { Authorizer } from './authorize.ts';
import { type Client, checkManage, checkModel } from './client.ts';
import { neededBy } from './paths.ts';
import type { SiteAnswer } from './sites.ts';

/** What a request has to pass. */
export interface Guards {
  /** Errors: `forbidden`. */
  readonly sites: (request: Request) => SiteAnswer | undefined;
  readonly authorizer: Authorizer;
  /** The models that are served. */
  readonly models: () => readonly string[];
  /** An error in the form of the server. */
  readonly answerError: (error: unknown) => Response;
}

type Fetch = (request: Request, node?: object) => Response | Promise<Response>;

const clients = new WeakMap<Request, Client>();

/** Who sent a request that has passed; undefined where nobody needs a key. */
export const clientOf = (request: Request): Client | undefined => clients.get(request);

/** An application behind what decides who may ask it. */
export function guarded(fetch: Fetch, { sites, authorizer, models, answerError }: Guards): Fetch {
  const refused = (e: unknown): Response => {
    const response = answerError(e);
    if (!StratusError.is(e)) return response;
    if (e.code === 'not-authorized') response.headers.set('www-authenticate', 'Bearer');
    const { retryAfterMs } = e.details as { readonly retryAfterMs?: number };
    if (retryAfterMs !== undefined) response.headers.set('retry-after', String(Math.ceil(retryAfterMs / 1000)));
    return response;
  };
  const known = async (request: Request, node?: object): Promise<Response> => {
    try {
      const { open, model, all, manage } = neededBy(request.method, new URL(request.url).pathname);
      if (!open) {
        const client = await authorizer.authorize(request.headers);
        if (manage) checkManage(client);
        for (const name of model === undefined ? (all ? models() : []) : [model]) checkModel(client, name);
        clients.set(request, client);
      }
    } catch (e) {
      return refused(e);
    }
    return await fetch(request, node);
  };
  const answer = authorizer.needsKey ? known : fetch;
  return (request, node) => {
    let site: SiteAnswer | undefined;
    try {
      site = sites(request);
    } catch (e) {
      return refused(e);
    }
    if (site === undefined) return answer(request, node); // it may answer in Node: nothing is added to what it says
    if (site.answer !== undefined) return site.answer;
    const given = answer(request);
    return given instanceof Response ? site.readable(given) : given.then(site.readable);
  };
}
