// Keys are asked for over gRPC as over HTTP: who has none, the wrong one, or one for other models, is refused.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { deploy } from '../src/deploy.ts';
import { createKey } from '../src/keys/index.ts';
import { GrpcClient, rawRequest } from './grpc-client.ts';
import { smallBytes } from './serving.ts';

const folder = mkdtempSync(join(tmpdir(), 'stratus-grpc-keys-'));
afterAll(() => rmSync(folder, { recursive: true }));

const codes = { denied: 7, exhausted: 8, unauthenticated: 16 };

it('asks for keys', async () => {
  const keys = join(folder, 'keys.json');
  const own = await createKey(keys, { name: 'own', models: ['m'] });
  const other = await createKey(keys, { name: 'other', models: ['digits'] });
  const manager = await createKey(keys, { name: 'manager', manage: true });
  const slow = await createKey(keys, { name: 'slow', perMinute: 1 });
  const server = await deploy(await smallBytes(), { port: 0, grpcPort: 0, name: 'm', keys, stopOn: [] });
  const client = new GrpcClient(server.grpc!);
  const by = (secret: string) => ({ metadata: { authorization: `Bearer ${secret}` } });
  const infer = ['ModelInfer', rawRequest([[1, 2, 3]])] as const;
  try {
    expect(await client.ask('ServerReady', {})).toEqual({ ready: true }); // who spreads requests has none
    expect(await client.why(...infer)).toMatchObject({ code: codes.unauthenticated, stratus: 'not-authorized' });
    expect(await client.why(...infer, by('sk_no_such_key'))).toMatchObject({ code: codes.unauthenticated });
    expect(await client.ask(...infer, by(own.secret))).toMatchObject({ model_name: 'm' });
    for (const method of ['ModelMetadata', 'ModelConfig', 'ModelReady', 'ModelStatistics'])
      expect(await client.why(method, { name: 'm' }, by(other.secret)), method).toMatchObject({ code: codes.denied });
    expect(await client.why('ModelStatistics', {}, by(other.secret))).toMatchObject({ code: codes.denied });
    expect(await client.why(...infer, by(other.secret))).toMatchObject({ code: codes.denied, stratus: 'forbidden' });
    const unload = ['RepositoryModelUnload', { model_name: 'm' }] as const;
    expect(await client.why(...unload, by(own.secret))).toMatchObject({ code: codes.denied });
    expect(await client.ask(...infer, by(slow.secret))).toMatchObject({ model_name: 'm' });
    expect(await client.why(...infer, by(slow.secret))).toMatchObject({ code: codes.exhausted });
    await client.ask(...unload, by(manager.secret));
  } finally {
    client.close();
    await server.stop();
  }
});
