import { fail } from '@stratus/core';

/** Which pages of the web may ask. */
export interface SiteOptions {
  /** 'https://example.org': their pages may ask, and read the answers. */
  readonly origins: readonly string[];
  /** Others are refused: where nobody needs a key, a page that a browser on this machine shows could ask in its owner's stead. */
  readonly refuseOthers: boolean;
}

const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i;

/** Whether an address of this machine alone is meant, with a port or without. */
export const isLoopback = (host: string): boolean => loopback.test(host) || loopback.test(`[${host}]`);

const allowHeaders = 'authorization, content-type, x-api-key, x-request-id, inference-header-content-length';
const exposeHeaders = 'inference-header-content-length, retry-after, x-request-id';

/** Pages of the server itself; by a name of another site that means this machine, they are not its own. */
function isOwn(origin: string, host: string, onlyHere: boolean): boolean {
  return URL.canParse(origin) && new URL(origin).host === host && (!onlyHere || isLoopback(host));
}

/**
 * What pages of the web get: undefined where the request is none of theirs; or an answer, and for those that may ask what makes any
 * answer readable to them.
 *
 * Errors: `forbidden`. Source: Fetch standard, CORS protocol.
 */
export function siteCheck({ origins, refuseOthers }: SiteOptions): (request: Request) => SiteAnswer | undefined {
  const allowed = new Set(origins);
  return (request) => {
    const origin = request.headers.get('origin');
    if (origin === null) return undefined;
    if (allowed.has(origin)) {
      const isPreflight = request.method === 'OPTIONS' && request.headers.has('access-control-request-method');
      const readable = (response: Response): Response => {
        response.headers.set('access-control-allow-origin', origin);
        response.headers.set('access-control-expose-headers', exposeHeaders);
        response.headers.append('vary', 'origin');
        return response;
      };
      if (!isPreflight) return { readable };
      const headers = {
        'access-control-allow-origin': origin,
        'access-control-allow-methods': 'GET, POST',
        'access-control-allow-headers': allowHeaders,
        'access-control-max-age': '600',
        vary: 'origin, access-control-request-method, access-control-request-headers',
      };
      return { readable, answer: new Response(null, { status: 204, headers }) };
    }
    if (!refuseOthers || isOwn(origin, request.headers.get('host') ?? '', refuseOthers)) return undefined;
    throw fail('forbidden', {
      reason: `Pages of ${origin.slice(0, 100)} may not ask this server.`,
      fix: 'Whoever started it allows them with --allow-origin.',
    });
  };
}

/** How a page of another site is answered. */
export interface SiteAnswer {
  /** To the question that a browser asks first. */
  readonly answer?: Response;
  /** Lets the page read an answer. */
  readonly readable: (response: Response) => Response;
}
