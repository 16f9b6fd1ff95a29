import { dense, input, ops, preprocessing, sequential, steps, tensor } from '@stratus/core';
import fc from 'fast-check';
import type { Hono } from 'hono';
import { beforeAll, describe, expect, it } from 'vitest';
import { DataPlane, openServable, serveApp } from '../src/serve/index.ts';
import { answer, failure, plainModel, smallBytes } from './serving.ts';

const reported: unknown[] = [];
const vertex = { predict: '/v1/endpoints/1/deployedModels/2:predict', health: '/healthy' };
const appOf = async (bytes: Uint8Array): Promise<Hono> =>
  serveApp(new DataPlane([await openServable(bytes, { name: 'm' })]), { report: (e) => reported.push(e), vertex });

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: Record<string, unknown> & readonly unknown[];
}

async function post(app: Hono, path: string, body: unknown, type = 'application/json'): Promise<Answer> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await app.request(path, { method: 'POST', body: text, headers: { 'content-type': type } });
  const answered = await response.text();
  const kind = response.headers.get('content-type') ?? '';
  return {
    status: response.status,
    type: kind,
    body: (kind.includes('json') ? JSON.parse(answered) : answered) as Answer['body'],
  };
}

const rows = [
  [1, 2, 3],
  [4, 5, 6],
];
const predictions = rows.map(answer);

/** Sizes of houses to a price, with steps before the graph: price = 2 * size, 100 for a city that is 'a'. */
async function houses(): Promise<Uint8Array> {
  const plan = preprocessing({ features: { size: [steps.minMax()], city: [steps.categories(), steps.oneHot()] } });
  const fitted = await plan.fit([
    { size: 0, city: 'a' },
    { size: 10, city: 'b' },
  ]);
  const net = sequential([
    input({ shape: [fitted.inputs['input']!.shape[0]!], name: 'input' }),
    dense({ units: 1, name: 'price' }),
  ]);
  const width = fitted.inputs['input']!.shape[0]!;
  await net.setWeights({
    'price/kernel': tensor(Array.from({ length: width }, (_, i) => [i === 0 ? 20 : 0])),
    'price/bias': tensor([1]),
  });
  return (await net.preprocess(fitted)).toBytes();
}

let small: Hono;
let records: Hono;
let columns: Hono;
beforeAll(async () => {
  small = await appOf(await smallBytes());
  records = await appOf(await houses());
  columns = await appOf(plainModel(['batch', 1], (x) => ({ y: ops.mul(x, 2) })));
});

describe('/invocations', () => {
  it.each<[string, unknown]>([
    ['dataframe_split', { dataframe_split: { columns: ['a', 'b', 'c'], index: [0, 1], data: rows } }],
    ['dataframe_split without names', { dataframe_split: { data: rows } }],
    ['dataframe_records', { dataframe_records: rows.map(([a, b, c]) => ({ a, b, c })) }],
    ['instances', { instances: rows, params: {} }],
    ['instances by name', { instances: rows.map((x) => ({ x })) }],
    ['inputs', { inputs: rows }],
    ['inputs by name', { inputs: { x: rows } }],
  ])('takes %s', async (_, body) => {
    expect(await post(small, '/invocations', body)).toMatchObject({ status: 200, body: { predictions } });
  });

  it('takes CSV, with names and without', async () => {
    for (const text of ['a,b,c\n1,2,3\n4,5,6\n', '1,2,3\n4,5,6'])
      expect((await post(small, '/invocations', text, 'text/csv; charset=utf-8')).body).toEqual({ predictions });
    expect((await post(columns, '/invocations', { dataframe_records: [{ x: 1 }, { x: 2.5 }] })).body).toEqual({
      predictions: [[2], [5]],
    });
    expect((await post(columns, '/invocations', 'x\n1\n2.5\n', 'text/csv')).body).toEqual({ predictions: [[2], [5]] });
  });

  it('takes records for models with preprocessing, in every form', async () => {
    const want = { predictions: [{ price: 11 }, { price: 21 }] };
    const both = [
      { size: 5, city: 'a' },
      { size: 10, city: 'b' },
    ];
    const forms = [
      { dataframe_split: { columns: ['city', 'size'], data: both.map(({ city, size }) => [city, size]) } },
      { dataframe_records: both },
      { instances: both },
      { inputs: { size: [5, 10], city: ['a', 'b'] } },
    ];
    for (const form of forms) expect((await post(records, '/invocations', form)).body, JSON.stringify(form)).toEqual(want);
    expect((await post(records, '/invocations', 'city,size\na,5\nb,10\n', 'text/csv')).body).toEqual(want);
    expect((await post(records, vertex.predict, { instances: both, parameters: { any: 1 } })).body).toEqual(want);
    expect((await post(records, '/score', { data: both })).body).toEqual(want.predictions);
  });

  it('says that it is there', async () => {
    for (const path of ['/ping', '/health']) {
      const response = await small.request(path);
      expect([response.status, await response.text()]).toEqual([200, '\n']);
    }
    expect(await (await small.request('/version')).text()).toMatch(/^\d+\.\d+\.\d+/);
    const plane = new DataPlane([await openServable(await smallBytes(), { name: 'm' })]);
    const app = serveApp(plane);
    plane.drain();
    expect([(await app.request('/ping')).status, (await app.request('/v2/health/ready')).status]).toEqual([404, 503]);
  });

  it.each<[string, unknown, string, RegExp]>([
    ['two forms', { instances: rows, inputs: rows }, 'application/json', /exactly one of .* it has instances and inputs/],
    ['no form', { rows }, 'application/json', /exactly one of .* it has "rows"/],
    ['a list', rows, 'application/json', /a list, expected an object/],
    ['a signature', { instances: rows, signature_name: 'x' }, 'application/json', /signature_name/],
    [
      'ragged data',
      { dataframe_split: { columns: ['a', 'b', 'c'], data: [[1, 2, 3], [1]] } },
      'application/json',
      /1 values in row 1/,
    ],
    ['a column twice', { dataframe_split: { columns: ['a', 'a', 'b'], data: rows } }, 'application/json', /"a" twice/],
    ['no data', { dataframe_split: { columns: ['a'] } }, 'application/json', /no "data"/],
    ['odd records', { dataframe_records: [1] }, 'application/json', /list of objects/],
    ['a wrong width', { dataframe_split: { columns: ['a'], data: [[1]] } }, 'application/json', /expected \[batch, 3\]/],
    ['a missing cell', { dataframe_records: [{ a: 1, b: 2, c: 3 }, { a: 1 }] }, 'application/json', /null/],
    ['words in CSV', 'a,b,c\n1,2,x\n', 'text/csv', /"x"/],
    ['ragged CSV', 'a,b,c\n1,2\n', 'text/csv', /CSV/],
    ['no JSON', '{', 'application/json', /JSON/],
    ['nothing', '', 'application/json', /empty/],
  ])('says what is wrong: %s', async (_, body, type, reason) => {
    const { status, body: answered } = await post(small, '/invocations', body, type);
    expect([status, answered]).toEqual([400, { error_code: 'BAD_REQUEST', message: expect.stringMatching(reason) }]);
  });

  it.each(['application/xml', 'application/json; charset=latin1', 'application/json; odd=1', 'text/html'])(
    'refuses %s',
    async (type) => {
      const { status, type: kind } = await post(small, '/invocations', { instances: rows }, type);
      expect([status, kind]).toEqual([415, expect.stringContaining('text/plain')]);
    },
  );

  it('needs to know which of several models', async () => {
    const both = await Promise.all(['a', 'b'].map(async (name) => openServable(await smallBytes(), { name })));
    const app = serveApp(new DataPlane(both), { report: (e) => reported.push(e) });
    expect(await post(app, '/invocations', { instances: rows })).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining('/v2/models/a/infer, /v2/models/b/infer') },
    });
    expect((await post(serveApp(new DataPlane([])), '/invocations', { instances: rows })).body).toMatchObject({
      message: expect.stringContaining('no model yet'),
    });
  });
});

