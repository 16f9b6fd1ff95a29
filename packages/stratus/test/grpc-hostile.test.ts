// What a client of gRPC can do wrong, by mistake or not: whatever comes, the server answers or refuses, blames nobody else, and lives on.
import { once } from 'node:events';
import { type ClientHttp2Session, connect as connectHttp2, constants } from 'node:http2';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type Deployment, deploy } from '../src/deploy.ts';
import { described, floatsOf, GrpcClient, health, inference, rawRequest } from './grpc-client.ts';
import { closing, type Ended, ending, framed } from './raw-grpc.ts';
import { raw } from './raw-socket.ts';
import { answer, smallBytes } from './serving.ts';

let server: Deployment;
let client: GrpcClient;
const reported: unknown[] = [];
const bodyLimitBytes = 200_000;
beforeAll(async () => {
  const timeouts = { headersTimeoutMs: 1000, requestTimeoutMs: 1500 };
  const report = (e: unknown) => void reported.push(e);
  server = await deploy(await smallBytes(), { port: 0, grpcPort: 0, name: 'm', stopOn: [], bodyLimitBytes, report, ...timeouts });
  client = new GrpcClient(server.grpc!);
});
afterAll(async () => {
  client.close();
  await server.stop();
});
afterEach(async () => {
  const { raw_output_contents: raw } = await client.ask('ModelInfer', rawRequest([[1, 2, 3]]));
  expect(floatsOf(raw[0])).toEqual(answer([1, 2, 3]));
  expect(reported).toEqual([]);
});

const path = `/${inference}/ModelInfer`;
const right = described(inference, 'ModelInfer').requestSerialize(rawRequest([[1, 2, 3]], { id: '7' }));

async function withSession<T>(use: (session: ClientHttp2Session) => Promise<T>): Promise<T> {
  const session = connectHttp2(`http://${server.grpc}`);
  session.on('error', () => {});
  try {
    return await use(session);
  } finally {
    session.destroy();
  }
}

const head = (more: object = {}) => ({
  ':method': 'POST',
  ':path': path,
  'content-type': 'application/grpc',
  te: 'trailers',
  ...more,
});

const call = (body: Uint8Array, more: object = {}): Promise<Ended> =>
  withSession((session) => {
    const stream = session.request(head(more));
    stream.end(body);
    return ending(stream);
  });

it('takes a right call written by hand', async () => {
  const { http, status, bytes } = await call(framed(right));
  expect([http, status]).toEqual([200, 0]);
  expect(bytes.subarray(0, 5).toString('hex')).toBe('0000000026');
  expect(bytes.subarray(5).toString('hex')).toBe('0a016d1201311a01372a0d0a01791204465033321a020103320c0000c03f0000804000001041');
});

it('refuses what is no call, with the status of what is wrong', async () => {
  const cases: readonly (readonly [Uint8Array, object, number | undefined, string])[] = [
    [framed(right), { ':path': '/inference.GRPCInferenceService/ModelInfr' }, 12, 'Did you mean'],
    [framed(right), { ':path': '/' }, 12, 'There is no call'],
    [framed(right), { 'grpc-encoding': 'br' }, 12, 'known are identity, gzip, deflate'],
    [framed(right), { 'grpc-timeout': '1h' }, 3, 'grpc-timeout is "1h"'],
    [framed(right), { 'grpc-timeout': '999999999S' }, 3, 'grpc-timeout'],
    [framed(right, { flag: 1 }), {}, 3, 'does not say how'],
    [framed(right, { flag: 7 }), {}, 3, 'A message begins with 7'],
    [framed(right, { flag: 1 }), { 'grpc-encoding': 'gzip' }, 3, 'is no gzip'],
    [framed(gzipSync(Buffer.alloc(bodyLimitBytes + 1)), { flag: 1 }), { 'grpc-encoding': 'gzip' }, 8, 'larger than the limit'],
    [framed(right, { length: right.length + 1 }), {}, 3, 'not whole'],
    [framed(right, { length: 0xffffffff }), {}, 8, 'larger than the limit'],
    [Buffer.from([0, 0, 0]), {}, 3, 'not whole'],
    [Buffer.alloc(0), {}, 3, 'none came'],
    [Buffer.concat([framed(right), framed(right)]), {}, 3, 'more came'],
    [framed(Buffer.from('ffffffffffffffffff', 'hex')), {}, 3, 'This is no message inference.ModelInferRequest'],
    [framed(Buffer.from('0aff', 'hex')), {}, 3, 'This is no message'],
    [framed(Buffer.from('0a02c328', 'hex')), {}, 3, 'This is no message'], // not UTF-8
    [framed(Buffer.from('08017a', 'hex')), {}, 3, 'wire type'],
    [framed(Buffer.concat(Array.from({ length: 70_000 }, () => Buffer.from('2a00', 'hex')))), {}, 3, 'more than 65536 values'],
    [framed(Buffer.from('2b'.repeat(5000), 'hex')), {}, 3, 'wire type'],
    [framed(Buffer.from('4b'.repeat(5000), 'hex')), {}, 3, 'recursion'], // groups in groups
  ];
  for (const [body, more, status, reason] of cases) {
    const seen = await call(body, more);
    expect([seen.http, seen.status], `${reason}: ${seen.message}`).toEqual([200, status]);
    expect(seen.message).toContain(reason);
  }
  const compressed = await call(framed(gzipSync(right), { flag: 1 }), { 'grpc-encoding': 'gzip' });
  expect(compressed.status).toBe(0);
  expect((await call(framed(right), { ':method': 'GET' })).http).toBe(405);
  for (const type of ['application/json', 'application/grpc+json', 'application/grpc-web'])
    expect((await call(framed(right), { 'content-type': type })).http).toBe(415);
});

