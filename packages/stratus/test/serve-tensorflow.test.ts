import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { ops } from '@stratus/core';
import fc from 'fast-check';
import type { Hono } from 'hono';
import { beforeAll, describe, expect, it } from 'vitest';
import { deploy } from '../src/deploy.ts';
import { DataPlane, openServable, type Servable, serveApp } from '../src/serve/index.ts';
import { answer, echoModel, labels, plainModel, smallBytes } from './serving.ts';

/** TensorFlow Serving's own examples: y = x / 2 + 2, and plus 3. */
const halfPlus = (more: number): Uint8Array => plainModel(['batch'], (x) => ({ y: ops.add(ops.mul(x, 0.5), more) }));

const reported: unknown[] = [];
const appOf = (...servables: readonly Servable[]): Hono =>
  serveApp(new DataPlane(servables), { report: (e) => reported.push(e) });
const only = async (bytes: Uint8Array, name = 'm'): Promise<Hono> => appOf(await openServable(bytes, { name }));

async function call(
  app: Hono,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: Record<string, unknown>; text: string }> {
  const init = body === undefined ? {} : { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) };
  const response = await app.request(path, init);
  const text = await response.text();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {}
  return { status: response.status, body: value as Record<string, unknown>, text };
}

const error = (status: number, reason: string | RegExp) => ({
  status,
  body: { error: typeof reason === 'string' ? expect.stringContaining(reason) : expect.stringMatching(reason) },
});

let app: Hono;
beforeAll(async () => {
  app = appOf(
    await openServable(halfPlus(2), { name: 'half_plus_two', version: '123' }),
    await openServable(halfPlus(3), { name: 'half_plus_three', version: '1' }),
    await openServable(await smallBytes(), { name: 'small' }),
  );
});

