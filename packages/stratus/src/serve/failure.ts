import { StratusError } from '@stratus/core';
import { type Answer, answerOf, type Problem, type Protocol } from './route.ts';
import { statusOf } from './status.ts';
import { didYouMean } from './wording.ts';

type Form = Pick<Protocol, 'problem'>;
type Place = Pick<Problem, 'method' | 'path'>;

/** An error in the form of a protocol. */
export const refusal = ({ problem }: Form, what: Problem, headers: Record<string, string> = {}): Answer => {
  const { body, status = what.status } = problem(what);
  return answerOf('application/json', JSON.stringify(body), { status, headers });
};

/** What a client is told of an error; `report` is told of those that are not the client's. */
export function failure(form: Form, e: unknown, place: Place, report: (error: unknown) => void): Answer {
  if (!StratusError.is(e)) {
    report(e);
    return refusal(form, { status: 500, code: 'internal', message: 'internal error', ...place });
  }
  const status: number = statusOf[e.code];
  if (status === 500) report(e);
  const {
    name,
    known,
    retryAfterMs = 1000,
  } = e.details as {
    readonly name?: string;
    readonly known?: readonly string[];
    readonly retryAfterMs?: number;
  };
  const suggestion = e.code === 'model-not-found' ? didYouMean(name!, known!) : '';
  const headers = status === 503 || status === 429 ? { 'retry-after': String(Math.max(1, Math.ceil(retryAfterMs / 1000))) } : {};
  return refusal(form, { status, code: e.code, message: e.message + suggestion, ...place }, headers);
}
