import { fail, StratusError } from '@stratus/core';
import type { Problem } from '../api/index.ts';

/** Where a client asks, and how. */
export interface Asking {
  /** With a slash at the end. */
  readonly base: string;
  readonly token: string | undefined;
  readonly fetch: typeof fetch;
  /** How often a request is tried again that may be. */
  readonly retries: number;
}

/** A request. */
export interface Ask {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly query?: Readonly<Record<string, string | number | readonly string[] | undefined>>;
  readonly json?: unknown;
  readonly bytes?: Blob;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Whether it does no harm twice; those of GET and PUT unless told. */
  readonly again?: boolean;
}

/** Nobody was there, or it passes. */
const passing = new Set([429, 502, 503, 504]);
const longestPauseMs = 10_000;

export const pause = (ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      reject(stopped(signal));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', end);
      resolve();
    }, ms);
    if (signal?.aborted) end();
    else signal?.addEventListener('abort', end, { once: true });
  });

export const stopped = (signal: AbortSignal | undefined): StratusError =>
  fail('aborted', { what: 'The request' }, signal?.reason);

/** Longer with every try, and never the same for many who wait: 0.1 to 0.2 s, 0.2 to 0.4 s … */
export const pauseMs = (tries: number, retryAfter?: string | null): number =>
  Math.min(longestPauseMs, Math.max(Number(retryAfter ?? 0) * 1000 || 0, 100 * 2 ** tries * (1 + Math.random())));

function urlOf({ base }: Asking, path: string, query: Ask['query']): string {
  const url = new URL(path, base);
  for (const [name, value] of Object.entries(query ?? {}))
    for (const one of value === undefined ? [] : [value].flat()) url.searchParams.append(name, String(one));
  return url.href;
}

/** The error that a server told of, with its code, and in its details what else it said and how often was tried. */
async function told(response: Response, url: string, tries: number): Promise<StratusError> {
  const problem = (await response.json().catch(() => undefined)) as Partial<Problem> | undefined;
  const { code, detail } = problem ?? {};
  if (code !== undefined && detail !== undefined && code !== 'internal')
    return new StratusError(code as StratusError['code'], { ...problem, tries }, detail);
  const reason = detail?.replace(/\.$/, '') ?? `the answer was ${response.status} ${response.statusText}`;
  return fail('request-failed', { url, reason, fix: 'Check the address; the log of the server says more.' });
}

/** Asks, and again where that does no harm and the failure may pass. Errors: `request-failed`, `aborted`, and those that the server tells. */
export async function ask(asking: Asking, path: string, request: Ask = {}): Promise<Response> {
  const { method = 'GET', json, bytes, signal, again = method === 'GET' || method === 'PUT' } = request;
  const url = urlOf(asking, path, request.query);
  const headers: Record<string, string> = { ...request.headers };
  if (asking.token !== undefined) headers['authorization'] = `Bearer ${asking.token}`;
  if (json !== undefined) headers['content-type'] = 'application/json';
  else if (bytes !== undefined) headers['content-type'] = 'application/octet-stream';
  const body = json === undefined ? bytes : JSON.stringify(json);
  const init: RequestInit = { method, headers, ...(body !== undefined && { body }), ...(signal && { signal }) };
  for (let tries = 1; ; tries++) {
    const isLast = tries > asking.retries;
    let response: Response;
    try {
      response = await asking.fetch(url, init);
    } catch (e) {
      if (signal?.aborted) throw stopped(signal);
      if (again && !isLast) {
        await pause(pauseMs(tries), signal);
        continue;
      }
      const { cause } = e as { readonly cause?: { readonly message?: string } };
      const reason = cause?.message || (e as Error).message;
      throw fail('request-failed', { url, reason, fix: 'Check that the server runs, and its address.' }, e);
    }
    if (response.ok || response.status === 304) return response;
    const e = await told(response, url, tries);
    const passes = passing.has(response.status) && (again || e.code === 'busy'); // a busy server has done nothing
    if (!passes || isLast) throw e;
    await pause(pauseMs(tries, response.headers.get('retry-after')), signal);
  }
}

/** The value of JSON that answers. Errors: as `ask`. */
export async function askJson<T>(asking: Asking, path: string, request?: Ask): Promise<T> {
  return (await (await ask(asking, path, request)).json()) as T;
}

/** Asks for something to be done. Errors: as `ask`. */
export async function askNothing(asking: Asking, path: string, request?: Ask): Promise<void> {
  const response = await ask(asking, path, request);
  await response.body?.cancel();
}
