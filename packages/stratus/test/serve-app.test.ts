import { activation, type DType, exportGraph, graphInput, input, ops, sequential } from '@stratus/core';
import type { Hono } from 'hono';
import { beforeAll, describe, expect, it } from 'vitest';
import { DataPlane, type InferResponse, openServable, type Servable, serveApp } from '../src/serve/index.ts';
import { answer, echoModel, failure, inferBody, labels, lookUpModel, plainModel, smallBytes } from './serving.ts';

interface Answer {
  readonly status: number;
  readonly body: { error: string; code: string } & InferResponse;
  readonly headers: Headers;
}

const call = async (app: Hono, path: string, body?: BodyInit, init: RequestInit = {}): Promise<Answer> => {
  const response = await app.request(path, { ...(body !== undefined && { method: 'POST', body }), ...init });
  const text = await response.text();
  return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Answer['body'], headers: response.headers };
};

const reported: unknown[] = [];
const appOf = async (bytes: Uint8Array, name = 'm', options = {}): Promise<Hono> =>
  serveApp(new DataPlane([await openServable(bytes, { name })]), { report: (e) => reported.push(e), ...options });

const infer = (app: Hono, body: BodyInit, name = 'm') => call(app, `/v2/models/${name}/infer`, body);

describe('the Open Inference Protocol', () => {
  let app: Hono;
  let plane: DataPlane;
  beforeAll(async () => {
    plane = new DataPlane([
      await openServable(await smallBytes(), { name: 'small' }),
      await openServable(echoModel('bool'), { name: 'echo', version: '3' }),
    ]);
    app = serveApp(plane, { report: (e) => reported.push(e) });
  });

  it('tells of the server', async () => {
    expect((await call(app, '/v2')).body).toEqual({
      name: 'stratus',
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      extensions: ['classification', 'binary_tensor_data', 'model_configuration', 'parameters', 'schedule_policy'],
    });
    expect(await call(app, '/v2/')).toMatchObject({ status: 200 });
    expect(await call(app, '/v2/health/live')).toMatchObject({ status: 200, body: { live: true } });
    expect(await call(app, '/v2/health/ready')).toMatchObject({ status: 200, body: { ready: true } });
    expect(await call(app, '/v2/models')).toMatchObject({ status: 200, body: { models: ['small', 'echo'] } });
  });

  it('tells of the models', async () => {
    const metadata = {
      name: 'small',
      versions: ['1'],
      platform: 'stratus_onnx',
      inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 3] }],
      outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, 3] }],
    };
    expect(await call(app, '/v2/models/small')).toMatchObject({ status: 200, body: metadata });
    expect((await call(app, '/v2/models/small/versions/1')).body).toEqual(metadata);
    expect((await call(app, '/v2/models/small/ready')).body).toEqual({ name: 'small', ready: true });
    expect((await call(app, '/v2/models/echo/versions/3/ready')).body).toEqual({ name: 'echo', ready: true });
    expect((await call(app, '/v2/models/echo')).body).toMatchObject({ versions: ['3'], inputs: [{ datatype: 'BOOL' }] });
  });

  it('answers, flat and nested, with id and parameters', async () => {
    const rows = [
      [1, 2, 3],
      [-4, 5.5, 6],
    ];
    for (const data of [rows, rows.flat()]) {
      const { status, body, headers } = await infer(
        app,
        inferBody(data, [2, 3], { id: 'a "b"', parameters: { tag: 'x', n: 1 } }),
        'small',
      );
      expect(status).toBe(200);
      expect(headers.get('content-type')).toBe('application/json');
      expect(body).toEqual({
        model_name: 'small',
        model_version: '1',
        id: 'a "b"',
        parameters: { tag: 'x', n: 1 },
        outputs: [{ name: 'y', datatype: 'FP32', shape: [2, 3], data: rows.flatMap(answer) }],
      });
    }
    const version = await call(app, '/v2/models/small/versions/1/infer', inferBody([1, 2, 3], [1, 3]));
    expect(version.body.outputs[0]!.data).toEqual(answer([1, 2, 3]));
    expect((await infer(app, inferBody([], [0, 3]), 'small')).body.outputs).toEqual([
      { name: 'y', datatype: 'FP32', shape: [0, 3], data: [] },
    ]);
  });

  it('takes any content type, and a body in pieces', async () => {
    const body = inferBody([1, 2, 3], [1, 3]);
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/octet-stream', '']) {
      expect((await call(app, '/v2/models/small/infer', body, { headers: { 'content-type': type } })).status, type).toBe(200);
    }
    const parts = new ReadableStream({
      start(controller) {
        for (const part of body.match(/.{1,7}/gs)!) controller.enqueue(new TextEncoder().encode(part));
        controller.close();
      },
    });
    expect((await call(app, '/v2/models/small/infer', parts, { duplex: 'half' } as RequestInit)).body.outputs[0]!.data).toEqual(
      answer([1, 2, 3]),
    );
  });

  it('gives the outputs that are asked for, and the best classes by name', async () => {
    const one = await infer(
      app,
      inferBody([1, 2, 3, 9, 1, 0], [2, 3], { outputs: [{ name: 'y', parameters: { classification: 2 } }] }),
      'small',
    );
    expect(one.body.outputs).toEqual([
      {
        name: 'y',
        datatype: 'BYTES',
        shape: [2, 2],
        data: ['9.000000:2:owl', '4.000000:1:dog', '9.500000:0:cat', '2.000000:1:dog'],
      },
    ]);
    expect(labels).toEqual(['cat', 'dog', 'owl']);
    const all = await infer(
      app,
      inferBody([1, 2, 3], [1, 3], { outputs: [{ name: 'y', parameters: { classification: 99 } }] }),
      'small',
    );
    expect(all.body.outputs[0]!.shape).toEqual([1, 3]);
    const numbers = await infer(app, inferBody([1, 2, 3], [1, 3], { outputs: [{ name: 'y' }] }), 'small');
    expect(numbers.body.outputs[0]!.datatype).toBe('FP32');

    const two = await appOf(plainModel(['batch', 2], (x) => ({ a: ops.mul(x, 2), b: ops.add(x, 1) })));
    expect((await infer(two, inferBody([1, 2], [1, 2]))).body.outputs.map((o) => o.name)).toEqual(['a', 'b']);
    expect((await infer(two, inferBody([1, 2], [1, 2], { outputs: [{ name: 'b' }] }))).body.outputs).toEqual([
      { name: 'b', datatype: 'FP32', shape: [1, 2], data: [2, 3] },
    ]);
    const unlabelled = await infer(
      two,
      inferBody([1, 2], [1, 2], { outputs: [{ name: 'b', parameters: { classification: 1 } }, { name: 'a' }] }),
    );
    expect(unlabelled.body.outputs.map((o) => o.data)).toEqual([['3.000000:1'], [2, 4]]);
  });

  it('ranks a single probability between its two labels', async () => {
    const net = sequential([input({ shape: [1], name: 'x' }), activation({ activation: 'sigmoid', name: 'y' })]);
    const binary = await appOf(await net.toBytes({ labels: ['ham', 'spam'] }));
    const outputs = [{ name: 'y', parameters: { classification: 2 } }];
    const { body } = await infer(binary, inferBody([Math.log(3), -Math.log(9)], [2, 1], { outputs }));
    expect(body.outputs[0]).toMatchObject({
      shape: [2, 2],
      data: ['0.750000:1:spam', '0.250000:0:ham', '0.900000:0:ham', '0.100000:1:spam'],
    });
  });

  it('says not ready while it drains, and still answers', async () => {
    const draining = new DataPlane([await openServable(await smallBytes(), { name: 'small' })]);
    const itsApp = serveApp(draining);
    draining.drain();
    expect(await call(itsApp, '/v2/health/ready')).toMatchObject({ status: 503, body: { ready: false } });
    expect(await call(itsApp, '/v2/models/small/ready')).toMatchObject({ status: 503, body: { ready: false } });
    expect((await call(itsApp, '/v2/health/live')).status).toBe(200);
    const last = await infer(itsApp, inferBody([1, 2, 3], [1, 3]), 'small');
    expect([last.status, last.headers.get('connection')]).toEqual([200, 'close']);
    await draining.release();
    expect(await infer(itsApp, inferBody([1, 2, 3], [1, 3]), 'small')).toMatchObject({ status: 503, body: { code: 'released' } });
  });

  it('shows people and programs what can be called, with a command that works', async () => {
    const { body } = await call(app, '/');
    const { models } = body as unknown as { models: { name: string; inputs: unknown[]; outputs: unknown[]; try: string }[] };
    expect(models[0]).toMatchObject({
      name: 'small',
      inputs: [{ name: 'x', datatype: 'FP32', shape: ['batch', 3], unit: 'centimetres' }],
      outputs: [{ name: 'y', datatype: 'FP32', shape: ['batch', 3], labels }],
    });
    const data = /-d '(.*)'$/.exec(models[0]!.try)![1]!;
    expect((await infer(app, data, 'small')).status).toBe(200);
    const page = await app.request('/', { headers: { accept: 'text/html,*/*' } });
    const html = await page.text();
    expect(page.headers.get('content-type')).toMatch(/^text\/html/);
    for (const part of ['<h2>small</h2>', 'centimetres', 'cat, dog, owl', '/v2/models/small/infer']) expect(html).toContain(part);

    const evil = `<img src=x onerror=alert(1)>'"&`;
    const evilApp = await appOf(await smallBytes(), evil);
    const evilPage = await (await evilApp.request('/', { headers: { accept: 'text/html' } })).text();
    expect(evilPage).not.toContain('<img');
    expect((await call(evilApp, `/v2/models/${encodeURIComponent(evil)}`)).status).toBe(200);
    expect((await call(app, '/', undefined, { method: 'HEAD' })).status).toBe(200);

    // Too large to show: the command fetches the example instead.
    const large = await appOf(echoModel('uint8', ['batch', 28, 28]));
    const [wide] = ((await call(large, '/')).body as unknown as { models: { try: string }[] }).models;
    expect(wide!.try).toMatch(/^curl -s '.*\/v2\/models\/m\/example' \| curl -s '.*\/infer' -d @-$/);
    const example = await (await large.request('/v2/models/m/example')).text();
    expect((await infer(large, example)).body.outputs[0]!.shape).toEqual([1, 28, 28]);
  });
});

