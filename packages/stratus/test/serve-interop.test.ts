import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { deploy } from '../src/deploy.ts';
import { answer, labels, smallBytes } from './serving.ts';

const own = fileURLToPath(new URL('../../../.venv/bin/python', import.meta.url));
const python = process.env['STRATUS_PYTHON'] ?? (existsSync(own) ? own : undefined);
const hasClient = python !== undefined && spawnSync(python, ['-c', 'import tritonclient.http']).status === 0;
const why = python === undefined ? 'there is none; say where with STRATUS_PYTHON' : `${python} lacks it`;

const script = `
import json, sys
import numpy as np
import tritonclient.http as http
from tritonclient.utils import InferenceServerException

client = http.InferenceServerClient(sys.argv[1], concurrency=4)
x = np.array([[1, 2, 3], [9, 1, 0]], dtype=np.float32)
def ask(array, outputs=None, name='x', model='m', **more):
    tensor = http.InferInput(name, array.shape, 'FP32')
    tensor.set_data_from_numpy(array, binary_data=False)
    return client.infer(model, [tensor], outputs=outputs, **more)
def reason(call):
    try:
        call()
    except InferenceServerException as e:
        return [e.status(), e.message()]
result = ask(x, request_id='42')
best = ask(x, [http.InferRequestedOutput('y', binary_data=False, class_count=1)])
def halves(array, **more):
    tensor = http.InferInput('x', array.shape, 'FP32').set_data_from_numpy(array)
    return client.infer('m', [tensor], **more)
many = [client.async_infer('m', [tensor]) for tensor in [http.InferInput('x', [1, 3], 'FP32').set_data_from_numpy(x[:1] + i, binary_data=False) for i in range(20)]]
mixed = http.InferInput('x', x.shape, 'FP32').set_data_from_numpy(x, binary_data=False)
short = http.InferInput('x', [2, 3], 'FP32').set_data_from_numpy(x)
short.set_shape([3, 3])
print(json.dumps({
    'live': client.is_server_live(), 'ready': client.is_server_ready(), 'model': client.is_model_ready('m'), 'none': client.is_model_ready('none'),
    'server': client.get_server_metadata(), 'metadata': client.get_model_metadata('m'),
    'y': result.as_numpy('y').tolist(), 'id': result.get_response()['id'],
    'best': [row[0] for row in best.as_numpy('y').tolist()],
    'many': [m.get_result().as_numpy('y').tolist() for m in many],
    'unknown': reason(lambda: ask(x, name='z')), 'nowhere': reason(lambda: ask(x, model='n')),
    'binary': [
        halves(x).as_numpy('y').tolist(),
        halves(x, outputs=[http.InferRequestedOutput('y')]).as_numpy('y').tolist(),
        halves(x, outputs=[http.InferRequestedOutput('y', binary_data=False)]).as_numpy('y').tolist(),
        client.infer('m', [mixed], outputs=[http.InferRequestedOutput('y')]).as_numpy('y').tolist(),
        halves(x, request_compression_algorithm='gzip').as_numpy('y').tolist(),
        halves(x, request_compression_algorithm='deflate', timeout=10_000_000, priority=1).as_numpy('y').tolist(),
    ],
    'classes': [row[0].decode() for row in halves(x, outputs=[http.InferRequestedOutput('y', class_count=1)]).as_numpy('y').tolist()],
    'short': reason(lambda: client.infer('m', [short])),
    'stats': client.get_inference_statistics('m')['model_stats'][0]['inference_stats']['success']['count'] > 25,
    'config': client.get_model_config('m')['input'],
}))
`;

describe('clients of others', () => {
  it('tritonclient (Python)', async (ctx) => {
    if (!hasClient) ctx.skip(`needs a Python with tritonclient[http]: ${why}`);
    const server = await deploy(await smallBytes(), { port: 0, name: 'm', stopOn: [] });
    const { stdout } = await promisify(execFile)(python!, ['-c', script, `127.0.0.1:${server.port}`], { timeout: 50_000 });
    const seen = JSON.parse(stdout) as Record<string, unknown>;
    expect(seen).toMatchObject({ live: true, ready: true, model: true, none: false, server: { name: 'stratus' }, id: '42' });
    expect(seen['metadata']).toMatchObject({
      name: 'm',
      versions: ['1'],
      inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 3] }],
    });
    expect(seen['y']).toEqual([answer([1, 2, 3]), answer([9, 1, 0])]);
    expect(seen['best']).toEqual(['9.000000:2:owl', '9.500000:0:cat']);
    expect(labels).toContain('owl');
    expect(seen['many']).toEqual(Array.from({ length: 20 }, (_, i) => [answer([1 + i, 2 + i, 3 + i])]));
    expect(seen['unknown']).toEqual(['400', expect.stringContaining('There is no input named "z"')]);
    expect(seen['nowhere']).toEqual(['404', expect.stringContaining("There is no model 'n'")]);
    expect(seen['binary']).toEqual(new Array(6).fill([answer([1, 2, 3]), answer([9, 1, 0])]));
    expect(seen['classes']).toEqual(['9.000000:2:owl', '9.500000:0:cat']);
    expect(seen['short']).toEqual(['400', expect.stringContaining("Input 'x'")]);
    expect(seen['stats']).toBe(true);
    expect(seen['config']).toEqual([{ name: 'x', data_type: 'TYPE_FP32', dims: [-1, 3], unit: 'centimetres' }]);
    await server.stop();
  });
});
