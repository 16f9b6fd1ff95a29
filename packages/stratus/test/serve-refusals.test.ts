// What a client can get wrong about a request, one thing at a time: each is refused with the status of a client's mistake and a reason, and the server goes on.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type Deployment, deploy } from '../src/deploy.ts';
import { createKey } from '../src/keys/index.ts';
import { Pipelined } from './pipelined.ts';
import { answer, inferBody, smallBytes } from './serving.ts';

const folder = mkdtempSync(join(tmpdir(), 'stratus-refusals-'));
const reported: unknown[] = [];
let server: Deployment;
let key: string;
let expired: string;
beforeAll(async () => {
  const keys = join(folder, 'keys.json');
  ({ secret: key } = await createKey(keys, { name: 'a' }));
  ({ secret: expired } = await createKey(keys, { name: 'b', expiresAt: new Date(Date.now() + 1) }));
  server = await deploy(await smallBytes(), { port: 0, name: 'm', stopOn: [], keys, report: (e) => reported.push(e) });
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

const ask = (body: BodyInit, headers: Record<string, string> = {}, path = '/v2/models/m/infer'): Promise<Response> =>
  fetch(server.url + path, { method: 'POST', body, headers: { authorization: `Bearer ${key}`, ...headers } });

afterEach(async () => {
  const response = await ask(inferBody([1, 2, 3], [1, 3]));
  expect(((await response.json()) as { outputs: { data: unknown }[] }).outputs[0]!.data).toEqual(answer([1, 2, 3]));
  expect(reported).toEqual([]);
});

const one = (more: object): string =>
  JSON.stringify({ inputs: [{ name: 'x', shape: [1, 3], datatype: 'FP32', data: [1, 2, 3], ...more }] });
const binary = (size: unknown, shape: readonly unknown[] = [1, 3]): string =>
  JSON.stringify({ inputs: [{ name: 'x', shape, datatype: 'FP32', parameters: { binary_data_size: size } }] });
const withBytes = (json: string, bytes: number, said = json.length): [BodyInit, Record<string, string>] => [
  new Uint8Array(Buffer.concat([Buffer.from(json), Buffer.alloc(bytes)])),
  { 'inference-header-content-length': String(said) },
];

it.each<[what: string, status: number, body: BodyInit, headers?: Record<string, string>, path?: string]>([
  ['a dtype that the model does not take', 400, one({ datatype: 'INT64' })],
  ['a dtype that there is not', 400, one({ datatype: 'FP33' })],
  ['another shape', 400, one({ shape: [1, 4], data: [1, 2, 3, 4] })],
  ['too few axes', 400, one({ shape: [3] })],
  ['fewer numbers than the shape', 400, one({ shape: [2, 3] })],
  ['more numbers than the shape', 400, one({ data: [1, 2, 3, 4] })],
  ['NaN as null', 400, one({ data: [1, null, 3] })],
  ['NaN, which JSON has not', 400, one({}).replace('2', 'NaN')],
  ['a number beyond float32', 400, one({}).replace('2', '1e400')],
  ['a size below 0', 400, one({ shape: [-1, 3] })],
  ['a size that is no whole number', 400, one({ shape: [1.5, 3] })],
  ['a size beyond all memory', 400, one({ shape: [2 ** 52, 3] })],
  ['sizes whose product is beyond 64 bits', 400, one({ shape: [2 ** 31, 2 ** 31, 2 ** 31] })],
  ['JSON that is deep', 400, '['.repeat(100_000)],
  ['JSON in JSON without end', 400, '{"inputs":'.repeat(50_000)],
  ['bytes that are no UTF-8', 400, new Uint8Array([0x22, 0xc3, 0x28, 0x22])],
  ['fewer bytes than it says', 400, ...withBytes(binary(12), 8)],
  ['more bytes than it says', 400, ...withBytes(binary(12), 16)],
  ['bytes that do not fit the shape', 400, ...withBytes(binary(8), 8)],
  ['a count of bytes below 0', 400, ...withBytes(binary(-12), 12)],
  ['a count of bytes beyond 2^53', 400, ...withBytes(binary(2 ** 60), 12)],
  ['a huge shape for a few bytes', 400, ...withBytes(binary(12, [2 ** 40, 3]), 12)],
  ['JSON that is longer than the body', 400, ...withBytes(binary(12), 12, 5000)],
  ['JSON whose length is below 0', 400, ...withBytes(binary(12), 12, -1)],
  ['a model that there is not', 404, inferBody([1, 2, 3], [1, 3]), {}, '/v2/models/n/infer'],
  ['a version that there is not', 404, inferBody([1, 2, 3], [1, 3]), {}, '/v2/models/m/versions/9/infer'],
  ['a key that there is not', 401, inferBody([1, 2, 3], [1, 3]), { authorization: 'Bearer stratus_nothing' }],
  ['no key', 401, inferBody([1, 2, 3], [1, 3]), { authorization: '' }],
])('refuses %s', async (_, status, body, headers, path) => {
  const response = await ask(body, headers, path);
  const { error, code } = (await response.json()) as { error: string; code: string };
  expect([response.status, typeof code], error).toEqual([status, 'string']);
  expect(error.length).toBeGreaterThan(10);
});

it('refuses a key that counts no more, with the reason', async () => {
  await expect.poll(async () => (await ask('', { authorization: `Bearer ${expired}` })).status).toBe(401);
});

it('says in JSON that it cannot meet an expectation', async () => {
  const pipe = new Pipelined(server.port);
  const head = `GET /v2 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\n`;
  const [refused] = await pipe.ask([{ bytes: Buffer.from(`${head}Expect: tea\r\n\r\n`) }]);
  expect([refused!.status, JSON.parse(refused!.body.toString())]).toEqual([
    417,
    { error: expect.stringContaining('100-continue'), code: 'bad-request' },
  ]);
  pipe.close();
});

it('writes 100 Continue before an answer, not into it, when requests stand in a row', async () => {
  const pipe = new Pipelined(server.port);
  const body = inferBody([1, 2, 3], [1, 3]);
  const request = (more: string): { bytes: Buffer } => ({
    bytes: Buffer.from(
      `POST /v2/models/m/infer HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\n${more}Content-Length: ${body.length}\r\n\r\n${body}`,
    ),
  });
  const answers = await pipe.ask([
    request(''),
    request('Expect: 100-continue\r\n'),
    request(''),
    request('Expect: 100-continue\r\n'),
  ]);
  pipe.close();
  // Node closes behind an answer whose client was not told to go on; what stood behind it is sent again.
  expect(answers.length).toBeGreaterThan(1);
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  for (const one of answers)
    expect((JSON.parse(one.body.toString()) as { outputs: { data: unknown }[] }).outputs[0]!.data).toEqual(answer([1, 2, 3]));
});
