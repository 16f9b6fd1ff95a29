import fc from 'fast-check';
import Sqlite from 'libsql';
import { afterEach, describe, expect, it } from 'vitest';
import { type MlflowAppOptions, mlflowToken } from '../src/mlflow/index.ts';
import { type MlflowServer, openApp } from './mlflow-server.ts';

let open: MlflowServer | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});
const start = async (options?: MlflowAppOptions): Promise<MlflowServer> => (open = await openApp(options));

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into by name
type Answer = Record<string, any>;

async function ask(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; answer: Answer }> {
  const response = await open!.app.request(`/api/2.0/mlflow/${path}`, {
    method,
    headers,
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return { status: response.status, answer: (await response.json()) as Answer };
}
const post = async (path: string, body: unknown): Promise<Answer> => {
  const { status, answer } = await ask('POST', path, body);
  expect([path, status, answer]).toEqual([path, 200, expect.anything()]);
  return answer;
};
const newRun = async (more: object = {}): Promise<string> =>
  (await post('runs/create', { experiment_id: '0', ...more }))['run'].info.run_id;
const file = (path: string, init?: RequestInit): Promise<Response> =>
  open!.app.request(`/api/2.0/mlflow-artifacts/${path}`, init) as Promise<Response>;

describe('runs of Stratus', () => {
  it('are in experiment 0, with their parameters, notes, parent and artifacts', async () => {
    const {
      workspace: { store, blobs },
    } = await start();
    await store.runs.create({ key: 'sweep', name: 'a sweep' });
    await store.runs.create({
      key: 'trial',
      parent: 'sweep',
      params: { rate: 0.5, deep: true, none: null },
      notes: 'try',
      tags: { a: 'b' },
    });
    await store.metrics.append('trial', [{ name: 'loss', step: 7, value: 0.25, at: new Date(99) }]);
    await store.artifacts.put('trial', { path: 'model.onnx', ...(await blobs.put(new Uint8Array([1, 2, 3]))) });
    await store.runs.finish('trial', 'preempted');
    const { runs } = await post('runs/search', {
      experiment_ids: ['0'],
      filter: "params.rate = '0.5' AND params.none = 'null' AND tags.`mlflow.parentRunId` = 'sweep'",
    });
    expect(runs.length).toBe(1);
    expect(runs[0].info).toMatchObject({ run_id: 'trial', experiment_id: '0', status: 'SCHEDULED', lifecycle_stage: 'active' });
    expect(runs[0].data.metrics).toEqual([{ key: 'loss', value: 0.25, timestamp: 99, step: 7 }]);
    expect(runs[0].data.params).toEqual([
      { key: 'rate', value: '0.5' },
      { key: 'deep', value: 'true' },
      { key: 'none', value: 'null' },
    ]);
    expect(runs[0].data.tags).toContainEqual({ key: 'mlflow.note.content', value: 'try' });
    const listed = await ask('GET', 'artifacts/list?run_id=trial');
    expect(listed.answer['files']).toEqual([{ path: 'model.onnx', is_dir: false, file_size: 3 }]);
    expect(new Uint8Array(await (await file('artifacts/0/trial/artifacts/model.onnx')).arrayBuffer())).toEqual(
      new Uint8Array([1, 2, 3]),
    );
  });

  it('see what a client of MLflow did: name, notes, parent, status', async () => {
    const {
      workspace: { store },
    } = await start();
    const parent = await newRun({ run_name: 'outer' });
    const key = await newRun({
      start_time: 5,
      tags: [
        { key: 'mlflow.parentRunId', value: parent },
        { key: 'mlflow.note.content', value: 'n' },
      ],
    });
    await post('runs/set-tag', { run_id: key, key: 'mlflow.runName', value: 'inner' });
    await post('runs/update', { run_id: key, status: 'KILLED', end_time: 9 });
    const run = await store.runs.get(key);
    expect(run).toMatchObject({ name: 'inner', notes: 'n', parent, status: 'stopped' });
    const { answer } = await ask('GET', `runs/get?run_id=${key}`);
    expect(answer['run'].info).toMatchObject({ start_time: 5, end_time: 9, run_name: 'inner' });
  });
});

describe('versions', () => {
  it('keep their files whatever becomes of the run, and are the ONNX file where there is one', async () => {
    const {
      workspace: { store, blobs },
    } = await start();
    const run = await newRun();
    for (const [path, text] of [
      ['model/model.onnx', 'weights'],
      ['model/MLmodel', 'flavors'],
    ])
      expect((await file(`artifacts/0/${run}/artifacts/${path}`, { method: 'PUT', body: text! })).status).toBe(200);
    await post('registered-models/create', { name: 'net' });
    const source = `mlflow-artifacts:/0/${run}/artifacts/model`;
    const { model_version } = await post('model-versions/create', { name: 'net', source, run_id: run });
    expect(model_version).toMatchObject({ name: 'net', version: '1', status: 'READY', run_id: run, source });
    const version = await store.models.version('net', 1);
    expect(version).toMatchObject({ run, bytes: 7 });
    expect(new TextDecoder().decode(await blobs.read(version.digest))).toBe('weights'); // stratus deploy serves it
    await file(`artifacts/0/${run}/artifacts/model/model.onnx`, { method: 'PUT', body: 'other weights' });
    expect((await file(`artifacts/0/${run}/artifacts/model/MLmodel`, { method: 'DELETE' })).status).toBe(200);
    const { answer } = await ask('GET', 'model-versions/get-download-uri?name=net&version=1');
    expect(answer['artifact_uri']).toBe('mlflow-artifacts:/versions/net/1');
    expect(await (await file('artifacts/versions/net/1/model.onnx')).text()).toBe('weights');
    expect(await (await file('artifacts?path=versions/net/1')).json()).toEqual({
      files: [
        { path: 'MLmodel', is_dir: false, file_size: 7 },
        { path: 'model.onnx', is_dir: false, file_size: 7 },
      ],
    });
    expect((await file('artifacts/versions/net/1/model.onnx', { method: 'PUT', body: 'x' })).status).toBe(403);
    await blobs.sweep({ references: () => store.references(), graceMs: -1 });
    await blobs.sweep({ references: () => store.references(), graceMs: -1 });
    expect(await (await file('artifacts/versions/net/1/MLmodel')).text()).toBe('flavors'); // no sweep takes what a version names
  });

  it('are not numbered anew after one, or the whole model, was deleted; aliases go with a reason', async () => {
    const {
      workspace: { store },
    } = await start();
    await post('registered-models/create', { name: 'net', tags: [{ key: 'a', value: 'b' }] });
    const add = async () =>
      (await post('model-versions/create', { name: 'net', source: 's3://bucket/model' }))['model_version'].version;
    expect([await add(), await add()]).toEqual(['1', '2']);
    await post('registered-models/alias', { name: 'net', alias: 'champion', version: '2' });
    expect((await ask('DELETE', 'model-versions/delete', { name: 'net', version: '2' })).status).toBe(200);
    expect((await store.aliases.history('net', 'champion')).map(({ version, reason }) => [version, reason])).toEqual([
      [undefined, 'version 2 was deleted through MLflow'],
      [2, 'through MLflow'],
    ]);
    expect(await add()).toBe('3');
    expect((await ask('DELETE', 'registered-models/delete', { name: 'net' })).status).toBe(200);
    expect((await ask('GET', 'registered-models/get?name=net')).status).toBe(404);
    expect((await ask('POST', 'model-versions/create', { name: 'net', source: 's' })).status).toBe(404);
    expect((await post('registered-models/create', { name: 'net' }))['registered_model']).toMatchObject({
      tags: [],
      latest_versions: [],
    });
    expect(await add()).toBe('4');
    const gone = await ask('GET', 'model-versions/get?name=net&version=1');
    expect([gone.status, gone.answer['message']]).toEqual([404, expect.stringContaining('its number stays taken')]);
    expect((await store.models.versions('net')).map(({ number }) => number)).toEqual([4, 3, 2, 1]); // Stratus itself loses nothing
  });

  it('are not promoted past the gates of an alias', async () => {
    const {
      workspace: { store },
    } = await start();
    await post('registered-models/create', { name: 'net' });
    await post('model-versions/create', { name: 'net', source: 's3://bucket/model' });
    await store.gates.declare('net', 'production', { sizeMB: 1 });
    const refused = await ask('POST', 'registered-models/alias', { name: 'net', alias: 'production', version: '1' });
    expect([refused.status, refused.answer['message']]).toEqual([409, expect.stringContaining('stratus models promote')]);
    expect((await store.models.get('net')).aliases).toEqual({});
    await post('registered-models/alias', { name: 'net', alias: 'staging', version: '1' });
    await store.gates.declare('net', 'production', {});
    await post('registered-models/alias', { name: 'net', alias: 'production', version: '1' });
  });

  it('of Stratus are seen as well; what does not lie anywhere is refused', async () => {
    const {
      workspace: { store, blobs },
    } = await start();
    await store.models.register('own', await blobs.put(new TextEncoder().encode('onnx')));
    await store.aliases.move('own', 'production', 1);
    const { answer } = await ask('GET', 'registered-models/alias?name=own&alias=production');
    expect(answer['model_version']).toMatchObject({
      version: '1',
      source: 'mlflow-artifacts:/versions/own/1',
      user_id: 'tester',
    });
    expect(await (await file('artifacts/versions/own/1/model.onnx')).text()).toBe('onnx');
    const run = await newRun();
    const refused = await ask('POST', 'model-versions/create', { name: 'own', source: `runs:/${run}/model` });
    expect([refused.status, refused.answer['message']]).toEqual([400, expect.stringContaining('log the model first')]);
    expect((await store.models.get('own')).versions).toBe(1);
  });
});

describe('files', () => {
  it('come in parts, as clients send large ones', async () => {
    const {
      workspace: { store },
    } = await start({ authorize: (request) => (mlflowToken(request) === 't' ? { actor: 'ci' } : 'unauthenticated') });
    const authorization = 'Bearer t';
    const ask = (path: string, body: unknown, method = 'POST') =>
      open!.app.request(path, {
        method,
        headers: { authorization },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      });
    const run = ((await (await ask('/api/2.0/mlflow/runs/create', { experiment_id: '0' })).json()) as Answer)['run'].info.run_id;
    const base = '/api/2.0/mlflow-artifacts/mpu';
    const begun = (await (
      await ask(`${base}/create/0/${run}/artifacts/deep`, { path: '/home/x/big.bin', num_parts: 3 })
    ).json()) as Answer;
    expect(begun['credentials'].length).toBe(3);
    const parts: { part_number: number; etag: string }[] = [];
    for (const { url, part_number, headers } of [...begun['credentials']].reverse()) {
      const sent = await open!.app.request(url, { method: 'PUT', headers, body: `part ${part_number};` });
      parts.push({ part_number, etag: sent.headers.get('etag')! });
    }
    expect((await open!.app.request(begun['credentials'][0].url, { method: 'PUT', body: 'x' })).status).toBe(401);
    const end = { path: 'big.bin', upload_id: begun['upload_id'] };
    expect((await ask(`${base}/complete/0/${run}/artifacts/deep`, { ...end, parts: parts.slice(1) })).status).toBe(400);
    expect((await ask(`${base}/complete/0/${run}/artifacts/deep`, { ...end, parts })).status).toBe(200);
    const got = await open!.app.request(`/api/2.0/mlflow-artifacts/artifacts/0/${run}/artifacts/deep/big.bin`, {
      headers: { authorization },
    });
    expect(await got.text()).toBe('part 1;part 2;part 3;');
    expect((await ask(`${base}/complete/0/${run}/artifacts/deep`, { ...end, parts })).status).toBe(404); // it is over
    expect((await store.artifacts.list(run)).map(({ path }) => path)).toEqual(['deep/big.bin']);
  });

  it('have names, which are no places on a disk', async () => {
    await start();
    const run = await newRun();
    for (const path of ['%2e%2e/%2e%2e/etc/passwd', '..%2f..%2fetc', 'a%5c..%5cb', '%zz', ''])
      expect([path, (await file(`artifacts/0/${run}/artifacts/${path}`, { method: 'PUT', body: 'x' })).status]).toEqual([
        path,
        expect.toSatisfy((s: number) => s === 400 || s === 404),
      ]);
    expect((await file(`artifacts/0/${'0'.repeat(32)}/artifacts/a`, { method: 'PUT', body: 'x' })).status).toBe(404);
    expect((await file(`artifacts/0/${run}/artifacts/empty`, { method: 'PUT' })).status).toBe(200);
    const got = await file(`artifacts/0/${run}/artifacts/empty`);
    expect([got.status, got.headers.get('content-length'), got.headers.get('x-content-type-options')]).toEqual([
      200,
      '0',
      'nosniff',
    ]);
    expect((await file(`artifacts/0/${run}/artifacts/none`)).status).toBe(404);
  });
});

describe('who may do what', () => {
  it('is asked before anything else, by role; tokens come as Bearer or as a password', async () => {
    const roles = ['viewer', 'trainer', 'deployer', 'admin'];
    const asked: string[] = [];
    const {
      workspace: { store },
    } = await start({
      authorize: (request, { name, role }) => {
        asked.push(name);
        const own = roles.indexOf(mlflowToken(request) ?? '');
        return own < 0 ? 'unauthenticated' : own < roles.indexOf(role) ? 'forbidden' : { actor: 'someone' };
      },
    });
    const as = (token: string) => ({ authorization: `Bearer ${token}` });
    const create = { name: 'net' };
    const none = await ask('POST', 'registered-models/create', create);
    expect([none.status, none.answer['error_code']]).toEqual([401, 'UNAUTHENTICATED']);
    const viewer = await ask('POST', 'registered-models/create', '{broken', as('viewer'));
    expect([viewer.status, viewer.answer['error_code']]).toEqual([403, 'PERMISSION_DENIED']);
    expect(
      (await ask('POST', 'registered-models/create', create, { authorization: `Basic ${btoa('anybody:trainer')}` })).status,
    ).toBe(200);
    await ask('POST', 'model-versions/create', { name: 'net', source: 's3://b/m' }, as('trainer'));
    expect((await ask('POST', 'registered-models/alias', { name: 'net', alias: 'a', version: '1' }, as('trainer'))).status).toBe(
      403,
    );
    expect((await ask('POST', 'registered-models/alias', { name: 'net', alias: 'a', version: '1' }, as('deployer'))).status).toBe(
      200,
    );
    expect((await store.aliases.history('net', 'a'))[0]!.by).toBe('someone');
    expect((await store.models.version('net', 1)).createdBy).toBe('someone');
    expect(asked).toContain('POST mlflow/registered-models/alias');
    expect((await open!.app.request('/api/3.0/mlflow/server-info')).status).toBe(200);
  });

  it('may be a project of its own, which sees nothing of others', async () => {
    const {
      workspace: { store },
    } = await start({ authorize: async (request) => ({ store: await open!.workspace.store.inProject(mlflowToken(request)!) }) });
    const create = (token: string) => ask('POST', 'experiments/create', { name: 'same' }, { authorization: `Bearer ${token}` });
    expect([(await create('p1')).answer, (await create('p2')).answer]).toEqual([{ experiment_id: '1' }, { experiment_id: '1' }]);
    expect((await store.experiments.list()).length).toBe(1);
  });
});

describe('bad input', () => {
  it.each([
    ['POST', 'runs/create', '{', 400, 'not JSON'],
    ['POST', 'runs/create', '[1]', 400, 'JSON object'],
    ['POST', 'runs/create', { experiment_id: '77' }, 404, '77'],
    ['POST', 'runs/create', { experiment_id: '0', start_time: 'soon' }, 400, "'start_time'"],
    ['POST', 'experiments/create', {}, 400, "Missing value for required parameter 'name'"],
    ['POST', 'experiments/create', { name: 'a\u0000b' }, 400, 'character 0'],
    ['POST', 'experiments/create', '{"name":"\\ud800"}', 400, 'half of a character'],
    ['POST', 'experiments/create', { name: 'x', artifact_location: 's3://b' }, 400, 'keeps all files itself'],
    ['POST', 'runs/search', { experiment_ids: ['0'], max_results: 0 }, 400, "'max_results'"],
    ['POST', 'runs/search', { experiment_ids: ['0'], page_token: 'x' }, 400, 'page_token'],
    ['POST', 'registered-models/create', { name: 'a b/c' }, 400, 'letters, digits'],
    ['GET', 'metrics/get-history?run_id=none&metric_key=a', undefined, 404, 'none'],
    ['GET', 'model-versions/get?name=x&version=1', undefined, 404, 'x'],
    ['GET', 'nothing/here', undefined, 404, 'Nothing of MLflow'],
    ['GET', 'runs/create', undefined, 404, 'takes POST'],
    ['POST', 'run/create', {}, 404, "Did you mean 'mlflow/runs/create'"],
  ])('%s %s %j is answered with %i', async (method, path, body, status, part) => {
    await start();
    const { status: got, answer } = await ask(method, path, body);
    expect([got, answer['message']]).toEqual([status, expect.stringContaining(part)]);
    expect(answer['error_code']).toMatch(/^[A-Z_]+$/);
  });

  it('of a metric: a step below 0, a value that is none; nothing of a batch is kept', async () => {
    const {
      workspace: { store },
    } = await start();
    const run_id = await newRun();
    const metric = { key: 'm', value: 1, timestamp: 1, step: 0 };
    for (const bad of [{ step: -1 }, { value: 'x' }, { value: null }, { timestamp: 1.5 }, { key: '' }]) {
      const { status } = await ask('POST', 'runs/log-batch', {
        run_id,
        metrics: [metric, { ...metric, ...bad }],
        tags: [{ key: 'a', value: 'b' }],
      });
      expect([bad, status]).toEqual([bad, 400]);
    }
    expect(await store.metrics.summaries(run_id)).toEqual([]);
    expect((await store.runs.get(run_id)).tags).toEqual({});
    await post('runs/log-metric', { run_id, ...metric, value: 'NaN', step: '3' });
    expect((await store.metrics.summaries(run_id))[0]!.last).toEqual({ step: 3, value: Number.NaN });
  });

  it('of any form is never the fault of the server', async () => {
    const { app, errors } = await start();
    const paths = [
      'experiments/create',
      'experiments/search',
      'experiments/update',
      'runs/create',
      'runs/search',
      'runs/log-batch',
      'runs/log-metric',
      'runs/set-tag',
      'runs/log-inputs',
      'runs/log-model',
      'registered-models/create',
      'registered-models/alias',
      'model-versions/create',
      'model-versions/transition-stage',
      'logged-models',
      'logged-models/search',
    ];
    const run_id = await newRun();
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 8 }),
      fc.constantFrom('__proto__', 'constructor', 'toString', run_id, '0', ''),
    );
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 3 },
        text,
        fc.double(),
        fc.constant(null),
        fc.boolean(),
        fc.array(tie('any'), { maxLength: 3 }),
        fc.dictionary(text, tie('any'), { maxKeys: 3 }),
      ),
    })).any;
    const pairs = fc.array(fc.record({ key: text, value: text }), { maxLength: 3 });
    const body = fc.record(
      {
        name: fc.oneof(text, value),
        experiment_id: fc.oneof(fc.constant('0'), value),
        run_id: fc.oneof(fc.constant(run_id), value),
        key: text,
        value: fc.oneof(text, value),
        filter: fc.oneof(text, fc.constant("params.__proto__ = 'x' AND metrics.constructor < 1")),
        order_by: fc.oneof(fc.array(text), value),
        tags: fc.oneof(pairs, value),
        params: pairs,
        metrics: value,
        timestamp: fc.integer(),
        experiment_ids: fc.oneof(fc.constant(['0']), value),
        source: text,
        version: text,
        stage: text,
        model_json: text,
        alias: text,
        page_token: text,
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths), body, async (path, given) => {
        const response = await app.request(`/api/2.0/mlflow/${path}`, { method: 'POST', body: JSON.stringify(given) });
        const answer = (await response.json()) as Answer;
        expect([path, given, response.status < 500, response.status === 200 || answer['message'] !== '']).toEqual([
          path,
          given,
          true,
          true,
        ]);
      }),
      { numRuns: 300 },
    );
    expect(errors).toEqual([]);
    await post('runs/search', { experiment_ids: ['0'] }); // and what was kept can be read
  });
});

