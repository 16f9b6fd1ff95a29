import { type ErrorCode, StratusError } from '@stratus/core';

/** The codes of MLflow's errors that are answered, with their status (mlflow/exceptions.py of MLflow 3.17). */
export const statusOf = {
  INVALID_PARAMETER_VALUE: 400,
  RESOURCE_ALREADY_EXISTS: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  RESOURCE_DOES_NOT_EXIST: 404,
  ENDPOINT_NOT_FOUND: 404,
  RESOURCE_CONFLICT: 409,
  DATA_LOSS: 500,
  INTERNAL_ERROR: 500,
  NOT_IMPLEMENTED: 501,
  TEMPORARILY_UNAVAILABLE: 503,
} as const;

export type ProblemCode = keyof typeof statusOf;

/** What is answered as an error. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly code: ProblemCode;

  constructor(code: ProblemCode, message: string) {
    super(message);
    this.code = code;
  }
}

export const invalid = (message: string): Problem => new Problem('INVALID_PARAMETER_VALUE', message);
export const missing = (message: string): Problem => new Problem('RESOURCE_DOES_NOT_EXIST', message);

/** What MLflow calls errors of the store and of the blobs; every other one is the server's own. */
const codes: { readonly [code in ErrorCode]?: ProblemCode } = {
  'bad-value': 'INVALID_PARAMETER_VALUE',
  'unknown-name': 'RESOURCE_DOES_NOT_EXIST',
  'file-not-found': 'RESOURCE_DOES_NOT_EXIST',
  'too-large': 'INVALID_PARAMETER_VALUE',
  forbidden: 'PERMISSION_DENIED',
  conflict: 'RESOURCE_CONFLICT',
  corrupt: 'DATA_LOSS',
  aborted: 'TEMPORARILY_UNAVAILABLE',
  busy: 'TEMPORARILY_UNAVAILABLE',
  'database-failed': 'TEMPORARILY_UNAVAILABLE',
};

/** The answer to an error; undefined where the sentence is not for clients. */
export function problemOf(e: unknown): Problem | undefined {
  if (e instanceof Problem) return e;
  const code = StratusError.is(e) ? codes[e.code] : undefined;
  return code && new Problem(code, (e as Error).message);
}

/** Another code for a conflict, where MLflow has one of its own. */
export async function conflictAs<T>(code: ProblemCode, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (e) {
    throw StratusError.is(e) && e.code === 'conflict' ? new Problem(code, e.message) : e;
  }
}

/** What it gives, or undefined where a name is not there. */
export async function ifThere<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (e) {
    if (StratusError.is(e) && e.code === 'unknown-name') return undefined;
    throw e;
  }
}