describe("TensorFlow Serving's REST API", () => {
  it('has its status and metadata', async () => {
    const status = {
      model_version_status: [{ version: '123', state: 'AVAILABLE', status: { error_code: 'OK', error_message: '' } }],
    };
    for (const path of ['/v1/models/half_plus_two', '/v1/models/half_plus_two/versions/123'])
      expect(await call(app, path)).toMatchObject({ status: 200, body: status });
    expect((await call(app, '/v1/models/half_plus_two')).text).toContain('\n    "model_version_status": [\n');
    const tensor = (name: string) => ({
      [name]: { dtype: 'DT_FLOAT', tensor_shape: { dim: [{ size: '-1', name: '' }], unknown_rank: false }, name },
    });
    expect((await call(app, '/v1/models/half_plus_two/metadata')).body).toEqual({
      model_spec: { name: 'half_plus_two', signature_name: '', version: '123' },
      metadata: {
        signature_def: {
          signature_def: {
            serving_default: { inputs: tensor('x'), outputs: tensor('y'), method_name: 'tensorflow/serving/predict' },
          },
        },
      },
    });
    // KServe's first version has the same path.
    expect((await call(app, '/v1/models/half_plus_two')).body).toMatchObject({ name: 'half_plus_two', ready: true });
    expect((await call(app, '/v1/models')).body).toEqual({ models: ['half_plus_two', 'half_plus_three', 'small'] });
  });

  it('predicts by rows and by columns', async () => {
    const path = '/v1/models/half_plus_two:predict';
    expect(await call(app, path, { instances: [1, 2, 5] })).toMatchObject({ status: 200, body: { predictions: [2.5, 3, 4.5] } });
    expect((await call(app, path, { inputs: [1, 2, 5] })).body).toEqual({ outputs: [2.5, 3, 4.5] });
    expect((await call(app, path, { instances: [{ x: 1 }], signature_name: 'serving_default' })).body).toEqual({
      predictions: [2.5],
    });
    expect((await call(app, path, { inputs: { x: [1] } })).body).toEqual({ outputs: [2.5] });
    expect((await call(app, '/v1/models/half_plus_two/versions/123:predict', { instances: [0] })).body).toEqual({
      predictions: [2],
    });
    expect((await call(app, '/v1/models/small:predict', { instances: [[1, 2, 3]] })).body).toEqual({
      predictions: [answer([1, 2, 3])],
    });
  });

  it('has several outputs by name, and rows where the first axis is one of samples', async () => {
    const two = await only(plainModel(['batch', 2], (x) => ({ a: ops.mul(x, 2), b: ops.add(x, 1) })));
    expect(
      (
        await call(two, '/v1/models/m:predict', {
          instances: [
            [1, 2],
            [3, 4],
          ],
        })
      ).body,
    ).toEqual({
      predictions: [
        { a: [2, 4], b: [2, 3] },
        { a: [6, 8], b: [4, 5] },
      ],
    });
    expect((await call(two, '/v1/models/m:predict', { inputs: [[1, 2]] })).body).toEqual({
      outputs: { a: [[2, 4]], b: [[2, 3]] },
    });
    const sum = await only(plainModel(['batch', 2], (x) => ({ y: ops.reduceSum(x) })));
    expect(
      await call(sum, '/v1/models/m:predict', {
        instances: [
          [1, 2],
          [3, 4],
        ],
      }),
    ).toMatchObject(error(400, "'y'"));
    expect(
      (
        await call(sum, '/v1/models/m:predict', {
          inputs: [
            [1, 2],
            [3, 4],
          ],
        })
      ).body,
    ).toEqual({ outputs: 10 });
  });

  it('has words for what is no number, both ways', async () => {
    const { text } = await call(app, '/v1/models/half_plus_two:predict', '{"instances": [NaN, Infinity, -Infinity, 1]}');
    expect(text).toBe('{"predictions":[NaN,Infinity,-Infinity,2.5]}');
    const many = `{"instances": [${new Array(40_000).fill('NaN, 1').join(', ')}]}`;
    expect((await call(app, '/v1/models/half_plus_two:predict', many)).text.slice(0, 30)).toBe('{"predictions":[NaN,2.5,NaN,2.');
    expect(
      await call(app, '/v2/models/half_plus_two/infer', '{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[NaN]}]}'),
    ).toMatchObject({ status: 400 });
  });

  it('has bytes as base64', async () => {
    const texts = await only(plainModel(['batch'], (x) => ({ y: ops.identity(x), z_bytes: ops.identity(x) }), 'string'));
    const hello = Buffer.from('héllo').toString('base64');
    expect((await call(texts, '/v1/models/m:predict', { instances: [{ b64: hello }, 'plain'] })).body).toEqual({
      predictions: [
        { y: 'héllo', z_bytes: { b64: hello } },
        { y: 'plain', z_bytes: { b64: Buffer.from('plain').toString('base64') } },
      ],
    });
    expect(await call(texts, '/v1/models/m:predict', { instances: [{ b64: '/w==' }] })).toMatchObject(error(400, 'no UTF-8'));
  });

  it('classifies and regresses', async () => {
    expect(
      await call(app, '/v1/models/half_plus_three:regress', {
        signature_name: 'tensorflow/serving/regress',
        examples: [{ x: 1 }, { x: 2 }],
      }),
    ).toMatchObject({
      status: 200,
      body: { results: [3.5, 4] },
    });
    expect((await call(app, '/v1/models/half_plus_three:regress', { context: { x: 1 }, examples: [{}, { x: 2 }] })).body).toEqual(
      { results: [3.5, 4] },
    );
    const y = answer([1, 2, 3]);
    expect((await call(app, '/v1/models/small:classify', { examples: [{ x: [1, 2, 3] }] })).body).toEqual({
      results: [labels.map((label, i) => [label, y[i]])],
    });
    expect((await call(app, '/v1/models/half_plus_two:classify', { examples: [{ x: 1 }] })).body).toEqual({
      results: [[['0', 2.5]]],
    });
    expect(await call(app, '/v1/models/small:regress', { examples: [{ x: [1, 2, 3] }] })).toMatchObject(
      error(400, '3 numbers a sample'),
    );
  });

  it.each<[string, string, unknown, number, string | RegExp]>([
    [
      'a model that is not there',
      '/v1/models/half:predict',
      { instances: [1] },
      404,
      /^Servable not found for request: Latest\(half\)/,
    ],
    [
      'a version that is not there',
      '/v1/models/half_plus_two/versions/7:predict',
      { instances: [1] },
      404,
      'Specific(half_plus_two, 7)',
    ],
    [
      'a path that is not there',
      '/v1/models/half_plus_two:predct',
      { instances: [1] },
      400,
      /^Malformed request: POST .*Did you mean '\/v1\/models\/half_plus_two:predict'/,
    ],
    ['no path at all', '/v1/x', undefined, 400, /^Malformed request: GET \/v1\/x\. /],
    ['both forms', '/v1/models/small:predict', { instances: [], inputs: [] }, 400, 'both "instances" and "inputs"'],
    ['neither', '/v1/models/small:predict', {}, 400, 'neither "instances" nor "inputs"'],
    ['no rows', '/v1/models/small:predict', { instances: [] }, 400, 'empty'],
    ['rows that are none', '/v1/models/small:predict', { instances: 1 }, 400, 'expected a list'],
    ['mixed rows', '/v1/models/small:predict', { instances: [[1, 2, 3], { x: [1, 2, 3] }] }, 400, 'The sample 1 is an object'],
    [
      'ragged rows',
      '/v1/models/small:predict',
      {
        instances: [
          [1, 2, 3],
          [1, 2],
        ],
      },
      400,
      "Input 'x'",
    ],
    ['a wrong width', '/v1/models/small:predict', { instances: [[1, 2]] }, 400, 'expected [batch, 3]'],
    ['a wrong name', '/v1/models/small:predict', { instances: [{ X: [1, 2, 3] }] }, 400, "Did you mean 'x'?"],
    ['a missing name', '/v1/models/small:predict', { instances: [{}] }, 400, "has no 'x'"],
    ['texts', '/v1/models/small:predict', { instances: [['a', 'b', 'c']] }, 400, 'takes a number'],
    [
      'a signature that is not there',
      '/v1/models/small:predict',
      { instances: [[1, 2, 3]], signature_name: 'predcit' },
      400,
      "Did you mean 'predict'?",
    ],
    ['no JSON', '/v1/models/small:predict', '{"instances":[1', 400, 'JSON'],
    ['a list', '/v1/models/small:predict', [1], 400, 'expected an object'],
    ['nothing', '/v1/models/small:predict', '', 400, 'empty'],
    ['no examples', '/v1/models/small:classify', { examples: [] }, 400, '"examples"'],
    ['odd examples', '/v1/models/small:classify', { examples: [1] }, 400, 'The example 0 is 1'],
    ['a feature that is not there', '/v1/models/small:classify', { examples: [{ y: 1 }] }, 400, 'no input named "y"'],
  ])('says what is wrong: %s', async (_, path, body, status, reason) => {
    expect(await call(app, path, body)).toMatchObject(error(status, reason));
  });

  it('says which method a path takes, and takes models of any name', async () => {
    expect(await call(app, '/v1/models/small:predict')).toMatchObject(error(400, 'takes POST'));
    expect((await app.request('/v1/models/small:predict', { method: 'PUT' })).status).toBe(405);
    expect((await app.request('/v1/models/small', { method: 'DELETE' })).status).toBe(405);
    const odd = await only(echoModel('float32'), 'a b:c.d');
    expect((await call(odd, '/v1/models/a%20b:c.d:predict', { instances: [[1, 2]] })).body).toEqual({ predictions: [[1, 2]] });
  });

  it('answers whatever comes, never with 5xx', async () => {
    const value = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom([1, 2, 3], [[1, 2, 3]], { x: [[1, 2, 3]] }, [{ x: [1, 2, 3] }], { b64: '' }),
    );
    const body = fc.record(
      {
        instances: value,
        inputs: value,
        examples: value,
        context: value,
        signature_name: fc.oneof(value, fc.constant('serving_default')),
      },
      { requiredKeys: [] },
    );
    const seen = new Set<number>();
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('predict', 'classify', 'regress'), body, async (verb, given) => {
        const { status, body: answered } = await call(app, `/v1/models/small:${verb}`, given);
        seen.add(status);
        expect([200, 400]).toContain(status);
        if (status === 400) expect(answered['error']).toEqual(expect.any(String));
      }),
      { numRuns: 1500 },
    );
    expect([...seen].sort()).toEqual([200, 400]);
    expect(reported).toEqual([]);
  }, 120_000);
});

