import type { z } from 'zod';
import { BodyReader } from '../serve/index.ts';
import { reasonOf } from './fields.ts';
import { invalid } from './problem.ts';

/** A body with the profile of a data set may have 16 MB. */
const mostBytes = 20_000_000;
/** A batch of MLflow has at most a million bytes; other calls may carry more. */
const mostBatchBytes = 1_000_000;

/** Watches over the memory that all bodies together take. */
const bodies = new BodyReader(mostBytes);

const decoder = new TextDecoder('utf-8', { fatal: true });

/** The object in a body; an empty one is an empty object. */
function objectOf(bytes: Uint8Array, path: string): Record<string, unknown> {
  if (bytes.length === 0) return {};
  if (path.endsWith('/log-batch') && bytes.length > mostBatchBytes)
    throw invalid(`Batched logging API requests must be at most ${mostBatchBytes} bytes, got one of ${bytes.length}.`);
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(bytes));
  } catch {
    throw invalid('The body is not JSON in UTF-8.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('The body has to be a JSON object.');
  return value as Record<string, unknown>;
}

/** Of a key that comes several times, a list. */
function queryOf(request: Request): Record<string, unknown> {
  const { searchParams } = new URL(request.url);
  return Object.fromEntries(
    [...new Set(searchParams.keys())].map((key) => {
      const values = searchParams.getAll(key);
      return [key, values.length > 1 ? values : values[0]];
    }),
  );
}

/** No database holds the character 0, and half a character is none. */
function isSound(value: unknown): boolean {
  if (typeof value === 'string') return !/[\0\p{Cs}]/u.test(value);
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([key, each]) => isSound(key) && isSound(each));
}

/** What a request says, in the form that the route asks for. Errors: INVALID_PARAMETER_VALUE with the reason. */
export async function inputOf(
  request: Request,
  form: z.ZodType,
  path: Readonly<Record<string, string>>,
  hasRawBody: boolean,
): Promise<unknown> {
  const body =
    request.method === 'GET' || hasRawBody
      ? {}
      : await bodies.withBody(request, async (bytes) => objectOf(bytes, new URL(request.url).pathname));
  const { success, data, error } = form.safeParse({ ...queryOf(request), ...body, ...path });
  if (!success) throw invalid(reasonOf(error));
  if (!isSound(data))
    throw invalid('A text has the character 0, or half of a character (a lone surrogate), which cannot be kept.');
  return data;
}
