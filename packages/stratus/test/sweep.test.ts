import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { identityOf, isAlive, stopProcess } from '../src/sweeps/process.ts';
import { type PostgresServer, postgresPrograms, startPostgres } from './postgres-server.ts';
import { sweepContract } from './sweep-contract.ts';

describe('on SQLite', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stratus-sweep-store-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  sweepContract(() => join(folder, 'store.db'));
});

describe.skipIf(postgresPrograms === undefined)('on PostgreSQL (initdb of the Debian package postgresql)', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  }, 120_000);
  afterAll(() => server?.stop());
  sweepContract(() => `postgres://reader:${encodeURIComponent(server.password)}@127.0.0.1:${server.port}/postgres`);
});

it('knows whether a process is there, and ends one that stayed behind', async () => {
  const sleeper = spawn(process.execPath, [
    '-e',
    "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('up')",
  ]);
  await new Promise((up) => sleeper.stdout.once('data', up));
  const identity = identityOf(sleeper.pid!);
  expect(isAlive(identity, true)).toBe(true);
  expect(isAlive(identity.replace(/ \S+$/, ' 1'), false)).toBe(false); // the same number, another process
  const gone = new Promise((done) => sleeper.once('exit', (_, signal) => done(signal)));
  await stopProcess(identity, 200);
  expect(await gone).toBe('SIGKILL');
  expect(isAlive(identity, false)).toBe(false);
  expect(isAlive('elsewhere 1 1', false)).toBe(true);
  expect(isAlive('elsewhere 1 1', true)).toBe(false);
});
