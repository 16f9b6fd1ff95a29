// A tool of others reads the description of the API, asks every route what the description allows, and checks every answer against it.
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { connect } from '../src/client/index.ts';
import { openStore } from '../src/store/index.ts';
import { routeOf, routes, testServer } from './api-harness.ts';
import { root } from './cli-process.ts';
import { smallBytes } from './serving.ts';

const own = join(root, '.venv/bin/python');
const python = process.env['STRATUS_PYTHON'] ?? (existsSync(own) ? own : undefined);
const isThere = python !== undefined && spawnSync(python, ['-m', 'schemathesis.cli', '--version']).status === 0;
const why = python === undefined ? 'there is none; say where with STRATUS_PYTHON' : `${python} lacks it`;

const checks = ['not_a_server_error', 'status_code_conformance', 'content_type_conformance', 'response_schema_conformance'];

/** What there is, so that routes get further than to say that there is nothing of that name. What is removed are other things. */
const there = { project: 'default', run: 'a', model: 'net', version: '1', alias: 'production' };
const config = (digest: string, token: string): string => `
[parameters]
${Object.entries({ ...there, digest, token })
  .map(([name, value]) => `"path.${name}" = "${value}"`)
  .join('\n')}
"query.name" = "loss"
"query.path" = "model.onnx"
[[operations]]
include-operation-id = "removeRun"
parameters = { "path.run" = "gone" }
[[operations]]
include-operation-id = "removeAlias"
parameters = { "path.alias" = "gone" }
`;

describe('tools of others', () => {
  it('schemathesis (Python) finds no answer that the description does not have', async (ctx) => {
    if (!isThere) ctx.skip(`needs a Python with schemathesis: ${why}`);
    const folder = mkdtempSync(join(tmpdir(), 'stratus-schemathesis-'));
    const server = await testServer();
    const store = await openStore(server.store);
    const { secret } = await store.tokens.create({ name: 'x', role: 'admin', allProjects: true });
    const { info: other } = await store.tokens.create({ name: 'y', role: 'viewer' });
    await store.close();
    const { runs, metrics, artifacts, models, aliases } = connect({ url: server.url, token: secret });
    await runs.create({ key: there.run, params: { rate: 0.1 } });
    await runs.create({ key: 'gone' });
    await metrics.append(there.run, [{ name: 'loss', step: 1, value: 0.5 }]);
    const { digest } = await artifacts.put(there.run, 'model.onnx', Uint8Array.from(await smallBytes()));
    await models.register(there.model, { digest });
    await aliases.move(there.model, there.alias, 1);
    await aliases.move(there.model, 'gone', 1);
    writeFileSync(join(folder, 'schemathesis.toml'), config(digest, other.key));
    const har = join(folder, 'said.har');
    const args = ['-m', 'schemathesis.cli', '--config-file', 'schemathesis.toml', '--no-color', 'run'];
    args.push(`${server.url}/api/openapi.json`, '--url', server.url, '-H', `Authorization: Bearer ${secret}`);
    args.push('--checks', checks.join(), '--exclude-operation-id', 'followRun', '--phases', 'fuzzing');
    args.push('--max-examples', '3', '--seed', '1', '--report', 'har', '--report-har-path', har);
    const { stdout } = await promisify(execFile)(python!, args, { cwd: folder, maxBuffer: 2 ** 26 }).catch(
      (e: { stdout: string }) => e,
    );
    const told = stdout.replaceAll(/(?<=^.{300}).+$/gm, '…'); // addresses in it may be long
    expect(told).not.toMatch(/FAILURES|ERRORS/);
    expect(told).toMatch(/ passed/);
    expect(server.reported).toEqual([]);
    const { entries } = JSON.parse(readFileSync(har, 'utf8')).log as {
      entries: { request: { method: string; url: string }; response: { status: number } }[];
    };
    const said = entries.map(({ request, response }) => ({
      id: routeOf(request.method, new URL(request.url).pathname)?.id,
      isWell: response.status < 300,
    }));
    const asked = new Set(said.map(({ id }) => id));
    expect(routes.map(({ id }) => id).filter((id) => !asked.has(id))).toEqual(['followRun']); // whose events do not end by themselves
    // The others ask for what chance does not find, such as the SHA-256 of a body.
    expect(new Set(said.filter(({ isWell }) => isWell).map(({ id }) => id)).size).toBeGreaterThan(27);
    await server.end();
    rmSync(folder, { recursive: true, force: true });
  }, 120_000);
});
