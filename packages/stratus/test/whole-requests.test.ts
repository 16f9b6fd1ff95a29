// Requests that come in one piece and those that do not: whatever way they take, they get the same answers.
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Deployment, deploy } from '../src/deploy.ts';
import { inferBody, smallBytes } from './serving.ts';

let server: Deployment;
beforeAll(async () => {
  server = await deploy(await smallBytes(), { port: 0, name: 'small', stopOn: [] });
});
afterAll(() => server.stop());

const body = inferBody([1, 2, 3], [1, 3]);
const requestOf = (more: readonly string[] = [], content = body, path = '/v2/models/small/infer'): string =>
  [`POST ${path} HTTP/1.1`, 'Host: localhost', `Content-Length: ${Buffer.byteLength(content)}`, ...more, '', content].join(
    '\r\n',
  );

/** Sends pieces, each when the one before was taken, and collects until so many answers are there or the connection ends. */
async function say(pieces: readonly string[], answers = 1): Promise<string> {
  const socket: Socket = connect(server.port, '127.0.0.1').setNoDelay(true);
  let got = '';
  const done = new Promise<void>((resolve, reject) => {
    socket.on('data', (part) => {
      got += part.toString();
      const whole = got.split('HTTP/1.1 ').slice(1);
      const isWhole = (text: string): boolean => {
        const [head, rest] = [text.slice(0, text.indexOf('\r\n\r\n')), text.slice(text.indexOf('\r\n\r\n') + 4)];
        return rest.length >= Number(/content-length: (\d+)/i.exec(head)?.[1] ?? Number.NaN);
      };
      if (whole.length >= answers && whole.every(isWhole)) resolve();
    });
    socket.once('close', () => resolve());
    socket.once('error', reject);
  });
  for (const piece of pieces) {
    await new Promise((resolve) => socket.write(piece, resolve));
    await new Promise((resolve) => setTimeout(resolve, pieces.length > 1 ? 20 : 0)); // so that they arrive one by one
  }
  await done;
  socket.destroy();
  return got;
}

const jsonOf = (answer: string): unknown => JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4));
const statusOf = (answer: string): number => Number(answer.slice(9, 12));

describe('one request', () => {
  it('gets the same answer whole and in pieces', async () => {
    const request = requestOf(['X-Request-Id: r-1']);
    const whole = await say([request]);
    const pieces = await say([request.slice(0, 30), request.slice(30, -10), request.slice(-10)]);
    expect([statusOf(whole), statusOf(pieces)]).toEqual([200, 200]);
    expect(jsonOf(whole)).toEqual(jsonOf(pieces));
    for (const answer of [whole, pieces])
      expect(answer.toLowerCase()).toMatch(/\r\nx-request-id: r-1\r\n[\s\S]*date: |date: [\s\S]*\r\nx-request-id: r-1\r\n/);
  });

  it('may begin with a single byte', async () => {
    const request = requestOf();
    for (const first of [1, 5, 6, 7]) expect(statusOf(await say([request.slice(0, first), request.slice(first)]))).toBe(200);
  });

  it('is given an id where it has none', async () => {
    expect(await say([requestOf()])).toMatch(/\r\nx-request-id: [\w-]{36}\r\n/i);
  });

  it.each([
    ['a model that is not there', requestOf([], body, '/v2/models/smal/infer'), 404, "Did you mean 'small'"],
    ['JSON that is none', requestOf([], '{'), 400, 'not valid JSON'],
    ['no body', requestOf([], ''), 400, 'The body is empty'],
    ['a page of another site', requestOf(['Origin: https://example.org']), 403, 'may not ask'],
    ['two lengths', requestOf(['Content-Length: 3']), 400, 'one way only'],
    ['a length and chunks', requestOf(['Transfer-Encoding: chunked']), 400, 'one way only'],
    ['an odd name of a header', requestOf(['x y: 1']), 400, 'one way only'],
    ['a header over two lines', requestOf(['x: 1', ' 2']), 400, 'one way only'],
  ])('is refused for %s', async (_, request, status, part) => {
    const answer = await say([request]);
    expect(answer).toContain(part);
    expect(statusOf(answer)).toBe(status);
  });
});

describe('one connection', () => {
  it('takes one request after another, and several at once, in order', async () => {
    const ids = ['a', 'b', 'c', 'd'];
    const requests = ids.map((id) => requestOf([`X-Request-Id: ${id}`]));
    const order = (text: string): string[] => [...text.matchAll(/x-request-id: (\w)/gi)].map(([, id]) => id!);
    expect(order(await say(requests, 4))).toEqual(ids);
    expect(order(await say([requests.join('')], 4))).toEqual(ids);
    expect(order(await say([requests[0]!, requests.slice(1).join('')], 4))).toEqual(ids);
  });

  it('is closed after an answer where its client wants that', async () => {
    expect(await say([requestOf(['Connection: close'])], 2)).toMatch(/^HTTP\/1\.1 200 .*\r\n[\s\S]*connection: close\r\n/i);
  });
});