it('refuses a message by what it says of its length, before it is sent', async () => {
  await withSession(async (session) => {
    const stream = session.request(head());
    stream.write(framed(Buffer.alloc(0), { length: bodyLimitBytes + 1 }));
    expect((await ending(stream)).status).toBe(8);
  });
});

it('gives a message that does not come its time, and no more', async () => {
  await withSession(async (session) => {
    const [begun, silent] = [session.request(head()), session.request(head())];
    begun.write(framed(right).subarray(0, 20));
    expect((await Promise.all([ending(begun), ending(silent)])).map(({ status }) => status)).toEqual([4, 4]);
  });
});

it('closes connections that speak no HTTP/2, or nothing', async () => {
  const closes = (text: string | Buffer): Promise<string> => raw(Number(server.grpc!.split(':')[1]), text);
  await Promise.all([
    closes('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
    closes('POST /v2 HTTP/1.0\r\n\r\n'),
    closes(Buffer.from('16030100050100000100', 'hex')), // the beginning of TLS
    closes(Buffer.alloc(4096, 255)),
    closes('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), // and then nothing
    closes(Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), Buffer.alloc(200, 7)])),
    closes(''),
  ]);
});

it('ends the runs of calls that are reset at once, hundreds of them', async () => {
  await withSession(async (session) => {
    for (let round = 0; round < 20 && !session.destroyed; round++) {
      const streams = Array.from({ length: 40 }, () => {
        const stream = session.request(head());
        stream.on('error', () => {});
        stream.end(framed(right));
        stream.close(constants.NGHTTP2_CANCEL);
        return stream;
      });
      await Promise.all(streams.map((stream) => (stream.destroyed ? undefined : closing(stream))));
    }
  });
});

it('cuts off who only pings', async () => {
  await withSession(async (session) => {
    const closed = closing(session);
    const ping = (): void => {
      if (!session.destroyed) session.ping(() => ping());
    };
    await once(session, 'connect');
    for (let i = 0; i < 5; i++) ping();
    await closed;
  });
});

it('takes too many headers, and too long ones, for what they are', async () => {
  const many = Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`x-${i}`, 'y'.repeat(20)]));
  const seen = await call(framed(right), many);
  expect(seen.status).toBeUndefined();
});

it('lets nobody wait for half-closed connections', async () => {
  await withSession(async (session) => {
    const stream = session.request(head({ ':path': `/${inference}/ModelStreamInfer` }));
    stream.write(framed(right));
    await once(stream, 'data');
    session.destroy(); // in the middle of a stream
  });
});

it('answers the deadline of a client, and ends what nobody waits for', async () => {
  const late = await client.why('ModelInfer', rawRequest([[1, 2, 3]]), { deadline: Date.now() - 1 });
  expect(late.code).toBe(4);
  expect((await call(framed(right), { 'grpc-timeout': '1n' })).status).toBe(4);
  expect((await call(framed(right), { 'grpc-timeout': '99999999H' })).status).toBe(0);
});

it('survives thousands of frames by chance', async () => {
  const seen = new Map<number, number>();
  const seed = fc.sample(fc.constant(right), 1)[0]!;
  const bent = fc
    .array(fc.tuple(fc.nat(seed.length - 1), fc.nat(255), fc.nat(2)), { minLength: 1, maxLength: 4 })
    .map((changes) => {
      let bytes = [...seed];
      for (const [at, byte, kind] of changes) {
        if (kind === 0) bytes[at % bytes.length] = byte;
        else if (kind === 1) bytes = [...bytes.slice(0, at), byte, ...bytes.slice(at)];
        else bytes = bytes.slice(0, Math.max(1, at));
      }
      return Buffer.from(bytes);
    });
  const noise = fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes));
  const methods = ['ModelInfer', 'ModelMetadata', 'ModelStatistics', 'RepositoryIndex', 'ModelStreamInfer'].map(
    (m) => `/${inference}/${m}`,
  );
  const paths = fc.constantFrom(...methods, `/${health}/Check`, '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo');
  const calls = fc.tuple(fc.oneof(bent, noise), paths, fc.constantFrom(0, 0, 0, 1, 9), fc.constantFrom(0, 0, 0, -1, 1, 70_000));
  await withSession(async (session) => {
    for (let round = 0; round < 60; round++) {
      const inputs = fc.sample(calls, { numRuns: 50, seed: 7000 + round });
      const ends = await Promise.all(
        inputs.map(([message, to, flag, longer]) => {
          const stream = session.request(head({ ':path': to }));
          stream.end(framed(message, { flag, length: Math.max(0, message.length + longer) }));
          return ending(stream);
        }),
      );
      for (const { http, status, message } of ends) {
        expect(http).toBe(200);
        expect([0, 3, 5, 8], message).toContain(status);
        expect(message).not.toMatch(/\n\s+at |node:|undefined is not|Cannot read/);
        seen.set(status!, (seen.get(status!) ?? 0) + 1);
      }
    }
  });
  expect(Math.min(seen.get(0)!, seen.get(3)!)).toBeGreaterThan(50);
});
