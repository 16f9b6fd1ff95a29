import { promisify } from 'node:util';
import { deflate, gzip } from 'node:zlib';
import { type DType, dtypes, ops, Tensor, toFloat16 } from '@stratus/core';
import fc from 'fast-check';
import type { Hono } from 'hono';
import { beforeAll, describe, expect, it } from 'vitest';
import { DataPlane, type InferResponse, openServable, Statistics, serveApp } from '../src/serve/index.ts';
import { rawSize, tensorOfBytes, writeRaw } from '../src/serve/raw.ts';
import { answer, echoModel, plainModel, smallBytes } from './serving.ts';

type Output = InferResponse['outputs'][number] & { parameters?: { binary_data_size?: number } };
interface Answer {
  readonly status: number;
  readonly error: string;
  readonly head: Omit<InferResponse, 'outputs'> & { outputs: Output[] };
  readonly bytes: Buffer;
  readonly headers: Headers;
}

const reported: unknown[] = [];
const appOf = async (bytes: Uint8Array): Promise<Hono> =>
  serveApp(new DataPlane([await openServable(bytes, { name: 'm' })]), { report: (e) => reported.push(e) });

async function ask(app: Hono, json: unknown, tensors: readonly Uint8Array[], more: Record<string, string> = {}): Promise<Answer> {
  const text = Buffer.from(typeof json === 'string' ? json : JSON.stringify(json));
  return send(app, Buffer.concat([text, ...tensors]), { 'inference-header-content-length': String(text.length), ...more });
}

async function send(app: Hono, body: Uint8Array<ArrayBuffer>, headers: Record<string, string>): Promise<Answer> {
  const response = await app.request('/v2/models/m/infer', { method: 'POST', body, headers });
  const whole = Buffer.from(await response.arrayBuffer());
  const end = Number(response.headers.get('inference-header-content-length') ?? whole.length);
  const head = JSON.parse(whole.subarray(0, end).toString()) as Answer['head'] & { error: string };
  return { status: response.status, error: head.error, head, bytes: whole.subarray(end), headers: response.headers };
}

const floats = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);
const numbers = (bytes: Uint8Array): number[] => [...new Float32Array(Uint8Array.from(bytes).buffer)];
const inputOf = (size: number, shape: readonly number[], datatype = 'FP32', name = 'x') => ({
  name,
  shape,
  datatype,
  parameters: { binary_data_size: size },
});

/** The request of the protocol's reference, byte for byte. */
const golden = {
  json: '{"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","parameters":{"binary_data_size":8}}],"outputs":[{"name":"y","parameters":{"binary_data":true}}]}',
  bytes: Buffer.from('0000803f00000040', 'hex'),
};

let small: Hono;
let echo: Hono;
let two: Hono;
beforeAll(async () => {
  small = await appOf(await smallBytes());
  echo = await appOf(echoModel('float32'));
  two = await appOf(plainModel(['batch', 2], (x) => ({ a: ops.mul(x, 2), b: ops.add(x, 1) })));
});

