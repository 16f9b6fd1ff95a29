import { createRequire } from 'node:module';
import type { Env, Hono } from 'hono';

const require = createRequire(import.meta.url);

/** An application without routes. The router is loaded with the first one, at once and not by `await`: who trains makes none, and does not wait for its files. */
export function newApp<E extends Env>(): Hono<E> {
  const { Hono } = require('hono') as typeof import('hono');
  return new Hono<E>({ strict: false });
}