describe("TensorFlow Serving's documented examples", () => {
  const hasCurl = spawnSync('curl', ['--version']).status === 0;

  it('work with curl', async (ctx) => {
    if (!hasCurl) ctx.skip('needs curl');
    const server = await deploy(halfPlus(2), { port: 0, name: 'half_plus_two', stopOn: [] });
    const curl = async (...args: string[]): Promise<unknown> =>
      JSON.parse((await promisify(execFile)('curl', ['-s', ...args])).stdout) as unknown;
    const url = `${server.url}/v1/models`;
    try {
      expect(await curl('-d', '{"instances": [1.0, 2.0, 5.0]}', '-X', 'POST', `${url}/half_plus_two:predict`)).toEqual({
        predictions: [2.5, 3, 4.5],
      });
      expect(await curl(`${url}/half_plus_two`)).toMatchObject({ model_version_status: [{ version: '1', state: 'AVAILABLE' }] });
      expect(await curl('-d', '{"instances": [1.0,5.0]}', '-X', 'POST', `${url}/half:predict`)).toEqual({
        error: expect.stringContaining('Servable not found for request: Latest(half)'),
      });
      expect(await curl('-X', 'POST', '-d', '{"instances": ["1.0"]}', `${url}/half_plus_two:predict`)).toEqual({
        error: expect.stringContaining('"1.0"'),
      });
    } finally {
      await server.stop();
    }
  });
});
