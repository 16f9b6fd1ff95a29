// What SageMaker, Vertex AI and Azure ML ask of a container, of real processes that know nothing but their environment.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { servingPort } from '../src/container.ts';
import { start, stratus } from './cli-process.ts';
import { freePort } from './postgres-server.ts';
import { answer, failure, smallBytes } from './serving.ts';
import { call } from './worker-fleet.ts';

const folder = mkdtempSync(join(tmpdir(), 'stratus-containers-'));
const file = join(folder, 'model.onnx');
beforeAll(async () => writeFileSync(file, await smallBytes()));
afterAll(() => rmSync(folder, { recursive: true }));

const json = { 'content-type': 'application/json' };
const instances = [
  [1, 2, 3],
  [4, 5, 6],
];
const predictions = instances.map(answer);

/** Starts a container's command on a port that its environment says, as a container is: for all networks, something before it checks who asks. */
async function container(name: string, more: Readonly<Record<string, string>> = {}, args: readonly string[] = []) {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const env = { [name]: String(port), ...more };
    const server = start(['deploy', folder, '--host', '0.0.0.0', '--no-keys', '--json', ...args], { env });
    try {
      await server.until(/"type":"serving"/);
      return { server, url: `http://127.0.0.1:${port}` };
    } catch (e) {
      if (attempt === 5 || !/port-in-use/.test(String(e))) throw e; // somebody was quicker
    }
  }
}

describe('the contract of', () => {
  it('SageMaker: /ping and /invocations where it is bound, until SIGTERM', async () => {
    const { server, url } = await container('SAGEMAKER_BIND_TO_PORT');
    expect((await call(`${url}/ping`)).status).toBe(200);
    const body = JSON.stringify({ instances });
    expect(JSON.parse((await call(`${url}/invocations`, { method: 'POST', body, headers: json })).text)).toEqual({ predictions });
    const csv = { 'content-type': 'text/csv' };
    expect(JSON.parse((await call(`${url}/invocations`, { method: 'POST', body: '1,2,3\n4,5,6', headers: csv })).text)).toEqual({
      predictions,
    });
    server.kill('SIGTERM');
    expect((await server.ended).code).toBe(0);
  }, 120_000);

  it('Vertex AI: the port and the routes of its environment, with workers too', async () => {
    const routes = { AIP_HEALTH_ROUTE: '/health/vertex', AIP_PREDICT_ROUTE: '/v1/endpoints/7/deployedModels/9:predict' };
    for (const more of [[], ['--workers', '2']]) {
      const { server, url } = await container('AIP_HTTP_PORT', routes, more);
      expect((await call(url + routes.AIP_HEALTH_ROUTE)).status).toBe(200);
      const body = JSON.stringify({ instances, parameters: {} });
      const { status, text } = await call(url + routes.AIP_PREDICT_ROUTE, { method: 'POST', body, headers: json });
      expect([status, JSON.parse(text)]).toEqual([200, { predictions }]);
      server.kill('SIGTERM');
      expect((await server.ended).code).toBe(0);
    }
  }, 120_000);

  it('Azure ML: liveness, readiness and /score on the port that is declared, the model where AZUREML_MODEL_DIR says', async () => {
    const port = String(await freePort());
    const env = { AZUREML_MODEL_DIR: folder };
    // As its command line is: the shell puts the folder in.
    const server = start(['deploy', env.AZUREML_MODEL_DIR, '--host', '0.0.0.0', '--no-keys', '--port', port, '--json'], { env });
    await server.until(/"type":"serving"/);
    const url = `http://127.0.0.1:${port}`;
    for (const path of ['/', '/v2/health/live', '/v2/health/ready']) expect((await call(url + path)).status).toBe(200);
    const body = JSON.stringify({ data: instances });
    expect(JSON.parse((await call(`${url}/score`, { method: 'POST', body, headers: json })).text)).toEqual(predictions);
    server.kill('SIGTERM');
    expect((await server.ended).code).toBe(0);
  }, 120_000);
});

it('says which variable is no port', async () => {
  expect([servingPort({}), servingPort({ AIP_HTTP_PORT: '' }), servingPort({ AIP_HTTP_PORT: '7080' })]).toEqual([
    8080, 8080, 7080,
  ]);
  for (const text of ['http', '0', '65536', '-1', '80 80']) {
    const odd = await failure((async () => servingPort({ AIP_HTTP_PORT: text }))());
    expect([odd.code, odd.message]).toEqual(['bad-value', expect.stringContaining('AIP_HTTP_PORT')]);
  }
  const refused = await stratus(['deploy', file], { env: { AIP_HTTP_PORT: 'web' } });
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('AIP_HTTP_PORT')]);
});
