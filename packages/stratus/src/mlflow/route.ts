import type { z } from 'zod';
import type { Blobs } from '../blobs/index.ts';
import type { Store } from '../store/index.ts';
import type { MlflowRole } from './access.ts';

/** What a request is answered with, apart from what it says. */
export interface Call {
  readonly store: Store;
  readonly blobs: Blobs;
  /** Who asks, for histories. */
  readonly actor: string | undefined;
  readonly request: Request;
  /** Of a file. */
  readonly uploadLimitBytes: number;
}

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE' | 'PUT';

/** One path that is answered. */
export interface Route {
  readonly method: Method;
  /** Below `/api/2.0/`: 'mlflow/runs/create'; `:name` is a part of what is said. */
  readonly path: string;
  readonly role: MlflowRole;
  /** The route reads the body itself, and what is said is in the address alone. */
  readonly hasRawBody?: boolean;
  /** The form of what is said: body, query and parts of the path together. None where the route reads the body itself. */
  readonly input: z.ZodType | undefined;
  answer(input: never, call: Call): Promise<object | Response>;
}

/** A route whose answer knows the type of what is said. */
export const route = <I extends z.ZodType>(
  method: Method,
  path: string,
  role: MlflowRole,
  input: I,
  answer: (input: z.output<I>, call: Call) => Promise<object | Response>,
): Route => ({ method, path: `mlflow/${path}`, role, input, answer: answer as Route['answer'] });

/** The same answer for another method. */
export const also = (method: Method, one: Route): Route => ({ ...one, method });