describe('datatypes', () => {
  const echo = async (dtype: DType, datatype: string, data: unknown, raw?: string) => {
    const app = await appOf(echoModel(dtype));
    const text = raw ?? JSON.stringify(data);
    const response = await app.request('/v2/models/m/infer', {
      method: 'POST',
      body: `{"inputs":[{"name":"x","shape":[1,2],"datatype":"${datatype}","data":${text}}]}`,
    });
    return { status: response.status, text: await response.text() };
  };

  it.each([
    ['float32', 'FP32', [0.5, -3e38]],
    ['float64', 'FP64', [0.1, -1.7e308]],
    ['float16', 'FP16', [0.5, -65504]],
    ['int8', 'INT8', [-128, 127]],
    ['uint8', 'UINT8', [0, 255]],
    ['int16', 'INT16', [-32768, 32767]],
    ['uint16', 'UINT16', [0, 65535]],
    ['int32', 'INT32', [-(2 ** 31), 2 ** 31 - 1]],
    ['uint32', 'UINT32', [0, 2 ** 32 - 1]],
    ['int64', 'INT64', [-(2 ** 53 - 1), 2 ** 53 - 1]],
    ['uint64', 'UINT64', [0, 2 ** 53 - 1]],
    ['bool', 'BOOL', [true, false]],
    ['string', 'BYTES', ['', 'größe 🦉 "quoted"\n']],
  ] as const)('%s there and back', async (dtype, datatype, data) => {
    const { status, text } = await echo(dtype, datatype, data);
    expect(status, text).toBe(200);
    const [y] = (JSON.parse(text) as InferResponse).outputs;
    expect([y!.datatype, y!.shape]).toEqual([datatype, [1, 2]]);
    expect(y!.data).toEqual(dtype === 'float32' ? data.map((v) => Math.fround(v as number)) : data);
  });

  it('keeps 64-bit integers exact, as numbers and as texts', async () => {
    const numbers = await echo('int64', 'INT64', undefined, '[9223372036854775807,-9223372036854775808]');
    expect(numbers.text).toContain('"data":[9223372036854775807,-9223372036854775808]');
    expect((await echo('uint64', 'UINT64', ['18446744073709551615', 1])).text).toContain('"data":[18446744073709551615,1]');
    expect((await echo('bool', 'BOOL', [1, 0])).text).toContain('"data":[true,false]');
    expect((await echo('float32', 'FP32', undefined, '[9007199254740993,12345678901234567890]')).text).toContain(
      '"data":[9007199254740992,12345679395506094000]',
    );
  });

  it.each([
    ['float32', 'FP32', [1, 1e39], /element 1 of data is 1e\+39.*FP32 takes a number of at most 3\.4/],
    ['float32', 'FP32', [1, 'a'], /element 1 of data is "a".*takes a number/],
    ['float32', 'FP32', [null, 1], /element 0 of data is null/],
    ['float32', 'FP32', [true, 1], /element 0 of data is true/],
    ['float32', 'FP32', [{}, 1], /element 0 of data is an object/],
    ['float16', 'FP16', [1, 65520], /at most 65504/],
    ['int8', 'INT8', [1, 128], /whole number from -128 to 127/],
    ['uint8', 'UINT8', [-1, 0], /whole number from 0 to 255/],
    ['uint8', 'UINT8', [0.5, 0], /element 0 of data is 0\.5.*whole number/],
    ['int64', 'INT64', [1.5, 0], /whole number/],
    ['int64', 'INT64', ['9223372036854775808', 0], /from -9223372036854775808 to 9223372036854775807/],
    ['int64', 'INT64', [1e300, 0], /as digits/],
    ['uint64', 'UINT64', [-1, 0], /from 0 to 18446744073709551615/],
    ['bool', 'BOOL', ['true', false], /takes true or false/],
    ['string', 'BYTES', ['a', 1], /takes a text/],
    ['string', 'BYTES', ['a\0b', 'c'], /without NUL/],
    ['string', 'BYTES', ['\ud800', 'c'], /whole characters/],
  ] as const)('%s %s refuses %j', async (dtype, datatype, data, reason) => {
    const { status, text } = await echo(dtype, datatype, data);
    expect([status, (JSON.parse(text) as { error: string }).error]).toEqual([400, expect.stringMatching(reason)]);
    expect((JSON.parse(text) as { error: string }).error).toContain("Input 'x'");
  });

  it('writes NaN and infinity as null', async () => {
    const app = await appOf(plainModel(['batch', 2], (x) => ({ y: ops.log(x) })));
    expect((await infer(app, inferBody([-1, 0], [1, 2]))).body.outputs[0]!.data).toEqual([null, null]);
    const half = await appOf(plainModel(['batch', 1], (x) => ({ y: ops.div(x, 0) }), 'float16'));
    const body = JSON.stringify({ inputs: [{ name: 'x', shape: [1, 1], datatype: 'FP16', data: [1] }] });
    expect((await infer(half, body)).body.outputs[0]!.data).toEqual([null]);
  });

  it('takes scalars and models of any rank', async () => {
    const scalar = await appOf(plainModel([], (x) => ({ y: ops.add(x, 1) })));
    expect((await infer(scalar, inferBody([41], []))).body.outputs[0]).toEqual({
      name: 'y',
      datatype: 'FP32',
      shape: [],
      data: [42],
    });
    expect((await infer(scalar, inferBody([1], [1]))).body.error).toBe("Input 'x': got the shape [1], expected [].");
  });
});

