import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { registry } from '../src/registry/index.ts';
import { openWorkspace } from '../src/workspace/index.ts';
import { testServer } from './api-harness.ts';
import { withExternalData } from './external-data.ts';
import { inferBody, smallBytes } from './serving.ts';

const folder = mkdtempSync(join(tmpdir(), 'stratus-served-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('says clearly that it cannot serve a model with files of its own, and goes on with the version before', async () => {
  const workspace = await openWorkspace({ folder });
  const models = registry(workspace);
  await models.register('net', new Uint8Array(await smallBytes()));
  const server = await testServer({ folder, blobs: workspace.blobs.address });
  const version = async (): Promise<string | undefined> => {
    const body = inferBody([1, 2, 3], [1, 3]);
    const response = await fetch(`${server.url}/v2/models/net/infer`, { method: 'POST', body });
    return response.ok ? ((await response.json()) as { model_version: string }).model_version : undefined;
  };
  await expect.poll(version, { timeout: 20_000 }).toBe('1');
  await models.register('net', withExternalData(folder));
  await models.promote('net:2', 'production');
  await expect.poll(() => server.reported.length, { timeout: 20_000 }).toBe(1);
  const { message, cause } = server.reported[0] as Error;
  expect(message).toBe("Version 2 of the model 'net' cannot be served");
  expect((cause as Error).message).toContain('takes its weights from other files');
  expect(await version()).toBe('1');
  await server.end();
  await workspace.close();
});