describe('tensors as bytes', () => {
  it('come and go as in the reference', async () => {
    expect(Buffer.byteLength(golden.json)).toBe(152);
    const { status, head, bytes, headers } = await ask(echo, golden.json, [golden.bytes]);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('application/octet-stream');
    expect(head).toEqual({
      model_name: 'm',
      model_version: '1',
      outputs: [{ name: 'y', datatype: 'FP32', shape: [1, 2], parameters: { binary_data_size: 8 } }],
    });
    expect(bytes.toString('hex')).toBe('0000803f00000040');
  });

  it('may be mixed with JSON, both ways, at any place in memory', async () => {
    for (const pad of ['', ' ', '  ', '   ']) {
      const request = `{"id":"7","inputs":[${JSON.stringify(inputOf(8, [1, 2]))}],${pad}"outputs":[{"name":"b"},{"name":"a","parameters":{"binary_data":true}}]}`;
      const { head, bytes } = await ask(two, request, [floats(1, 2)]);
      expect(head.id).toBe('7');
      expect(head.outputs).toEqual([
        { name: 'b', datatype: 'FP32', shape: [1, 2], data: [2, 3] },
        { name: 'a', datatype: 'FP32', shape: [1, 2], parameters: { binary_data_size: 8 } },
      ]);
      expect(numbers(bytes)).toEqual([2, 4]);
    }
    const all = { parameters: { binary_data_output: true, mine: 'x' } };
    const both = await ask(two, { ...all, inputs: [inputOf(8, [1, 2])] }, [floats(1, 2)]);
    expect(numbers(both.bytes)).toEqual([2, 4, 2, 3]);
    expect(both.head.parameters).toEqual({ mine: 'x' }); // what is for the server stays there
    const own = { outputs: [{ name: 'a', parameters: { binary_data: false } }, { name: 'b' }] };
    const mixed = await ask(two, { ...all, ...own, inputs: [{ name: 'x', shape: [1, 2], datatype: 'FP32', data: [1, 2] }] }, []);
    expect(mixed.head.outputs.map(({ data, parameters }) => data ?? parameters)).toEqual([[2, 4], { binary_data_size: 8 }]);
    const json = await ask(two, { inputs: [inputOf(8, [1, 2])] }, [floats(1, 2)]);
    expect([json.headers.get('content-type'), json.head.outputs[0]!.data]).toEqual(['application/json', [2, 4]]);
  });

  it('hold several inputs in the order of the JSON', async () => {
    const app = await appOf(plainModel(['batch', 1], (x) => ({ y: ops.identity(x) })));
    expect((await ask(app, { inputs: [inputOf(0, [0, 1])] }, [])).head.outputs[0]!.shape).toEqual([0, 1]);
  });

  it.each<[DType, number[] | bigint[]]>([
    ['float64', [1.5, -2]],
    ['float16', [toFloat16(1.5), toFloat16(-2)]],
    ['int8', [-128, 127]],
    ['uint8', [0, 255]],
    ['int16', [-32768, 32767]],
    ['uint16', [0, 65535]],
    ['int32', [-(2 ** 31), 2 ** 31 - 1]],
    ['uint32', [0, 2 ** 32 - 1]],
    ['int64', [-(2n ** 63n), 2n ** 63n - 1n]],
    ['uint64', [0n, 2n ** 64n - 1n]],
    ['bool', [1, 0]],
  ])('are right for %s', async (dtype, values) => {
    const data = dtypes[dtype].make(2) as Uint8Array;
    data.set(values as number[]);
    const bytes = new Uint8Array(data.buffer);
    const app = await appOf(echoModel(dtype));
    const request = { inputs: [inputOf(bytes.length, [1, 2], dtypes[dtype].oip)], parameters: { binary_data_output: true } };
    const { status, bytes: back, error } = await ask(app, request, [bytes]);
    expect([status, error]).toEqual([200, undefined]);
    expect(back.toString('hex')).toBe(Buffer.from(bytes).toString('hex'));
  });

  it('are texts with their lengths', async () => {
    const app = await appOf(echoModel('string'));
    const bytes = Buffer.from('0100000061020000006263', 'hex'); // of the reference: a, bc
    const request = { inputs: [inputOf(bytes.length, [1, 2], 'BYTES')] };
    expect((await ask(app, request, [bytes])).head.outputs[0]!.data).toEqual(['a', 'bc']);
    const { bytes: back } = await ask(app, { ...request, parameters: { binary_data_output: true } }, [bytes]);
    expect(back.equals(bytes)).toBe(true);
    const ä = await ask(
      app,
      {
        inputs: [{ name: 'x', shape: [1, 2], datatype: 'BYTES', data: ['ä', ''] }],
        outputs: [{ name: 'y', parameters: { binary_data: true } }],
      },
      [],
    );
    expect(ä.bytes.toString('hex')).toBe('02000000c3a400000000');
  });

  it('may be the upper halves of float32 numbers', async () => {
    const { bytes } = await ask(
      echo,
      { inputs: [inputOf(4, [1, 2], 'BF16')], parameters: { binary_data_output: true } },
      [Buffer.from('803f40c0', 'hex')], // 1 and -3
    );
    expect(numbers(bytes)).toEqual([1, -3]);
    const json = await ask(echo, { inputs: [{ name: 'x', shape: [1, 2], datatype: 'BF16', data: [1, 2] }] }, []);
    expect([json.status, json.error]).toEqual([400, expect.stringContaining('"BF16", expected FP32')]);
  });

  it('are named classes too', async () => {
    const outputs = [{ name: 'y', parameters: { classification: 1, binary_data: true } }];
    const { head, bytes } = await ask(small, { inputs: [inputOf(12, [1, 3])], outputs }, [floats(1, 2, 3)]);
    expect(head.outputs[0]).toMatchObject({ datatype: 'BYTES', shape: [1, 1] });
    expect(bytes.subarray(4).toString()).toBe('9.000000:2:owl');
  });

  it('may be the whole body for a model with one input', async () => {
    const raw = { 'inference-header-content-length': '0' };
    const { head, bytes } = await send(small, Buffer.from(floats(1, 2, 3)), raw);
    expect(head.outputs[0]).toEqual({ name: 'y', datatype: 'FP32', shape: [1, 3], parameters: { binary_data_size: 12 } });
    expect(numbers(bytes)).toEqual(answer([1, 2, 3]));
    const text = await appOf(echoModel('string', [1]));
    expect((await send(text, Buffer.from('hello'), raw)).bytes.toString()).toBe('\x05\0\0\0hello');
    const short = await send(small, Buffer.from('12345'), raw);
    expect([short.status, short.error]).toEqual([400, expect.stringContaining("Input 'x'")]);
    const open = await appOf(echoModel('float32', ['batch', 'rows', 'columns']));
    expect((await send(open, Buffer.alloc(8), raw)).error).toMatch(/one input of at most one open size/);
  });

  it('may come packed', async () => {
    const text = Buffer.from(golden.json);
    const whole = Buffer.concat([text, golden.bytes]);
    const head = { 'inference-header-content-length': '152' };
    for (const [encoding, pack] of [
      ['gzip', promisify(gzip)],
      ['deflate', promisify(deflate)],
    ] as const) {
      const packed = Uint8Array.from(await pack(whole));
      expect((await send(echo, packed, { ...head, 'content-encoding': encoding })).bytes.toString('hex')).toBe(
        '0000803f00000040',
      );
    }
    const bomb = Uint8Array.from(await promisify(gzip)(Buffer.alloc(64 * 2 ** 20)));
    const { status, error } = await send(echo, bomb, { ...head, 'content-encoding': 'gzip' });
    expect([status, error]).toEqual([413, expect.stringContaining('16777216')]);
  });
});

