/** What whoever stands before the data plane knows of a request; it comes back in the record of what a model made of it. */
export interface Front {
  readonly requestId: string;
}

const fronts = new WeakMap<Request, Front>();

/**
 * Notes what is known of a request of web standards. It travels with the request and not by `AsyncLocalStorage`: where that is in use, every
 * promise of the process costs more (Node 20), and a request has many.
 */
export const setFront = (request: Request, front: Front): void => void fronts.set(request, front);

/** What was noted; undefined where nobody stands before the data plane. */
export const frontOf = (request: Request): Front | undefined => fronts.get(request);