describe('a thousand runs', () => {
  it('are searched by pages, fast, also where the database cannot compare', async () => {
    const {
      workspace: { store },
    } = await start();
    await store.runs.create({ key: 'first', startedAt: new Date(1) });
    const database = new Sqlite(store.address); // a transaction for all of them, where the store would take one for each
    const columns = 'project_id, key, name, status, created_at, seen_at, params, tags, notes';
    const run = database.prepare(
      `INSERT INTO runs (${columns}) SELECT project_id, ?, ?, 'running', ?, 1, ?, ?, '' FROM runs WHERE key = 'first'`,
    );
    const series = database.prepare(
      'INSERT INTO series (run_id, name, points, tail, last_step, last_value, last_at) SELECT id, ?, 1, 0, 1, ?, 5 FROM runs WHERE key = ?',
    );
    database.exec('BEGIN IMMEDIATE');
    for (let i = 0; i < 1000; i++) {
      const params = JSON.stringify({ kind: i % 2 ? 'odd' : 'even', rate: `${i / 1000}` });
      run.run([`r${i}`, `r${i}`, 1000 + i, params, JSON.stringify({ group: `g${i % 10}` })]);
      series.run(['loss', (i * 7919) % 1000, `r${i}`]);
      series.run(['acc', i, `r${i}`]);
    }
    database.exec('COMMIT');
    database.close();
    const search = async (body: object): Promise<{ ids: string[]; next: string | undefined; ms: number }> => {
      const began = performance.now();
      const answer = await post('runs/search', { experiment_ids: ['0'], ...body });
      return {
        ids: answer['runs'].map((run: Answer) => run['info'].run_id),
        next: answer['next_page_token'],
        ms: performance.now() - began,
      };
    };
    const filter = "metrics.loss < 500 AND params.kind = 'odd' AND tags.group != 'g3'";
    const first = await search({ filter, order_by: ['metrics.loss DESC'], max_results: 100 });
    const wanted = Array.from({ length: 1000 }, (_, i) => i)
      .filter((i) => (i * 7919) % 1000 < 500 && i % 2 === 1 && i % 10 !== 3)
      .sort((a, b) => ((b * 7919) % 1000) - ((a * 7919) % 1000));
    let [found, next] = [first.ids, first.next];
    while (next !== undefined) {
      const more = await search({ filter, order_by: ['metrics.loss DESC'], max_results: 100, page_token: next });
      found = [...found, ...more.ids];
      next = more.next;
    }
    expect(found).toEqual(wanted.map((i) => `r${i}`));
    const all = await search({ max_results: 1000, filter: 'start_time > 1' });
    expect([all.ids[0], all.ids.length, all.next]).toEqual(['r999', 1000, undefined]);
    const liked = await search({ filter: "tags.group ILIKE 'G_' AND run_name LIKE 'r99%'" });
    expect(liked.ids.length).toBe(11);
    if (process.env['STRATUS_SHOW_TIMES'])
      process.stderr.write(
        `search of 1,000 runs: filter and sort ${first.ms.toFixed(0)} ms, all ${all.ms.toFixed(0)} ms, LIKE ${liked.ms.toFixed(0)} ms\n`,
      );
  });
});