describe('wrong requests', () => {
  let app: Hono;
  let servable: Servable;
  beforeAll(async () => {
    servable = await openServable(await smallBytes(), { name: 'small' });
    app = serveApp(new DataPlane([servable]), { report: (e) => reported.push(e), bodyLimitBytes: 100_000 });
  });

  const good = { name: 'x', shape: [1, 3], datatype: 'FP32', data: [1, 2, 3] };
  const plain = { inputs: [good] };
  it.each([
    [
      'an unknown input',
      { inputs: [{ ...good, name: 'xx' }] },
      /There is no input named "xx"\. Did you mean 'x'\? The model has x: float32 \[batch, 3\]\./,
    ],
    ['a long name', { inputs: [{ ...good, name: 'y'.repeat(500) }] }, /There is no input named "y+"…\. The model/],
    ['a missing input', { inputs: [] }, /The input 'x' is missing\. The model takes x: float32 \[batch, 3\]/],
    ['an input twice', { inputs: [good, good] }, /The input 'x' is given twice/],
    ['a wrong size', { inputs: [{ ...good, shape: [1, 4] }] }, /Input 'x': got the shape \[1, 4\], expected \[batch, 3\]\./],
    [
      'a forgotten batch axis',
      { inputs: [{ ...good, shape: [3] }] },
      /got the shape \[3\], expected \[batch, 3\]\. Put the number of samples first: \[1, 3\]\./,
    ],
    [
      'too few elements',
      { inputs: [{ ...good, data: [1, 2] }] },
      /Input 'x': the shape \[1, 3\] needs 3 elements, and data has 2\./,
    ],
    [
      'too many elements',
      { inputs: [{ ...good, shape: [2, 3], data: [1, 2, 3, 4, 5, 6, 7] }] },
      /needs 6 elements, and data has 7/,
    ],
    ['no data', { inputs: [{ ...good, data: undefined }] }, /Input 'x' has no data/],
    [
      'a ragged list',
      {
        inputs: [
          {
            ...good,
            shape: [2, 3],
            data: [
              [1, 2, 3],
              [1, 2],
            ],
          },
        ],
      },
      /data\[1\] has 2 elements, and the shape \[2, 3\] says 3/,
    ],
    [
      'other nesting',
      { inputs: [{ ...good, shape: [1, 3], data: [[1], [2], [3]] }] },
      /data has 3 elements, and the shape \[1, 3\] says 1/,
    ],
    [
      'mixed nesting',
      { inputs: [{ ...good, shape: [2, 3], data: [[1, 2, 3], 4] }] },
      /data\[1\] is 4, and the shape \[2, 3\] asks for a list there/,
    ],
    ['too deep nesting', { inputs: [{ ...good, data: [[[1], [2], [3]]] }] }, /element 0 of data is a list/],
    [
      'an unknown datatype',
      { inputs: [{ ...good, datatype: 'FP23' }] },
      /got the datatype "FP23", expected FP32\. Did you mean 'FP32'\?/,
    ],
    [
      'another datatype',
      { inputs: [{ ...good, datatype: 'FP64' }] },
      /got the datatype "FP64", expected FP32\. Numbers in JSON have no type/,
    ],
    [
      'texts for numbers',
      { inputs: [{ ...good, datatype: 'BYTES', data: ['a', 'b', 'c'] }] },
      /got the datatype "BYTES", expected FP32\.$/,
    ],
    ['an unknown output', { ...plain, outputs: [{ name: 'z' }] }, /There is no output named "z"\. Did you mean 'y'\?/],
    [
      'a strange classification',
      { ...plain, outputs: [{ name: 'y', parameters: { classification: 0 } }] },
      /'classification' is 0, expected how many classes/,
    ],
    [
      'binary data',
      { inputs: [{ ...good, data: undefined, parameters: { binary_data_size: 12 } }] },
      /'x'.*'binary_data_size' is 12, and 0 bytes are left.*Inference-Header-Content-Length/,
    ],
    ['a negative size', { inputs: [{ ...good, shape: [-1, 3] }] }, /inputs\[0\]\.shape\[0\]/],
    [
      'sizes that are texts',
      { inputs: [{ ...good, shape: ['1', 3] }] },
      /inputs\[0\]\.shape\[0\].*expected (number|int), received string/,
    ],
    ['data that is no list', { inputs: [{ ...good, data: 'abc' }] }, /inputs\[0\]\.data: expected a list/],
    ['no inputs', { input: [] }, /This is no inference request: inputs: expected array, received undefined/],
    ['a list', [], /the body: expected object/],
    ['null', null, /the body: expected object, received null/],
    ['a number as id', { ...plain, id: 7 }, /id: expected string/],
    ['a huge batch', { inputs: [{ ...good, shape: [2 ** 40, 3] }] }, /needs 3298534883328 elements, and data has 3/],
  ])('%s', async (_, body, reason) => {
    const { status, body: error } = await infer(app, JSON.stringify(body), 'small');
    expect([status, error.code, error.error]).toEqual([400, 'bad-request', expect.stringMatching(reason)]);
    expect(error.error.length).toBeLessThan(500);
    expect((await infer(app, JSON.stringify(plain), 'small')).body.outputs[0]!.data).toEqual(answer([1, 2, 3]));
  });

  it('sizes of one name that differ between inputs', async () => {
    const [a, b] = [graphInput('a', ['batch', 2], 'float32'), graphInput('b', ['batch', 2], 'float32')];
    const sum = await appOf(exportGraph({ name: 'sum', inputs: [a, b], outputs: { y: ops.add(a, b) } }));
    const ask = (rows: number) =>
      infer(
        sum,
        JSON.stringify({
          inputs: [
            { ...good, name: 'a', shape: [1, 2], data: [1, 2] },
            { ...good, name: 'b', shape: [rows, 2], data: new Array(rows * 2).fill(1) },
          ],
        }),
      );
    expect((await ask(1)).body.outputs[0]!.data).toEqual([2, 3]);
    const error = "Input 'b': got the shape [3, 2], expected [batch, 2]. In the input 'a', 'batch' is 1, and here it is 3.";
    expect(await ask(3)).toMatchObject({ status: 400, body: { error } });
  });

  it.each([
    ['nothing', '', /The body is empty/],
    ['half of it', '{"inputs":[', /not valid JSON/],
    [
      'a list too deep',
      `{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[0,${'['.repeat(20_000)}${']'.repeat(20_000)},0]}]}`,
      /element 1 of data is a list/,
    ],
    [
      'a long integer in a list',
      '{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[0,[9007199254740993],0]}]}',
      /element 1 of data is a list/,
    ],
    ['NaN', '{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","data":[NaN,1,2]}]}', /not valid JSON.*NaN/],
    ['no UTF-8', new Uint8Array([0x7b, 0xff, 0x7d]), /not UTF-8/],
    ['a picture', new Uint8Array([0x89, 0x50, 0x4e, 0x47]), /not UTF-8/],
  ])('a body of %s', async (_, body, reason) => {
    expect(await infer(app, body, 'small')).toMatchObject({
      status: 400,
      body: { error: expect.stringMatching(reason), code: 'bad-request' },
    });
  });

  it('refuses packings that it does not know by name', async () => {
    const { status, body } = await call(app, '/v2/models/small/infer', JSON.stringify(plain), {
      headers: { 'content-encoding': 'br' },
    });
    expect([status, body.error]).toEqual([400, expect.stringContaining('content encoding "br"')]);
  });

  it('refuses a body over the limit with 413, of known size or not', async () => {
    const body = inferBody(new Array<number>(60_000).fill(1), [20_000, 3]);
    const unknown = await infer(app, body, 'small');
    expect(unknown).toMatchObject({
      status: 413,
      body: { code: 'too-large', error: expect.stringContaining('limit of 100000 bytes') },
    });
    expect((await call(app, '/v2/models/small/infer', 'x', { headers: { 'content-length': '100001' } })).status).toBe(413);
    let pulled = 0;
    const endless = new ReadableStream({
      pull(controller) {
        pulled++;
        controller.enqueue(new Uint8Array(10_000).fill(32));
      },
    });
    expect((await call(app, '/v2/models/small/infer', endless, { duplex: 'half' } as RequestInit)).status).toBe(413);
    expect(pulled).toBeLessThan(15);
  });

  it('says what there is instead of what is not there', async () => {
    expect(await call(app, '/v2/models/smal')).toMatchObject({
      status: 404,
      body: { code: 'model-not-found', error: "There is no model 'smal' here. Known: small. Did you mean 'small'?" },
    });
    expect(await call(app, '/v2/models/small/versions/2/infer', '{}')).toMatchObject({
      status: 404,
      body: { error: expect.stringContaining("no model 'small, version 2' here. Known: small, version 1.") },
    });
    expect(await call(app, '/v2/model/small')).toMatchObject({
      status: 404,
      body: { error: expect.stringContaining("Did you mean '/v2/models/small'?") },
    });
    expect(await call(app, '/v2/models/small/predictt', '{}')).toMatchObject({
      status: 404,
      body: { error: expect.stringContaining('There is nothing at "/v2/models/small/predictt"') },
    });
    expect((await call(app, '/favicon.ico')).status).toBe(404);
    expect((await call(app, `/v2/models/${'x'.repeat(10_000)}`)).status).toBe(404);
    expect((await call(app, '/v2/models/__proto__')).status).toBe(404);
    expect((await call(app, '/v2/models/%ff')).status).toBe(404);
  });

  it('says which method a path takes', async () => {
    const get = await call(app, '/v2/models/small/infer');
    expect([get.status, get.headers.get('allow'), get.body.error]).toEqual([
      405,
      'POST',
      '/v2/models/small/infer takes POST, not GET.',
    ]);
    const post = await call(app, '/v2/models/small', '{}');
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    expect((await call(app, '/v2/health/live', undefined, { method: 'DELETE' })).status).toBe(405);
  });

  it('blames the request when only the run shows that it is wrong', async () => {
    const table = await appOf(lookUpModel());
    const body = (i: number) => JSON.stringify({ inputs: [{ name: 'x', shape: [1], datatype: 'INT64', data: [i] }] });
    expect((await infer(table, body(2))).body.outputs[0]!.data).toEqual([12]);
    expect(await infer(table, body(99))).toMatchObject({
      status: 400,
      body: { code: 'bad-request', error: expect.stringMatching(/'m' cannot compute this request: .*99/) },
    });
  });

  it('keeps internal errors to itself, and reports each once', async () => {
    reported.length = 0;
    const broken: Servable = { ...servable, infer: () => Promise.reject(new TypeError('secret /etc/path')) };
    const brokenApp = serveApp(new DataPlane([broken]), { report: (e) => reported.push(e) });
    const { status, body } = await infer(brokenApp, JSON.stringify(plain), 'small');
    expect([status, body]).toEqual([500, { error: 'internal error' }]);
    expect(reported.map(String)).toEqual(['TypeError: secret /etc/path']);
  });

  it('says busy with the time to come back', async () => {
    const slow: Servable = { ...servable, infer: () => new Promise(() => {}) };
    const busyApp = serveApp(new DataPlane([slow], { maxQueue: 1 }));
    const away = new AbortController();
    const waiting = Array.from({ length: 64 }, () =>
      call(busyApp, '/v2/models/small/infer', JSON.stringify(plain), { signal: away.signal }),
    );
    // 64 of 65 wait for the model: one is told so.
    const { status, headers, body } = await infer(busyApp, JSON.stringify(plain), 'small');
    expect([status, headers.get('retry-after'), body.code]).toEqual([503, '1', 'busy']);
    away.abort();
    for (const { status } of await Promise.all(waiting)) expect(status).toBe(503);
  });

  it('checks its options', async () => {
    const plane = new DataPlane([servable]);
    for (const bodyLimitBytes of [0, -1, 1.5, Number.NaN])
      expect(() => serveApp(plane, { bodyLimitBytes })).toThrow(/whole number/);
    expect(() => new DataPlane([servable, servable])).toThrow(/two models 'small, version 1'/);
    expect((await failure(plane.infer('nobody', { inputs: [] }))).code).toBe('model-not-found');
  });
});