describe('Vertex AI and Azure ML', () => {
  it('ask where the environment says', async () => {
    expect((await post(small, vertex.predict, { instances: rows, parameters: {} })).body).toEqual({ predictions });
    expect((await small.request(vertex.health)).status).toBe(200);
    expect(await post(small, vertex.predict, { inputs: rows })).toEqual({
      status: 400,
      type: 'application/json',
      body: { error: { code: 400, message: expect.stringContaining('"instances"'), status: 'INVALID_ARGUMENT' } },
    });
    expect((await small.request(vertex.predict)).status).toBe(405);
    const plane = new DataPlane([await openServable(await smallBytes(), { name: 'm' })]);
    const odd = await failure((async () => serveApp(plane, { vertex: { predict: 'no path' } }))());
    expect([odd.code, odd.message]).toEqual(['bad-value', expect.stringContaining('AIP_PREDICT_ROUTE')]);
    process.env['AIP_PREDICT_ROUTE'] = '/predict-here';
    try {
      expect((await post(serveApp(plane), '/predict-here', { instances: rows })).body).toEqual({ predictions });
    } finally {
      delete process.env['AIP_PREDICT_ROUTE'];
    }
  });

  it('score without anything around', async () => {
    for (const body of [
      { data: rows },
      { input_data: rows },
      { input_data: { columns: ['a', 'b', 'c'], data: rows } },
      { instances: rows },
    ])
      expect((await post(small, '/score', body)).body).toEqual(predictions);
    expect((await small.request('/')).status).toBe(200);
    expect(await post(small, '/score', {})).toMatchObject({ status: 400, body: { code: 'bad-request' } });
  });
});

describe('whatever comes', () => {
  it('is answered or refused, never with 5xx', async () => {
    const value = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom<unknown>(rows, [[1, 2, 3]], { columns: ['a'], data: [[1]] }, [{ size: 1, city: 'a' }]),
    );
    const body = fc.record(
      { dataframe_split: value, dataframe_records: value, instances: value, inputs: value, input_data: value, params: value },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('/invocations', '/score', vertex.predict),
        fc.boolean(),
        body,
        async (path, isSmall, given) => {
          const { status } = await post(isSmall ? small : records, path, given);
          expect([200, 400]).toContain(status);
        },
      ),
      { numRuns: 1500 },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: fc.constantFrom('1', ',', '\n', '"', 'a', '.', ' ', '\r'), maxLength: 30 }),
        fc.boolean(),
        async (text, isSmall) => {
          const { status } = await post(isSmall ? small : records, '/invocations', text, 'text/csv');
          expect([200, 400]).toContain(status);
        },
      ),
      { numRuns: 500 },
    );
    expect(reported).toEqual([]);
  }, 180_000);
});
