import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { deploy } from '../src/deploy.ts';
import { answer, labels, smallBytes } from './serving.ts';

const own = fileURLToPath(new URL('../../../.venv/bin/python', import.meta.url));
const python = process.env['STRATUS_PYTHON'] ?? (existsSync(own) ? own : undefined);
const hasClient = python !== undefined && spawnSync(python, ['-c', 'import tritonclient.grpc']).status === 0;
const why = python === undefined ? 'there is none; say where with STRATUS_PYTHON' : `${python} lacks it`;

const script = `
import json, queue, sys
import numpy as np
import tritonclient.grpc as grpc
from tritonclient.grpc import service_pb2
from tritonclient.utils import InferenceServerException

client = grpc.InferenceServerClient(sys.argv[1])
x = np.array([[1, 2, 3], [9, 1, 0]], dtype=np.float32)
def tensor(array, name='x'):
    return grpc.InferInput(name, array.shape, 'FP32').set_data_from_numpy(array)
def reason(call):
    try:
        call()
    except InferenceServerException as e:
        return [e.status(), e.message()]
as_json = {'as_json': True}
result = client.infer('m', [tensor(x)], request_id='42', priority=1, timeout=5000000, client_timeout=20)
packed = client.infer('m', [tensor(x)], compression_algorithm='gzip')
best = client.infer('m', [tensor(x)], outputs=[grpc.InferRequestedOutput('y', class_count=1)])
answered = queue.Queue()
for i in range(20):
    client.async_infer('m', [tensor(x[:1] + i)], callback=lambda result, error, i=i: answered.put((i, error or result.as_numpy('y').tolist())))
many = [y for _, y in sorted(answered.get(timeout=20) for _ in range(20))]
streamed = queue.Queue()
client.start_stream(callback=lambda result, error: streamed.put(str(error) if error else result.as_numpy('y').tolist()))
for i in range(3):
    client.async_stream_infer('m', [tensor(x[:1] + i)])
client.async_stream_infer('m', [tensor(x, 'z')])
stream = [streamed.get(timeout=20) for _ in range(4)]
client.stop_stream()
print(json.dumps({
    'live': client.is_server_live(), 'ready': client.is_server_ready(), 'model': client.is_model_ready('m'), 'none': client.is_model_ready('none'),
    'server': client.get_server_metadata(**as_json), 'metadata': client.get_model_metadata('m', **as_json), 'config': client.get_model_config('m', **as_json),
    'index': client.get_model_repository_index(**as_json), 'statistics': client.get_inference_statistics('m', **as_json),
    'y': result.as_numpy('y').tolist(), 'id': result.get_response().id, 'packed': packed.as_numpy('y').tolist(),
    'best': [row[0].decode() for row in best.as_numpy('y').tolist()], 'many': many, 'stream': stream,
    'unknown': reason(lambda: client.infer('m', [tensor(x, 'z')])), 'nowhere': reason(lambda: client.infer('n', [tensor(x)])),
    'fields': {name: {f.name: f.number for f in message.fields} for name, message in service_pb2.DESCRIPTOR.message_types_by_name.items()},
}))
`;

describe('clients of others', () => {
  it('tritonclient (Python, gRPC)', async (ctx) => {
    if (!hasClient) ctx.skip(`needs a Python with tritonclient[grpc]: ${why}`);
    const server = await deploy(await smallBytes(), { port: 0, grpcPort: 0, name: 'm', stopOn: [] });
    const { stdout } = await promisify(execFile)(python!, ['-c', script, server.grpc!], { timeout: 100_000 });
    const seen = JSON.parse(stdout) as Record<string, unknown> & { fields: Record<string, Record<string, number>> };
    expect(seen).toMatchObject({ live: true, ready: true, model: true, none: false, server: { name: 'stratus' }, id: '42' });
    expect(seen['metadata']).toMatchObject({
      name: 'm',
      versions: ['1'],
      inputs: [{ name: 'x', datatype: 'FP32', shape: ['-1', '3'] }],
    });
    expect(seen['config']).toMatchObject({
      config: { name: 'm', input: [{ name: 'x', data_type: 'TYPE_FP32', dims: ['-1', '3'] }] },
    });
    expect(seen['index']).toEqual({ models: [{ name: 'm', version: '1', state: 'READY' }] });
    expect(seen['statistics']).toMatchObject({ model_stats: [{ name: 'm', inference_count: '29' }] });
    for (const kind of ['y', 'packed']) expect(seen[kind]).toEqual([answer([1, 2, 3]), answer([9, 1, 0])]);
    expect(seen['best']).toEqual([`9.000000:2:${labels[2]}`, `9.500000:0:${labels[0]}`]);
    expect(seen['many']).toEqual(Array.from({ length: 20 }, (_, i) => [answer([1 + i, 2 + i, 3 + i])]));
    expect(seen['stream']).toEqual([
      ...Array.from({ length: 3 }, (_, i) => [answer([1 + i, 2 + i, 3 + i])]),
      expect.stringContaining('There is no input named "z"'),
    ]);
    expect(seen['unknown']).toEqual(['StatusCode.INVALID_ARGUMENT', expect.stringContaining('There is no input named "z"')]);
    expect(seen['nowhere']).toEqual(['StatusCode.NOT_FOUND', expect.stringContaining("There is no model 'n'")]);
    // Fields that both know have the same numbers.
    const messages = (await import('../src/grpc/messages.ts')) as unknown as Record<string, { name?: string; fields?: object }>;
    const [compared, ours]: [string[], string[]] = [[], []];
    for (const { name, fields } of Object.values(messages)) {
      const theirs = seen.fields[String(name).replace('inference.', '')];
      for (const [field, { id }] of Object.entries((fields ?? {}) as Record<string, { id: number }>)) {
        if (!theirs) continue;
        if (theirs[field] === undefined) ours.push(`${name}.${field}`);
        else expect([name, field, theirs[field]]).toEqual([name, field, id]);
        compared.push(field);
      }
    }
    expect(ours).toEqual(['inference.ModelMetadataResponse.properties']); // the protocol's, not Triton's
    expect(compared.length).toBeGreaterThan(50);
    await server.stop();
  });
});
