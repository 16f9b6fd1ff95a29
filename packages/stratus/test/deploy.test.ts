import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, createServer, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dense, input, sequential } from '@stratus/core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Deployment, type DeployOptions, deploy } from '../src/deploy.ts';
import type { InferResponse } from '../src/serve/index.ts';
import { raw } from './raw-socket.ts';
import { answer, failure, inferBody, smallBytes, smallModel } from './serving.ts';

const open: Deployment[] = [];
const serve = async (model: Parameters<typeof deploy>[0], options: DeployOptions = {}): Promise<Deployment> => {
  const server = await deploy(model, { port: 0, name: 'm', stopOn: [], ...options });
  open.push(server);
  return server;
};
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.stop()));
});

const post = (url: string, body: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${url}/v2/models/m/infer`, { method: 'POST', body, ...init });
const dataOf = async (response: Response): Promise<unknown> => {
  expect(response.status).toBe(200);
  return ((await response.json()) as InferResponse).outputs[0]!.data;
};
const works = async (url: string): Promise<void> =>
  expect(await dataOf(await post(url, inferBody([1, 2, 3], [1, 3])))).toEqual(answer([1, 2, 3]));

const head = (body: string | Buffer, more = ''): string =>
  `POST /v2/models/m/infer HTTP/1.1\r\nHost: x\r\n${more}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n`;

let bytes: Uint8Array;
beforeAll(async () => {
  bytes = await smallBytes();
});

describe('deploy', () => {
  it('serves a model, its bytes, or a file, and stops', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'stratus-deploy-'));
    writeFileSync(join(folder, 'my net.onnx'), bytes);
    const cases = [
      [await smallModel(), 'small'],
      [bytes, 'model'],
      [join(folder, 'my net.onnx'), 'my net'],
    ] as const;
    for (const [model, name] of cases) {
      const server = await deploy(model, { port: 0, stopOn: [] });
      expect([server.url, server.host, server.name]).toEqual([`http://127.0.0.1:${server.port}`, '127.0.0.1', name]);
      const response = await fetch(`${server.url}/v2/models/${encodeURIComponent(name)}/infer`, {
        method: 'POST',
        body: inferBody([1, 2, 3], [1, 3]),
      });
      expect(await dataOf(response)).toEqual(answer([1, 2, 3]));
      await server.stop();
      await server.stop();
      await expect(fetch(server.url)).rejects.toThrow();
    }
    rmSync(folder, { recursive: true });
  });

  it('says what is wrong with the port, the host, the file', async () => {
    const { port } = await serve(bytes);
    const used = await failure(deploy(bytes, { port }));
    expect([used.code, used.details]).toEqual(['port-in-use', { host: '127.0.0.1', port }]);
    for (const options of [{ port: 70_000 }, { host: '203.0.113.7', port: 0 }, { host: 'no such host', port: 0 }]) {
      expect((await failure(deploy(bytes, { withoutKeys: true, ...options }))).code, JSON.stringify(options)).toBe(
        'cannot-listen',
      );
    }
    expect((await failure(deploy('no/such/model.onnx'))).code).toBe('file-not-found');
    const nothing = await failure(deploy(fileURLToPath(new URL('models/none', import.meta.url))));
    expect(nothing.code).toBe('file-not-found');
    const empty = mkdtempSync(join(tmpdir(), 'stratus-empty-'));
    expect((await failure(deploy(empty))).message).toContain('NAME/VERSION/model.onnx');
    rmSync(empty, { recursive: true });
    const e = await failure(deploy(fileURLToPath(import.meta.url)));
    expect([e.code, e.message]).toEqual(['not-onnx', expect.stringContaining('deploy.test.ts')]);
    expect((await failure(deploy(bytes, { port: 0, maxBatch: 0 }))).code).toBe('bad-value');
    expect((await failure(deploy(bytes, { port: 0, name: 'a/b' }))).code).toBe('bad-value');
    expect((await failure(deploy(bytes, { port: 0, signal: AbortSignal.abort() }))).code).toBe('aborted');
  });

  it('leaves no signal handlers behind, and stops when its signal says so', async () => {
    const before = ['SIGTERM', 'SIGINT'].map((name) => process.listenerCount(name));
    const away = new AbortController();
    const server = await deploy(bytes, { port: 0, signal: away.signal });
    expect(['SIGTERM', 'SIGINT'].map((name) => process.listenerCount(name))).toEqual(before.map((n) => n + 1));
    away.abort();
    await server.stop();
    expect(['SIGTERM', 'SIGINT'].map((name) => process.listenerCount(name))).toEqual(before);
    await expect(fetch(server.url)).rejects.toThrow();
  });

  it('reaches all interfaces by an address that can be called', async () => {
    const { url, host } = await serve(bytes, { host: '0.0.0.0', withoutKeys: true });
    expect([host, url]).toEqual(['0.0.0.0', expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/)]);
    await works(url);
  });
});

