// Bytes that are not quite HTTP/1.1: forms that two readers would read in two ways, heads that are too much, and what has been cut off or changed by chance.
import { bentBytes } from './hostile-values.ts';
import type { Seeded } from './seeded.ts';
import { inferBody } from './serving.ts';

/** What is sent on a connection of its own, whose other end is closed behind it. */
export interface Framing {
  readonly bytes: Buffer;
  /** Must not be heard: it stands where one reader sees a request, and another one the body of the request before. */
  readonly hides: boolean;
}

/** Would tell by its answer that it was heard. */
const hidden = 'GET /v2/health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
/** How the answer to `hidden` looks. */
export const heard = '{"live":true}';

const body = inferBody([1, 2, 3], [1, 3]);
const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
const chunked = 'Transfer-Encoding: chunked\r\n';
const post = (headers: string, content: string, version = '1.1'): string =>
  `POST /v2/models/small/infer HTTP/${version}\r\nHost: x\r\n${headers}\r\n${content}`;

/** Blanks that some readers skip. */
const blanks = ['\t', '\v', '\f', '\0', '\x85', '\xa0', ' \t'] as const;

/** Lengths and encodings that contradict each other, or can be read in two ways. All of them are refused. */
const ambiguous: readonly ((random: Seeded) => string)[] = [
  (random) => post(`Content-Length: ${random.below(200)}\r\n${chunked}`, `0\r\n\r\n${hidden}`),
  (random) => post(`${chunked}Content-Length: ${random.below(200)}\r\n`, `${chunk(body)}0\r\n\r\n${hidden}`),
  (random) => post(`Content-Length: ${random.below(9)}\r\nContent-Length: ${10 + random.below(9)}\r\n`, hidden),
  (random) => post(`Content-Length: ${random.below(9)}, ${10 + random.below(9)}\r\n`, hidden),
  (random) => post(`Content-Length: ${random.pick(['+', '-', '0x', '1e', '.', '0_', '٣'])}${random.below(9)}\r\n`, hidden),
  (random) => post(`Content-Length: 1844674407370955161${6 + random.below(4)}\r\n`, hidden),
  (random) => post(`Content-Length:\r\n ${random.below(9)}\r\n\t5\r\n`, hidden),
  (random) => post(`Content-Length${random.pick([' ', '\t', '\v', '\0'])}: 0\r\n`, hidden),
  (random) =>
    post(
      `Transfer-Encoding: ${random.pick(['xchunked', 'chunked, identity', 'chunked;q=1', '"chunked"', 'chunke', 'gzip'])}\r\n`,
      `0\r\n\r\n${hidden}`,
    ),
  (random) => post(`${chunked}Transfer-Encoding: ${random.pick(['identity', 'x', 'gzip'])}\r\n`, `0\r\n\r\n${hidden}`),
  (random) => post(`Transfer-Encoding: ${random.pick(['\v', '\f', '\0', '\x85', '\xa0'])}chunked\r\n`, `0\r\n\r\n${hidden}`),
  (random) =>
    post(
      chunked,
      `${random.pick(['0x5', '-5', '+5', 'G', '5 5', '', ' ', '5;\n', '10000000000000005', 'fffffffffffffffff'])}\r\nhello\r\n0\r\n\r\n${hidden}`,
    ),
  (random) => post(chunked, `${random.below(4)}\r\nhello\r\n0\r\n\r\n${hidden}`),
  () => post(chunked, `5\nhello\n0\n\n${hidden}`),
  (random) => post(`X-A: 1${random.pick(['\r', '\0', '\r\0'])}Content-Length: 0\r\n`, hidden),
  (random) => `GET /v2 HTTP/${random.pick(['1.1x', '1', '9.9', '1.1.1', '0x1.1', '-1.1'])}\r\nHost: x\r\n\r\n${hidden}`,
  (random) => `${random.pick(['SMUGGLE', 'get', 'G ET', '\0GET', 'PRI'])} /v2 HTTP/1.1\r\nHost: x\r\n\r\n${hidden}`,
  () => `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${hidden}`,
  (random) => `\x16\x03\x01${random.bytes(8).toString('latin1')}\r\n\r\n${hidden}`,
];

/** Heads, bodies and rows of requests that are odd, but can be read in one way. */
const odd: readonly ((random: Seeded) => string)[] = [
  (random) => post(`Content-Length: ${body.length + random.below(50)}\r\n`, body),
  (random) => post(`Content-Length: ${random.below(body.length)}\r\n`, body),
  (random) =>
    post(
      chunked,
      `${body.length.toString(16)};${random.pick(['a', 'a=b', 'a="b;c"', '\t', 'x'.repeat(2000)])}\r\n${body}\r\n0\r\n\r\n`,
    ),
  (random) =>
    post(
      chunked,
      `${[...body].map((one) => chunk(one)).join('')}0\r\n${random.pick(['', 'A: b\r\n', 'Content-Length: 5\r\n'])}\r\n`,
    ),
  (random) => post(`X-A: b\r\n${random.pick(blanks)}c\r\nContent-Length: ${body.length}\r\n`, body),
  (random) => `GET /v2 HTTP/1.1\r\nHost: x\r\n${random.many(random.below(700), () => 'a: b\r\n').join('')}\r\n`,
  (random) => `GET /${'a'.repeat(random.below(20_000))} HTTP/1.1\r\nHost: x\r\n\r\n`,
  (random) => `GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'a'.repeat(random.below(20_000))}\r\n\r\n`,
  (random) =>
    `${random.pick(['OPTIONS *', 'CONNECT example.org:443', 'GET http://example.org/v2', 'GET //x/v2', 'GET /%00%ff%zz', 'TRACE /', 'HEAD /v2', 'GET /../../etc/passwd'])} HTTP/1.1\r\nHost: ${random.pick(['x', '', 'a b', 'x\r\nHost: y', '[::1', 'x:99999999'])}\r\n\r\n`,
  (random) => post(`Content-Length: ${body.length}\r\n`, body).repeat(1 + random.below(20)),
  (random) =>
    `${post(`Content-Length: ${body.length}\r\n`, body)}${random.pick(['GARBAGE\r\n\r\n', '\r\n\r\n\r\n', '\0', hidden])}`,
  (random) => post('', body, random.pick(['1.0', '0.9', '1.1'])),
  (random) =>
    post(
      `Expect: 100-continue\r\nContent-Length: ${random.pick(['99999999999', String(body.length), '9007199254740993'])}\r\n`,
      body,
    ),
  (random) =>
    `GET /v2 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade${random.pick([', HTTP2-Settings', ''])}\r\nUpgrade: ${random.pick(['h2c', 'websocket', 'x'])}\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n`,
  (random) => random.bytes(random.below(300)).toString('latin1'),
  () => '',
];

/** One of them; some are bent by chance besides. */
export function framing(random: Seeded): Framing {
  if (random.chance(0.4)) return { bytes: Buffer.from(random.pick(ambiguous)(random), 'latin1'), hides: true };
  const bytes = Buffer.from(random.pick(random.chance(0.3) ? ambiguous : odd)(random), 'latin1');
  return { bytes: random.chance(0.6) ? bentBytes(bytes, random) : bytes, hides: false };
}
