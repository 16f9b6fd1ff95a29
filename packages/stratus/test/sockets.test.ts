// What clients do below HTTP, against a real server: it refuses, closes, and answers the next one.
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Deployment, deploy } from '../src/deploy.ts';
import type { InferResponse } from '../src/serve/index.ts';
import { closed, raw, statuses } from './raw-socket.ts';
import { answer, inferBody, smallBytes } from './serving.ts';

let bytes: Uint8Array;
let server: Deployment;
beforeAll(async () => {
  bytes = await smallBytes();
  server = await deploy(bytes, { port: 0, name: 'm', stopOn: [], headersTimeoutMs: 1000, requestTimeoutMs: 2000 });
});
afterAll(() => server.stop());

const body = inferBody([1, 2, 3], [1, 3]);
const works = async ({ url }: Deployment = server): Promise<void> => {
  const response = await fetch(`${url}/v2/models/m/infer`, { method: 'POST', body });
  expect(((await response.json()) as InferResponse).outputs[0]!.data).toEqual(answer([1, 2, 3]));
};
const post = (headers: string, content: string, version = '1.1'): string =>
  `POST /v2/models/m/infer HTTP/${version}\r\nHost: x\r\n${headers}\r\n${content}`;
/** What hides in the body of another request; it would tell by its answer that it was heard. */
const hidden = 'GET /v2/health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;

describe('requests that two readers would read in two ways', () => {
  const forms: Readonly<Record<string, string>> = {
    'length and chunks': post(`Content-Length: ${body.length}\r\nTransfer-Encoding: chunked\r\n`, `0\r\n\r\n${hidden}`),
    'chunks and length': post('Transfer-Encoding: chunked\r\nContent-Length: 4\r\n', `${chunk(body)}0\r\n\r\n${hidden}`),
    'two lengths': post('Content-Length: 0\r\nContent-Length: 5\r\n', hidden),
    'two lengths in one line': post('Content-Length: 0, 5\r\n', hidden),
    'a length with a sign': post('Content-Length: +0\r\n', hidden),
    'a length below 0': post('Content-Length: -1\r\n', hidden),
    'a length in hexadecimal': post('Content-Length: 0x0\r\n', hidden),
    'a length beyond 64 bits': post('Content-Length: 18446744073709551616\r\n', hidden),
    'a length in a folded line': post('Content-Length:\r\n 0\r\n\t5\r\n', hidden),
    'a blank before the colon': post('Content-Length : 0\r\n', hidden),
    'a blank before the name': `POST / HTTP/1.1\r\n Host: x\r\n\r\n${hidden}`,
    'an unknown encoding': post('Transfer-Encoding: xchunked\r\n', `0\r\n\r\n${hidden}`),
    'chunked, then another': post('Transfer-Encoding: chunked, identity\r\n', `0\r\n\r\n${hidden}`),
    'two encodings': post('Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n', `0\r\n\r\n${hidden}`),
    'an encoding behind a vertical tab': post('Transfer-Encoding: \vchunked\r\n', `0\r\n\r\n${hidden}`),
    'an encoding in a folded line': post('Transfer-Encoding:\r\n x\r\n', `0\r\n\r\n${hidden}`),
    'a size with 0x': post('Transfer-Encoding: chunked\r\n', `0x5\r\nhello\r\n0\r\n\r\n${hidden}`),
    'a size below 0': post('Transfer-Encoding: chunked\r\n', `-5\r\nhello\r\n0\r\n\r\n${hidden}`),
    'a size with a sign': post('Transfer-Encoding: chunked\r\n', `+5\r\nhello\r\n0\r\n\r\n${hidden}`),
    'a size that is none': post('Transfer-Encoding: chunked\r\n', `G\r\nhello\r\n0\r\n\r\n${hidden}`),
    'a size beyond 64 bits': post('Transfer-Encoding: chunked\r\n', `10000000000000005\r\nhello\r\n0\r\n\r\n${hidden}`),
    'no size': post('Transfer-Encoding: chunked\r\n', `\r\nhello\r\n0\r\n\r\n${hidden}`),
    'a chunk longer than its size': post('Transfer-Encoding: chunked\r\n', `3\r\nhello\r\n0\r\n\r\n${hidden}`),
    'a chunk that ends with a line feed only': post('Transfer-Encoding: chunked\r\n', `5\nhello\n0\n\n${hidden}`),
    'a carriage return alone in a header': post('X-A: 1\rContent-Length: 0\r\n', hidden),
    'a NUL in a header': post('X-A: a\0b\r\nContent-Length: 0\r\n', hidden),
    'a NUL in a name': post('X\0A: b\r\nContent-Length: 0\r\n', hidden),
    'no colon': post('Content-Length 0\r\n', hidden),
    'no host': `GET /v2 HTTP/1.1\r\n\r\n${hidden}`,
    'a method of its own': `SMUGGLE /v2 HTTP/1.1\r\nHost: x\r\n\r\n${hidden}`,
    'a version of its own': `GET /v2 HTTP/1.1x\r\nHost: x\r\n\r\n${hidden}`,
    'a preface of HTTP/2': `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${hidden}`,
    'a handshake of TLS': `\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03${hidden}`,
  };

  it.each(Object.entries(forms))('refuses %s, and hears nothing behind it', async (form, text) => {
    const got = await raw(server.port, text);
    expect(statuses(got)).toEqual([400]);
    expect(got).not.toContain('"live"');
    expect(got).toMatch(/connection: close/i);
    if (form !== 'no host') expect(got).toMatch(/\r\n\r\n\{"error":".*","code":"bad-request"\}$/); // that one is Node's own
    await works();
  });

  it('takes what comes behind HTTP/1.0 with chunks for nothing', async () => {
    const got = await raw(server.port, post('Transfer-Encoding: chunked\r\n', `0\r\n\r\n${hidden}`, '1.0'));
    expect(statuses(got).length).toBeLessThan(2);
    expect(got).not.toContain('"live"');
  });

  it('reads a body that looks like a request as a body', async () => {
    const got = await raw(server.port, post(`Content-Length: ${hidden.length}\r\nConnection: close\r\n`, hidden));
    expect(statuses(got)).toEqual([400]);
    expect(got).not.toContain('"live"');
  });

  it('does not put its refusal before the answer to an earlier request', async () => {
    const first = post(`Content-Length: ${body.length}\r\n`, body);
    const got = await raw(server.port, `${first}GARBAGE\r\n\r\n`);
    expect(statuses(got)).not.toContain(400); // the client would take it for what became of its good request
    await works();
  });
});