describe('many clients', () => {
  it('answers 64 at once, each with its own answer, faster than one after the other', async () => {
    const net = sequential([
      input({ shape: [256], name: 'x' }),
      dense({ units: 1024, activation: 'relu' }),
      dense({ units: 1024, activation: 'relu' }),
      dense({ units: 8, name: 'y' }),
    ]);
    const rows = Array.from({ length: 64 }, (_, i) => Array.from({ length: 256 }, (_, j) => Math.sin(i * 256 + j)));
    const want = (await net.predict(rows)).toArray() as number[][];
    const { url } = await serve(net);
    const ask = async (row: readonly number[]) => (await dataOf(await post(url, inferBody(row, [1, 256])))) as number[];
    const check = (got: readonly (readonly number[])[]) =>
      got.forEach((row, i) => {
        row.forEach((v, j) => expect(Math.abs(v - want[i]![j]!), `row ${i}`).toBeLessThan(1e-5));
      });
    const [together, serial]: [number[], number[]] = [[], []];
    for (let round = 0; round < 4; round++) {
      let start = performance.now();
      check(await Promise.all(rows.map(ask)));
      together.push(performance.now() - start);
      start = performance.now();
      const one: number[][] = [];
      for (const row of rows) one.push(await ask(row));
      serial.push(performance.now() - start);
      check(one);
    }
    expect(Math.min(...together)).toBeLessThan(Math.min(...serial));
  });

  it('answers small requests while large ones are read', async () => {
    const { url } = await serve(bytes);
    const large = inferBody(
      Array.from({ length: 200_000 }, (_, i) => [i + 0.25, 1, 2]),
      [200_000, 3],
    );
    const busy = Promise.all([1, 2, 3].map(async () => dataOf(await post(url, large)) as Promise<number[]>));
    let done = false;
    void busy.finally(() => (done = true));
    let asked = 0;
    while (!done) {
      await fetch(`${url}/v2/health/live`);
      asked++;
    }
    for (const data of await busy) expect([data.length, data.slice(-3)]).toEqual([600_000, answer([199_999.25, 1, 2])]);
    expect(asked).toBeGreaterThan(10);
  });

  it('lives on when clients go away', async () => {
    const { url, port } = await serve(bytes);
    const body = inferBody(new Array<number>(30_000).fill(1), [10_000, 3]);
    for (let i = 0; i < 30; i++) {
      const away = new AbortController();
      const asked = post(url, body, { signal: away.signal }).then(
        () => 'answered',
        () => 'gone',
      );
      if (i % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
      else if (i % 3 === 1) await fetch(`${url}/v2/health/live`);
      away.abort();
      await asked;
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      await once(socket, 'connect');
      socket.write(head(body) + body.slice(0, i % 2 === 0 ? body.length : 1000));
      socket.resetAndDestroy();
    }
    await works(url);
  });
});

describe('hostile clients', () => {
  it('drops those who send slowly', async () => {
    const { url, port } = await serve(bytes, { headersTimeoutMs: 300, requestTimeoutMs: 600 });
    const body = inferBody([1, 2, 3], [1, 3]);
    const [silent, halfHead, halfBody] = await Promise.all([
      raw(port, ''),
      raw(port, 'POST /v2/models/m/infer HTTP/1.1\r\nHost: x\r\nX-A: '),
      raw(port, head(body) + body.slice(0, 20)),
    ]);
    expect([silent, halfHead, halfBody].map((text) => text.split('\r\n')[0])).toEqual([
      expect.stringMatching(/^(HTTP\/1\.1 408 .*)?$/),
      'HTTP/1.1 408 Request Timeout',
      'HTTP/1.1 408 Request Timeout',
    ]);
    await works(url);
  });

  it('refuses bodies over the limit without reading them', async () => {
    const { url, port } = await serve(bytes, { bodyLimitBytes: 1000 });
    const stated = await raw(port, 'POST /v2/models/m/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n', {
      until: /too-large/,
    });
    expect(stated).toMatch(/^HTTP\/1\.1 413 /);
    const chunk = `${(500).toString(16)}\r\n${' '.repeat(500)}\r\n`;
    const chunked = await raw(
      port,
      `POST /v2/models/m/infer HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(3)}`,
      { until: /too-large/ },
    );
    expect(chunked).toMatch(/^HTTP\/1\.1 413 /);
    const waits = await raw(
      port,
      'POST /v2/models/m/infer HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5000\r\n\r\n',
      { until: /too-large/ },
    );
    expect(waits).toMatch(/^HTTP\/1\.1 413 /);
    const may = await raw(
      port,
      'POST /v2/models/m/infer HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 500\r\n\r\n',
      { until: /\r\n\r\n/ },
    );
    expect(may).toMatch(/^HTTP\/1\.1 100 Continue/);
    const large = await post(url, inferBody(new Array<number>(300_000).fill(1), [100_000, 3]));
    expect([large.status, ((await large.json()) as { code: string }).code]).toEqual([413, 'too-large']);
    await works(url);
  });

  it('takes bodies in chunks, and requests in a row without waiting for the answers', async () => {
    const { port } = await serve(bytes);
    const body = inferBody([1, 2, 3], [1, 3]);
    const chunks = body.match(/.{1,9}/gs)!.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`);
    const chunked = await raw(
      port,
      `POST /v2/models/m/infer HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${chunks.join('')}0\r\n\r\n`,
      { until: /"data":\[.*\]/ },
    );
    expect(chunked).toContain(`"data":[${answer([1, 2, 3]).join(',')}]`);
    const bodies = [1, 2, 3, 4, 5].map((v) => inferBody([v, v, v], [1, 3], { id: `r${v}` }));
    const pipelined = await raw(port, bodies.map((b) => head(b) + b).join(''), { until: /r5/ });
    expect([...pipelined.matchAll(/"id":"r(\d)"/g)].map((m) => m[1])).toEqual(['1', '2', '3', '4', '5']);
  });

  it('answers what is no request with 400, and lives on', async () => {
    const { url, port } = await serve(bytes);
    const body = inferBody([1, 2, 3], [1, 3]);
    for (const text of [
      '\x16\x03\x01\x02\x00\x01',
      'hello\r\n\r\n',
      'POST /v2 HTTP/9.9\r\n\r\n',
      `${head(body, 'Content-Length: 3\r\n')}${body}`,
      'GET /../../etc/passwd HTTP/1.1\r\n\r\n',
    ]) {
      expect((await raw(port, text, { end: true })).slice(0, 12), JSON.stringify(text)).toBe('HTTP/1.1 400');
    }
    expect(await raw(port, `GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'a'.repeat(100_000)}\r\n\r\n`)).toMatch(/^(HTTP\/1\.1 431|$)/);
    await raw(port, head(body) + body.slice(0, 10), { end: true }); // ends in the middle of the body
    await works(url);
  });

  it('answers bodies of every kind of nonsense with 400, and lives on', async () => {
    const { url } = await serve(bytes);
    const good = inferBody([1, 2, 3], [1, 3]);
    const bodies = [
      '{',
      'null',
      '[]',
      '""',
      good.slice(0, -1),
      `${good}x`,
      '['.repeat(1_000_000),
      `${'[['.repeat(20_000)}${']]'.repeat(20_000)}`,
      '{"inputs":'.repeat(50_000),
      `[${'{},'.repeat(200_000)}{}]`,
      '9'.repeat(1_000_000),
      `"${'\\'.repeat(999_998)}"`,
    ];
    for (const body of bodies) {
      const response = await post(url, body);
      expect([response.status, ((await response.json()) as { code: string }).code], body.slice(0, 20)).toEqual([
        400,
        'bad-request',
      ]);
    }
    const garbled = await fetch(`${url}/v2/models/m/infer`, { method: 'POST', body: new Uint8Array([0xc3, 0x28]) });
    expect([garbled.status, await garbled.json()]).toEqual([
      400,
      { error: expect.stringContaining('UTF-8'), code: 'bad-request' },
    ]);
    await works(url);
  });
});

describe('stopping', () => {
  /** Sends the head and half of the body, and the rest when told. */
  const begin = (url: string, agent?: Agent) => {
    const body = inferBody([1, 2, 3], [1, 3]);
    const client = request(`${url}/v2/models/m/infer`, {
      method: 'POST',
      headers: { 'content-length': body.length },
      ...(agent && { agent }),
    });
    client.write(body.slice(0, 10));
    const response = once(client, 'response').then(async ([incoming]) => {
      let text = '';
      for await (const part of incoming) text += String(part);
      return { status: incoming.statusCode as number, connection: incoming.headers.connection as string, text };
    });
    return { client, response, finish: () => client.end(body.slice(10)) };
  };

  it('finishes what is on its way, and takes nothing new', async () => {
    const server = await serve(bytes);
    const agent = new Agent({ keepAlive: true });
    const { response, finish } = begin(server.url, agent);
    await fetch(`${server.url}/v2/health/live`); // the request above has arrived before this answer
    const stopped = server.stop();
    await expect(fetch(`${server.url}/v2`)).rejects.toThrow();
    let isStopped = false;
    void stopped.then(() => (isStopped = true));
    expect(isStopped).toBe(false);
    finish();
    const { status, connection, text } = await response;
    expect([status, connection]).toEqual([200, 'close']);
    expect((JSON.parse(text) as InferResponse).outputs[0]!.data).toEqual(answer([1, 2, 3]));
    await stopped;
    agent.destroy();
  });

  it('says on open connections that it is not ready', async () => {
    const server = await serve(bytes);
    const { client, response, finish } = begin(server.url);
    await fetch(`${server.url}/v2/health/live`);
    const socket = client.socket!;
    const stopped = server.stop();
    let got = '';
    socket.on('data', (part) => (got += String(part)));
    finish();
    await response;
    await stopped;
    expect(got).toMatch(/connection: close/i);
  });

  it('does not wait for idle connections, nor longer than it may', async () => {
    const server = await serve(bytes, { drainMs: 200 });
    const idle = connect(server.port, '127.0.0.1');
    await once(idle, 'connect');
    const agent = new Agent({ keepAlive: true });
    await new Promise((resolve) => request(`${server.url}/v2`, { agent }, (r) => r.resume().on('end', resolve)).end());
    const { response } = begin(server.url); // and never the rest
    const dropped = response.then(
      () => 'answered',
      () => 'dropped',
    );
    await fetch(`${server.url}/v2/health/live`);
    const start = performance.now();
    await server.stop();
    expect(performance.now() - start).toBeLessThan(5000);
    expect(await dropped).toBe('dropped');
    idle.destroy();
    agent.destroy();
  });
});

describe.skipIf(process.platform === 'win32')('in a process of its own', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stratus-deploy-'));
  const file = join(folder, 'small.onnx');
  const loader = new URL('../../../tools/typescript-loader.mjs', import.meta.url).href;
  const children: ChildProcessWithoutNullStreams[] = [];
  beforeAll(() => writeFileSync(file, bytes));
  afterAll(() => {
    for (const child of children) child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });

  const start = async (options: DeployOptions = {}) => {
    const child = spawn(process.execPath, [
      '--import',
      loader,
      fileURLToPath(new URL('deploy-child.ts', import.meta.url)),
      file,
      JSON.stringify(options),
    ]);
    children.push(child);
    let noise = '';
    child.stderr.on('data', (text) => (noise += String(text)));
    const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
    const [line] = (await Promise.race([once(child.stdout, 'data'), closed.then(() => [new Error(noise)])])) as [Buffer | Error];
    if (line instanceof Error) throw line;
    return { child, url: line.toString().trim(), closed };
  };

  it.each(['SIGTERM', 'SIGINT'] as const)('answers open requests after %s, then ends by it', async (signal) => {
    const { child, url, closed } = await start();
    await works(url);
    const body = inferBody([1, 2, 3], [1, 3]);
    const client = request(`${url}/v2/models/m/infer`, { method: 'POST', headers: { 'content-length': body.length } });
    client.write(body.slice(0, 10));
    const response = once(client, 'response');
    await fetch(`${url}/v2/health/live`);
    child.kill(signal);
    // It has stopped listening when it refuses; the open request is still there.
    while (
      await fetch(url).then(
        (r) => r.ok,
        () => false,
      )
    );
    client.end(body.slice(10));
    const [incoming] = await response;
    let text = '';
    for await (const part of incoming) text += String(part);
    expect((JSON.parse(text) as InferResponse).outputs[0]!.data).toEqual(answer([1, 2, 3]));
    expect(await closed).toEqual([null, signal]);
  });

  it('ends at once at the second signal', async () => {
    const { child, url, closed } = await start({ drainMs: 60_000 });
    const client = request(`${url}/v2/models/m/infer`, { method: 'POST', headers: { 'content-length': 100 } });
    client.on('error', () => {});
    client.write('{');
    await fetch(`${url}/v2/health/live`);
    child.kill('SIGTERM');
    while (
      await fetch(url).then(
        (r) => r.ok,
        () => false,
      )
    );
    child.kill('SIGTERM');
    expect(await closed).toEqual([null, 'SIGTERM']);
  });

  it('says by its exit code and message that the port is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    await expect(start({ port })).rejects.toThrow(/Port \d+ on 127\.0\.0\.1 is already in use/);
    other.close();
  });
});