const good = inputOf(8, [1, 2]);

describe('bytes that do not fit', () => {
  it.each([
    ['too few', [inputOf(8, [1, 2])], 4, /'x'.*'binary_data_size' is 8, and 4 bytes are left/],
    ['too many', [good], 12, /4 bytes follow the last tensor/],
    ['not those of the shape', [inputOf(8, [2, 2])], 8, /'x'.*\[2, 2\] needs 16 bytes.*got 8/],
    ['a huge shape', [inputOf(8, [2 ** 40, 2])], 8, /'x'.*needs/],
    ['a negative size', [inputOf(-8, [1, 2])], 8, /'x'.*'binary_data_size' is -8/],
    ['half a byte', [inputOf(7.5, [1, 2])], 8, /'x'.*'binary_data_size' is 7.5/],
    ['a size in words', [{ ...good, parameters: { binary_data_size: 'all' } }], 8, /'x'.*'binary_data_size' is "all"/],
    ['both ways', [{ ...good, data: [1, 2] }], 8, /'x' has 'data' and 'binary_data_size'/],
    ['another datatype', [inputOf(8, [1, 2], 'INT32')], 8, /'x'.*"INT32", expected FP32/],
    ['twice', [good, good], 16, /'x' is given twice/],
  ])('%s', async (_, inputs, size, reason) => {
    const { status, error } = await ask(echo, { inputs }, [new Uint8Array(size)]);
    expect([status, error]).toEqual([400, expect.stringMatching(reason)]);
    expect((await ask(echo, golden.json, [golden.bytes])).status).toBe(200);
  });

  it.each(['-1', '1e2', '153000', '0x10', 'x', '9'.repeat(40), '152.0', '152, 152'])('a header that says %s', async (length) => {
    const { status, error } = await ask(echo, golden.json, [golden.bytes], { 'inference-header-content-length': length });
    expect([status, error]).toEqual([400, expect.stringContaining('inference header size should be in range (0, 160), got:')]);
  });

  it('flags that are none', async () => {
    const app = await appOf(echoModel('bool'));
    const { status, error } = await ask(app, { inputs: [inputOf(2, [1, 2], 'BOOL')] }, [Uint8Array.of(1, 2)]);
    expect([status, error]).toEqual([400, expect.stringMatching(/'x'.*byte 1 is 2/)]);
    for (const parameters of [{ binary_data_output: 1 }, { binary_data_output: 'yes' }])
      expect((await ask(echo, { inputs: [good], parameters }, [golden.bytes])).error).toMatch(/expected true or false/);
  });

  it('texts that are none', async () => {
    const app = await appOf(echoModel('string'));
    const shapes: [string, RegExp][] = [
      ['0100000061', /too few for 2 texts/],
      ['01000000610200000062', /text 1 does not end/],
      ['ffffffff6100000000', /text 0 does not end/],
      ['010000006100000000ff', /1 bytes follow/],
      ['01000000ff00000000', /not UTF-8/],
      ['010000000000000000', /NUL/],
    ];
    for (const [hex, reason] of shapes) {
      const bytes = Buffer.from(hex, 'hex');
      const { status, error } = await ask(app, { inputs: [inputOf(bytes.length, [1, 2], 'BYTES')] }, [bytes]);
      expect([status, error], hex).toEqual([400, expect.stringMatching(reason)]);
    }
    const many = await ask(app, { inputs: [inputOf(4, [2 ** 30, 2], 'BYTES')] }, [new Uint8Array(4)]);
    expect([many.status, many.error]).toEqual([400, expect.stringContaining('too few')]);
  });

  it('parameters that say something to the server are looked at', async () => {
    for (const parameters of [{ timeout: -1 }, { timeout: 'soon' }, { priority: 0.5 }])
      expect((await ask(echo, { inputs: [good], parameters }, [golden.bytes])).error).toMatch(/expected a whole number from 0/);
    const fine = await ask(echo, { inputs: [good], parameters: { timeout: 5_000_000, priority: 2 } }, [golden.bytes], {
      'x-request-id': 'abc-1',
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    });
    expect([fine.status, fine.headers.get('x-request-id')]).toEqual([200, 'abc-1']);
    const odd = await ask(echo, { inputs: [good] }, [golden.bytes], { 'x-request-id': 'a b' });
    expect([odd.status, odd.headers.get('x-request-id')]).toEqual([200, null]);
  });
});

