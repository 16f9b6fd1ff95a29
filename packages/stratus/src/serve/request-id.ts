/** Where a request says its id, and an answer repeats it. */
export const requestIdHeader = 'x-request-id';

/** An id that may stand in a header and in a line of a log; undefined where there is none, or another. */
export const requestId = (given: string | null | undefined): string | undefined =>
  typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) ? given : undefined;
