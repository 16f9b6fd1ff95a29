import { nearest } from '@stratus/core';
import type { z } from 'zod';
import { badRequest } from './problem.ts';

const decoder = new TextDecoder('utf-8', { fatal: true });

/** The name of a place: 'points[3].step'. */
const placeOf = (path: readonly PropertyKey[]): string =>
  path.map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i === 0 ? '' : '.'}${String(part)}`)).join('');

const shownAtMost = 10;

/** The value as its schema takes it. `where`: 'the body'. Errors: `bad-request`. */
export function checked<S extends z.ZodType>(schema: S, value: unknown, where: string): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { issues } = result.error;
  const problems = issues.slice(0, shownAtMost).map((issue) => {
    const at = placeOf(issue.path);
    if (issue.code !== 'unrecognized_keys') return { at, message: issue.message };
    const known = issue.path.length === 0 ? Object.keys((schema as unknown as { shape?: object }).shape ?? {}) : [];
    const meant = nearest(issue.keys[0]!, known);
    const names = issue.keys.slice(0, shownAtMost).map((key) => key.slice(0, 100));
    return { at, message: `It takes no '${names.join("', '")}'.${meant === undefined ? '' : ` Did you mean '${meant}'?`}` };
  });
  const { at, message } = problems[0]!;
  const more = issues.length > 1 ? ` And ${issues.length - 1} more.` : '';
  throw badRequest(`${where} is not as it should be${at ? ` at ${at}` : ''}: ${message.replace(/(?<![.?])$/, '.')}${more}`, 400, {
    problems,
  });
}

/** Values of a query, which are all texts, as the schema of an object takes them. Errors: `bad-request`. */
export function queryValues(schema: z.ZodObject, url: string): Record<string, unknown> {
  const found: Record<string, unknown> = Object.create(null);
  for (const [name, value] of new URL(url).searchParams) {
    const kind = Object.hasOwn(schema.shape, name) ? kindOf(schema.shape[name] as z.ZodType) : 'string';
    if (kind === 'array') found[name] = [...((found[name] as string[] | undefined) ?? []), value];
    else if (name in found) throw badRequest(`The query has '${name.slice(0, 100)}' twice.`);
    else found[name] = kind === 'number' && /^-?\d{1,16}$/.test(value) ? Number(value) : value;
  }
  return { ...found };
}

function kindOf(schema: z.ZodType): string {
  const inner = (schema.def as { innerType?: z.ZodType }).innerType;
  return inner === undefined ? schema.def.type : kindOf(inner);
}

/** The value of JSON in a body. Errors: `bad-request`. */
export function jsonValue(bytes: Uint8Array, headers: Headers): unknown {
  const type = headers.get('content-type') ?? '';
  if (!/^application\/(json|[\w.-]+\+json)\s*(;|$)/i.test(type))
    throw badRequest(`The body has the type '${type.slice(0, 100)}'. Send JSON, with 'content-type: application/json'.`, 415);
  const encoding = headers.get('content-encoding') ?? 'identity';
  if (encoding !== 'identity') throw badRequest(`The body has the encoding '${encoding.slice(0, 100)}'; send it without.`, 415);
  if (bytes.length === 0) throw badRequest('The body is empty; send JSON.');
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    throw badRequest('The body is not UTF-8 text; send JSON.');
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (e) {
    throw badRequest(`The body is not JSON: ${(e as Error).message.slice(0, 200)}.`);
  }
  if (/\\u(0000|d[89a-f])/i.test(text) && hasBrokenText(value))
    throw badRequest('The body has a text with the character 0 or half of a surrogate pair, which no database can hold.');
  return value;
}

/** Without recursion: a body may be nested deeply. */
function hasBrokenText(value: unknown): boolean {
  const waiting: unknown[] = [value];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (typeof next === 'string') {
      if (next.includes('\0') || /\p{Surrogate}/u.test(next)) return true;
    } else if (typeof next === 'object' && next !== null) {
      for (const [key, inner] of Object.entries(next)) waiting.push(key, inner === null ? '' : inner);
    }
  }
  return false;
}
