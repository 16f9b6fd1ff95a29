import { type ErrorCode, fail, StratusError } from '@stratus/core';
import { z } from 'zod';

/** RFC 9457: what every error answers with. */
export const problem = z
  .object({
    type: z.string().describe('Where the kind of error is described, relative to the server.'),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe('What is wrong and how to mend it.'),
    code: z.string().describe('The kind of error, for programs. It is stable.'),
    requestId: z.string().describe("Stands in the server's log too."),
    suggestion: z.string().exactOptional().describe('The nearest name that is there.'),
    known: z.array(z.string()).exactOptional().describe('Names that are there.'),
    problems: z
      .array(z.object({ at: z.string(), message: z.string() }))
      .exactOptional()
      .describe('What is wrong with the request, part by part.'),
  })
  .meta({ id: 'Problem', description: 'An error (RFC 9457).' });

export type Problem = z.output<typeof problem>;

/** What a client can mend, or wait for; every other error is the server's. */
const statuses: Partial<Record<ErrorCode, number>> = {
  'bad-request': 400,
  'bad-value': 400,
  'not-authorized': 401,
  forbidden: 403,
  'unknown-name': 404,
  'file-not-found': 404,
  'model-not-found': 404,
  conflict: 409,
  'too-large': 413,
  aborted: 499,
  busy: 503,
  'database-failed': 503,
};

const titles: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Not authorized',
  403: 'Forbidden',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict',
  413: 'Too large',
  415: 'Unsupported media type',
  499: 'Client closed request',
  500: 'Internal error',
  503: 'Not available',
};

/** The codes that clients meet, with their statuses, for the page. */
export const metCodes: readonly (readonly [string, number])[] = Object.entries(statuses);

export const statusFor = (e: unknown): number => {
  if (!StratusError.is(e)) return 500;
  return (e.details['status'] as number | undefined) ?? statuses[e.code] ?? 500;
};

/** What is said of an error. Of the server's own ones nothing that lies in it: paths, addresses, statements. */
export function problemOf(e: unknown, requestId: string): Problem {
  const status = statusFor(e);
  const code = StratusError.is(e) ? e.code : 'internal';
  const about = { type: `/api#${code}`, title: titles[status] ?? 'Error', status, code, requestId };
  if (!StratusError.is(e) || (status >= 500 && code !== 'busy'))
    return {
      ...about,
      detail:
        status === 503
          ? 'The store does not answer at present. Try again in a moment.'
          : `The server failed; its log says why, with the number ${requestId}.`,
    };
  const { suggestion, known, problems } = e.details as Partial<Pick<Problem, 'suggestion' | 'known' | 'problems'>>;
  return {
    ...about,
    detail: e.message,
    ...(suggestion !== undefined && { suggestion }),
    ...(known !== undefined && { known }),
    ...(problems !== undefined && { problems }),
  };
}

/** An error of a request as such. */
export const badRequest = (reason: string, status = 400, more: object = {}): StratusError =>
  fail('bad-request', { reason, status, ...more } as { reason: string });

export function problemResponse(e: unknown, requestId: string, headers: Record<string, string> = {}): Response {
  const { status } = problemOf(e, requestId);
  const more: Record<string, string> = { 'content-type': 'application/problem+json', 'x-request-id': requestId, ...headers };
  if (status === 401) more['www-authenticate'] = 'Bearer realm="stratus"';
  if (status === 503) more['retry-after'] = '1';
  return new Response(JSON.stringify(problemOf(e, requestId)), { status, headers: more });
}
