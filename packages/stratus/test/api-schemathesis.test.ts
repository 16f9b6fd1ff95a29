import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { openStore } from '../src/store/index.ts';
import { testServer } from './api-harness.ts';

const python = process.env['STRATUS_PEERS_PYTHON'];
const isThere = python !== undefined && spawnSync(python, ['-m', 'schemathesis.cli', '--version']).status === 0;
const why = python === undefined ? 'there is none; say where with STRATUS_PEERS_PYTHON' : `${python} lacks it`;

const checks = ['not_a_server_error', 'status_code_conformance', 'content_type_conformance', 'response_schema_conformance'];

describe('tools of others', () => {
  it('schemathesis (Python) finds no answer that the description does not have', async (ctx) => {
    if (!isThere) ctx.skip(`needs a Python with schemathesis: ${why}`);
    const server = await testServer();
    const store = await openStore(server.store);
    const { secret } = await store.tokens.create({ name: 'x', role: 'admin', allProjects: true });
    await store.close();
    const args = [
      '-m',
      'schemathesis.cli',
      'run',
      `${server.url}/api/openapi.json`,
      '--url',
      server.url,
      '--checks',
      checks.join(),
      '-H',
      `Authorization: Bearer ${secret}`,
    ];
    // Streams of events do not end by themselves.
    args.push(
      '--exclude-operation-id',
      'followRun',
      '--max-examples',
      '10',
      '--phases',
      'coverage,fuzzing',
      '--seed',
      '1',
      '--max-time',
      '60',
    );
    const { stdout } = await promisify(execFile)(python!, args, { timeout: 200_000, maxBuffer: 2 ** 26 }).catch(
      (e: { stdout: string }) => e,
    );
    expect(stdout).not.toContain('FAILURES');
    expect(stdout).toMatch(/No issues found|passed/);
    expect(server.reported).toEqual([]);
    await server.end();
  }, 240_000);
});