describe('heads', () => {
  it('refuses 100,000 headers, a long one, and more lines than anybody needs', async () => {
    const lines = (count: number): string => Array.from({ length: count }, (_, i) => `a${i}: b\r\n`).join('');
    for (const text of [
      post(lines(100_000), ''),
      `GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'a'.repeat(100_000)}\r\n\r\n`,
      `GET /${'a'.repeat(100_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
    ]) {
      // What it has not read when it closes may take the answer with it: then nothing comes.
      expect(['431', ''], text.slice(0, 30)).toContain((await raw(server.port, text)).slice(9, 12));
    }
    expect(await raw(server.port, `GET /v2 HTTP/1.1\r\nHost: x\r\n${lines(600)}\r\n`)).toMatch(
      /^HTTP\/1\.1 431 [\s\S]*more than 500/,
    );
    expect(await raw(server.port, `GET /v2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${lines(400)}\r\n`)).toMatch(
      /^HTTP\/1\.1 200 /,
    );
    await works();
  });

  it('refuses 100,000 trailers, and extensions of chunks without end', async () => {
    const trailers = Array.from({ length: 100_000 }, (_, i) => `a${i}: b\r\n`).join('');
    const texts = [`${chunk(body)}0\r\n${trailers}\r\n`, `5;${'x'.repeat(100_000)}\r\nhello\r\n0\r\n\r\n`];
    for (const text of texts) {
      const got = await raw(server.port, post('Transfer-Encoding: chunked\r\n', text));
      expect(statuses(got).every((status) => status >= 400 && status < 500)).toBe(true);
    }
    await works();
  });

  it.each([
    'OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    'CONNECT example.org:443 HTTP/1.1\r\nHost: x\r\n\r\n',
    'GET http://example.org/v2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    'GET //example.org/v2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    'GET /%00%ff%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\nConnection: close\r\n\r\n',
    'GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n',
    'GET /v2 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n',
    'GET /v2 HTTP/1.1\r\nHost: x\r\nExpect: something\r\nConnection: close\r\n\r\n',
    'TRACE / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  ])('is never at fault itself: %s', async (text) => {
    const got = statuses(await raw(server.port, text));
    expect(got.length).toBeLessThan(2);
    for (const status of got) expect(status).toBeLessThan(500);
    await works();
  });
});

describe('connections', () => {
  it('drops those who send byte by byte, however many', async () => {
    const slow = Array.from({ length: 200 }, async () => {
      const socket = connect(server.port, '127.0.0.1');
      const end = closed(socket);
      await once(socket, 'connect');
      socket.write('POST /v2 HTTP/1.1\r\nHost: x\r\n');
      const timer = setInterval(() => socket.write('X-A: b\r\n'), 200);
      await end;
      clearInterval(timer);
    });
    await works(); // while they hold on
    await Promise.all(slow);
    await works();
  });

  it('drops those who send a chunk of a byte now and then', async () => {
    const socket = connect(server.port, '127.0.0.1');
    const end = closed(socket);
    await once(socket, 'connect');
    socket.write(post('Transfer-Encoding: chunked\r\n', ''));
    const timer = setInterval(() => socket.write('1\r\n \r\n'), 100);
    await end;
    clearInterval(timer);
    await works();
  });

  it('closes what its client has half closed, in every state', async () => {
    const halves = [
      '',
      'GET',
      'GET / HTTP/1.1\r\nHost: x\r\n',
      post('Content-Length: 100\r\n', '{'),
      post('Transfer-Encoding: chunked\r\n', '5\r\nab'),
    ];
    for (const text of halves) {
      const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
      const end = once(socket, 'end');
      socket.on('error', () => {}).resume();
      await once(socket, 'connect');
      socket.end(text);
      await end;
    }
    await works();
  });

  it('drops a client that takes nothing of its answers', async () => {
    const rows = 50_000;
    const large = inferBody(
      Array.from({ length: rows * 3 }, () => 0.123_456_7),
      [rows, 3],
    );
    const own = await deploy(bytes, { port: 0, name: 'm', stopOn: [], stalledMs: 500 });
    const socket = connect(own.port, '127.0.0.1');
    socket.on('error', () => {}).pause();
    const end = new Promise<void>((resolve) => void socket.once('close', () => resolve()));
    await once(socket, 'connect');
    const request = post(`Content-Length: ${large.length}\r\n`, large);
    for (let i = 0; i < 12; i++) socket.write(request);
    // Whoever reads nothing notices by its writing that the other side is gone.
    const timer = setInterval(() => socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'), 100);
    await end;
    clearInterval(timer);
    await works(own);
    await own.stop();
  });

  it('closes more connections than it may have, and takes new ones when there is room', async () => {
    const own = await deploy(bytes, { port: 0, name: 'm', stopOn: [], maxConnections: 20 });
    const sockets = Array.from({ length: 20 }, () => connect(own.port, '127.0.0.1'));
    for (const socket of sockets) socket.on('error', () => {});
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    while ((await raw(own.port, hidden)) !== ''); // they are all taken when another one is not
    for (const socket of sockets) socket.destroy();
    while (!(await raw(own.port, hidden)).includes('"live"'));
    await works(own);
    await own.stop();
  });

  it('stops at once, though there are connections that say nothing', async () => {
    const own = await deploy(bytes, { port: 0, name: 'm', stopOn: [] });
    const silent = Array.from({ length: 50 }, () => connect(own.port, '127.0.0.1'));
    const ends = silent.map(closed);
    await Promise.all(silent.map((socket) => once(socket, 'connect')));
    const start = performance.now();
    await own.stop();
    await Promise.all(ends);
    expect(performance.now() - start).toBeLessThan(5000);
  });
});

describe('pages of other sites', () => {
  const from = (origin: string, init: RequestInit = {}, at = server) =>
    fetch(`${at.url}/v2/models/m/infer`, { method: 'POST', body, ...init, headers: { origin, ...init.headers } });

  it('may not ask a server that asks nobody for a key', async () => {
    for (const origin of ['https://example.org', 'null', 'http://localhost:1', 'x'.repeat(5000)]) {
      const response = await from(origin);
      expect([response.status, await response.json()]).toEqual([
        403,
        { error: expect.stringContaining('--allow-origin'), code: 'forbidden' },
      ]);
    }
    // A name of their own for this machine does not make them its pages.
    const rebound = await raw(
      server.port,
      `POST /v2/models/m/infer HTTP/1.1\r\nHost: evil.example:80\r\nOrigin: http://evil.example:80\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    expect(statuses(rebound)).toEqual([403]);
    expect((await from(server.url)).status).toBe(200); // its own page
  });

  it('may where they are allowed, and can read what they get', async () => {
    const own = await deploy(bytes, { port: 0, name: 'm', stopOn: [], origins: ['https://example.org'] });
    const asked = await from('https://example.org', {}, own);
    expect([asked.status, asked.headers.get('access-control-allow-origin'), asked.headers.get('vary')]).toEqual([
      200,
      'https://example.org',
      'origin',
    ]);
    const before = await from(
      'https://example.org',
      { method: 'OPTIONS', body: null, headers: { 'access-control-request-method': 'POST' } },
      own,
    );
    expect([before.status, before.headers.get('access-control-allow-methods')]).toEqual([204, 'GET, POST']);
    const other = await from('https://example.com', {}, own);
    expect([other.status, other.headers.get('access-control-allow-origin')]).toEqual([403, null]);
    await own.stop();
  });
});
