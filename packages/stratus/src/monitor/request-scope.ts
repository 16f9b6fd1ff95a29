import { AsyncLocalStorage } from 'node:async_hooks';
import type { Front, RequestRecord } from '../serve/index.ts';

/** What is known of the HTTP request within which a model is asked. */
export interface RequestScope extends Front {
  /** What the model made of it, when it is over. */
  record?: RequestRecord;
}

const scopes = new AsyncLocalStorage<RequestScope>();

/** The scope of a record: what its request carries, or else of what is running. */
export const requestScope = ({ front }: RequestRecord): RequestScope | undefined =>
  (front as RequestScope | undefined) ?? scopes.getStore();

/** Runs something within the scope of a request. */
export const withScope = <T>(scope: RequestScope, work: () => T): T => scopes.run(scope, work);

/** The id of a request: what its record says, or its front. */
export const idOf = (record: RequestRecord): string | undefined => record.requestId ?? requestScope(record)?.requestId;

/** An id that may stand in a header and in a line of a log. */
export const isRequestId = (text: string): boolean => /^[\w.:-]{1,128}$/.test(text);