describe('whatever comes as bytes', () => {
  const anyDtype = fc.constantFrom(...(Object.keys(dtypes) as DType[]));

  it('a tensor is the same after a round trip, wherever it lies', () => {
    fc.assert(
      fc.property(anyDtype, fc.nat(7), fc.uint8Array({ maxLength: 64 }), (dtype, offset, bytes) => {
        const each = dtypes[dtype].bytes || 1;
        const count = Math.floor(bytes.length / each);
        const own = bytes.slice(0, count * each);
        const tensor =
          dtype === 'string'
            ? new Tensor(
                dtype,
                [count],
                [...own].map((byte) => String.fromCodePoint(byte + 1).repeat(byte % 5)),
              )
            : dtype === 'bool'
              ? new Tensor(
                  dtype,
                  [count],
                  own.map((byte) => byte % 2),
                )
              : tensorOfBytes({ port: { name: 'x', dtype }, shape: [count] }, own);
        const size = rawSize(tensor);
        const buffer = Buffer.alloc(offset + size);
        expect(writeRaw(tensor, buffer, offset)).toBe(offset + size);
        const back = tensorOfBytes({ port: { name: 'x', dtype }, shape: [count] }, buffer.subarray(offset));
        const again = Buffer.alloc(size);
        writeRaw(back, again, 0);
        expect(again.equals(buffer.subarray(offset))).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  it('is answered rightly or refused with a reason, never with 5xx', async () => {
    const odd = fc.oneof(fc.constantFrom(-1, 0, 1, 4, 7, 8, 12, 16, 2 ** 31, 2 ** 53, 0.5, '8', true, null), fc.integer());
    const shapes = fc.oneof(
      fc.constant([1, 2]),
      fc.array(fc.oneof(fc.nat(4), fc.constantFrom(-1, 2 ** 31, 2 ** 52)), { maxLength: 4 }),
    );
    const request = fc.record({
      size: fc.oneof({ weight: 3, arbitrary: fc.constant(8) }, { weight: 1, arbitrary: odd }),
      shape: fc.oneof({ weight: 3, arbitrary: fc.constant([1, 2]) }, { weight: 1, arbitrary: shapes }),
      datatype: fc.oneof(
        { weight: 4, arbitrary: fc.constant('FP32') },
        { weight: 1, arbitrary: fc.constantFrom('BF16', 'BYTES', 'FP16', '') },
      ),
      tail: fc.oneof(
        { weight: 3, arbitrary: fc.uint8Array({ minLength: 8, maxLength: 8 }) },
        { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }) },
      ),
      header: fc.option(fc.oneof(fc.nat(400).map(String), fc.string({ unit: 'grapheme-ascii', maxLength: 6 })), {
        freq: 4,
        nil: undefined,
      }),
      output: fc.oneof(fc.constant(true), odd),
    });
    const seen = new Map<number, number>();
    await fc.assert(
      fc.asyncProperty(request, async ({ size, shape, datatype, tail, header, output }) => {
        const json = {
          inputs: [{ name: 'x', shape, datatype, parameters: { binary_data_size: size } }],
          parameters: { binary_data_output: output },
        };
        const { status, error, bytes, head } = await ask(
          echo,
          json,
          [tail],
          header === undefined ? {} : { 'inference-header-content-length': header.replaceAll(/[^\x21-\x7e]/g, '') },
        );
        seen.set(status, (seen.get(status) ?? 0) + 1);
        if (status !== 200) {
          expect(status).toBe(400);
          expect(error.length).toBeGreaterThan(10);
          expect(error).not.toMatch(/\n\s+at |node:|\.ts\b|undefined is not|Cannot read/);
        } else if (header === undefined && datatype === 'FP32' && head.outputs[0]!.parameters) {
          const want = Buffer.from(tail);
          for (let at = 0; at < 8; at += 4) if (Number.isNaN(want.readFloatLE(at))) return; // a NaN may lose its payload
          expect(bytes.equals(want)).toBe(true);
        }
      }),
      { numRuns: 2500 },
    );
    expect(seen.get(200)).toBeGreaterThan(100);
    expect(seen.get(400)).toBeGreaterThan(500);
    expect(reported).toEqual([]);
  }, 120_000);
});

describe('statistics', () => {
  it('count what models do', async () => {
    const statistics = new Statistics();
    const plane = new DataPlane([await openServable(echoModel('float32'), { name: 'm' })], { observer: statistics });
    const app = serveApp(plane, { statistics, report: (e) => reported.push(e) });
    const stats = async (path: string) =>
      ((await (await app.request(path)).json()) as { model_stats: Record<string, unknown>[] }).model_stats;
    expect(await stats('/v2/models/m/stats')).toMatchObject([{ name: 'm', version: '1', inference_count: 0, last_inference: 0 }]);
    for (let i = 0; i < 3; i++) await ask(app, { inputs: [inputOf(16, [2, 2])] }, [floats(1, 2, 3, 4)]);
    const [own] = await stats('/v2/models/m/versions/1/stats');
    expect(own).toMatchObject({ inference_count: 6, inference_stats: { success: { count: 3 }, fail: { count: 0 } } });
    expect((own!['inference_stats'] as { success: { ns: number } }).success.ns).toBeGreaterThan(0);
    expect(await stats('/v2/models/stats')).toEqual([own]);
    expect((await app.request('/v2/models/none/stats')).status).toBe(404);
    const { extensions } = (await (await app.request('/v2')).json()) as { extensions: string[] };
    expect(extensions).toContain('statistics');
    expect(await (await app.request('/v2/models/m/config')).json()).toMatchObject({
      name: 'm',
      input: [{ name: 'x', data_type: 'TYPE_FP32', dims: [-1, 2] }],
    });
  });
});

describe('the model repository', () => {
  it('is there where it is wanted', async () => {
    const plane = new DataPlane([await openServable(echoModel('float32'), { name: 'm' })]);
    const post = async (app: Hono, path: string, body?: string) => {
      const response = await app.request(path, { method: 'POST', ...(body !== undefined && { body }) });
      return { status: response.status, text: await response.text() };
    };
    expect((await post(serveApp(plane), '/v2/repository/index')).status).toBe(404); // not by itself
    const app = serveApp(plane, { repository: true });
    for (const path of ['/v2/repository/index', '/v2/repository/mine/index'])
      expect(JSON.parse((await post(app, path, '{"ready":true}')).text)).toEqual([
        { name: 'm', version: '1', state: 'READY', reason: '' },
      ]);
    expect((await post(app, '/v2/repository/index', '{"ready":1}')).status).toBe(400);
    expect((await post(app, '/v2/repository/models/none/load')).status).toBe(404);
    const files = '{"parameters":{"file:1/model.onnx":"AAAA"}}';
    expect(await post(app, '/v2/repository/models/m/load', files)).toMatchObject({ status: 400 });
    expect(await post(app, '/v2/repository/models/m/unload', '{"parameters":{"unload_dependents":true}}')).toEqual({
      status: 200,
      text: '',
    });
    expect((await app.request('/v2/models/m')).status).toBe(404);
    expect((await app.request('/')).status).toBe(200);
    await plane.release();
  });
});

describe('what can be called', () => {
  it('is said for programs and for people, with a request that is right', async () => {
    const app = await appOf(await smallBytes());
    const page = await app.request('/docs');
    const text = await page.text();
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=UTF-8']);
    expect(text).not.toMatch(/<script|src=|@import|url\(/);
    for (const part of ['/v2/models/{model}/infer', '/v1/models/{model}:predict', '/invocations', '/score'])
      expect(text).toContain(part);
    const api = (await (await app.request('/openapi.json')).json()) as {
      openapi: string;
      paths: Record<string, { post?: { requestBody: { content: Record<string, { example: unknown }> } } }>;
    };
    expect(api.openapi).toBe('3.1.0');
    const { example } = api.paths['/v2/models/m/infer']!.post!.requestBody.content['application/json']!;
    expect((await app.request('/v2/models/m/infer', { method: 'POST', body: JSON.stringify(example) })).status).toBe(200);
    expect(Object.keys(api.paths)).toContain('/v1/models/m:predict');
  });
});
