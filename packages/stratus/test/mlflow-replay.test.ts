// Requests of MLflow's own client, as it sent them once, and what they were answered. So its behaviour is covered where there is no Python.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Exchange, openApp } from './mlflow-server.ts';
import { type PostgresServer, postgresPrograms, startPostgres } from './postgres-server.ts';

const file = join(import.meta.dirname, 'golden/mlflow-requests.json');
const { client, exchanges } = JSON.parse(readFileSync(file, 'utf8')) as {
  readonly client: string;
  readonly exchanges: readonly Exchange[];
};

const id = /^(m-)?[0-9a-f]{32}$/;
const isTime = (key: string): boolean => /time|timestamp/.test(key);

/** Learns which id of now stands for which of then, by walking through an answer of then and the one of now together. */
function learn(ids: Map<string, string>, then: unknown, now: unknown): void {
  if (typeof then === 'string' && typeof now === 'string' && id.test(then) && id.test(now) && !ids.has(then)) ids.set(then, now);
  if (typeof then !== 'object' || then === null || typeof now !== 'object' || now === null) return;
  for (const [key, value] of Object.entries(then)) learn(ids, value, (now as Record<string, unknown>)[key]);
}

const replaced = (ids: ReadonlyMap<string, string>, text: string): string =>
  [...ids].reduce((all, [then, now]) => all.replaceAll(then, now), text);

/** An answer without what differs from one time to the next. Sentences are not compared: they name what is there. */
const comparable = (answer: unknown): unknown =>
  JSON.parse(
    JSON.stringify(answer ?? null, (key, value: unknown) =>
      key === 'message' || (isTime(key) && typeof value === 'number') ? typeof value : value,
    ),
  );

async function replay(store?: string): Promise<number> {
  const { app, errors, close } = await openApp(store === undefined ? {} : { store });
  const ids = new Map<string, string>();
  try {
    for (const { method, path, type, json, base64, status, answer } of exchanges) {
      const sent =
        json !== undefined
          ? replaced(ids, JSON.stringify(json))
          : base64 === undefined
            ? undefined
            : Buffer.from(base64, 'base64');
      const response = await app.request(replaced(ids, path), {
        method,
        ...(sent !== undefined && { body: sent }),
        headers: type === undefined ? {} : { 'content-type': type },
      });
      const body = await response.text();
      const now: unknown = answer === undefined ? undefined : JSON.parse(body);
      learn(ids, answer, now);
      const then = answer === undefined ? undefined : JSON.parse(replaced(ids, JSON.stringify(answer)));
      expect([method, path, response.status, comparable(now)]).toEqual([method, path, status, comparable(then)]);
    }
    expect(errors).toEqual([]);
    return ids.size;
  } finally {
    await close();
  }
}

describe(`requests of the client ${client} of MLflow`, () => {
  let postgres: PostgresServer | undefined;
  beforeAll(async () => {
    if (postgresPrograms !== undefined) postgres = await startPostgres();
  }, 60_000);
  afterAll(() => postgres?.stop());

  it('call what is answered here, and cover it', () => {
    const called = new Set(
      exchanges.map(({ method, path }) => `${method} ${path.split('?')[0]!.replace(/(m-)?[0-9a-f]{32}/g, '*')}`),
    );
    expect(exchanges.length).toBeGreaterThan(250);
    expect([...called].filter((path) => path.includes('/mlflow/')).length).toBeGreaterThan(45);
    expect(exchanges.filter(({ status }) => status >= 500)).toEqual([]);
  });

  it('are answered as they were, on SQLite', { timeout: 60_000 }, async () => {
    expect(await replay()).toBeGreaterThan(5);
  });

  it('are answered as they were, on PostgreSQL (initdb of the Debian package postgresql)', { timeout: 60_000 }, async (ctx) => {
    if (postgres === undefined) ctx.skip('needs PostgreSQL');
    const address = `postgres://reader:${encodeURIComponent(postgres!.password)}@127.0.0.1:${postgres!.port}/postgres`;
    expect(await replay(address)).toBeGreaterThan(5);
  });
});
