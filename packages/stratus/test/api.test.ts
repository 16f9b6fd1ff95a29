import { afterAll, beforeAll, describe } from 'vitest';
import { apiContract } from './api-contract.ts';
import { type PostgresServer, postgresPrograms, startPostgres } from './postgres-server.ts';

describe('the API over a file of SQLite', () => {
  apiContract(() => ({}));
});

describe.skipIf(postgresPrograms === undefined)('the API over PostgreSQL (initdb of the Debian package postgresql)', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  }, 60_000);
  afterAll(() => server?.stop());

  apiContract(() => ({ store: `postgres://reader:${encodeURIComponent(server.password)}@127.0.0.1:${server.port}/postgres` }));
});
