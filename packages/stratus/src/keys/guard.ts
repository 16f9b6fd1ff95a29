import type { SiteAnswer } from './sites.ts';

/** What a request has to pass. */
export interface Guards {
  /** Errors: `forbidden`. */
  readonly sites: (request: Request) => SiteAnswer | undefined;
  /** An error in the form of the server. */
  readonly answerError: (error: unknown) => Response;
}

type Fetch = (request: Request, node?: object) => Response | Promise<Response>;

/** An application behind what decides who may ask it. */
export function guarded(fetch: Fetch, { sites, answerError }: Guards): Fetch {
  return (request, node) => {
    let site: SiteAnswer | undefined;
    try {
      site = sites(request);
    } catch (e) {
      return answerError(e);
    }
    if (site === undefined) return fetch(request, node); // it may answer in Node: nothing is added to what it says
    if (site.answer !== undefined) return site.answer;
    const answer = fetch(request);
    return answer instanceof Response ? site.readable(answer) : answer.then(site.readable);
  };
}
