// What is sent to the port of gRPC: messages of calls, and frames of HTTP/2.
import { gzipSync } from 'node:zlib';
import { described, floatsOf, health, inference, rawRequest, reflection } from './grpc-client.ts';
import { bentBytes, oddTexts } from './hostile-values.ts';
import { framed } from './raw-grpc.ts';
import type { Seeded } from './seeded.ts';
import { answer } from './serving.ts';

/** A call: its headers, and what is sent as its messages. */
export interface GrpcCall {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Says what is wrong with the answer of a right call. */
  readonly wanted?: (bytes: Buffer) => string | undefined;
}

const infer = described(inference, 'ModelInfer');
/** The numbers of the first output. */
const rawOf = (bytes: Buffer): number[] =>
  floatsOf((infer.responseDeserialize(bytes.subarray(5)) as { raw_output_contents: Buffer[] }).raw_output_contents[0]!);

const pathOf = (method: string, service = inference): string => `/${service}/${method}`;
const plain = { ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' };

/** A right call of ModelInfer. */
export function rightCall(random: Seeded): GrpcCall {
  const rows = random.many(1 + random.below(3), () => random.many(3, () => random.below(100) - 50));
  const message = infer.requestSerialize({ ...rawRequest(rows), model_name: 'small', id: String(random.below(100)) });
  return {
    headers: { ...plain, ':path': pathOf('ModelInfer') },
    body: framed(message),
    wanted(bytes) {
      const got = rawOf(bytes).join();
      const want = rows.flatMap(answer).join();
      return got === want ? undefined : `${got} instead of ${want}`;
    },
  };
}

const messages: readonly (() => readonly [path: string, message: Buffer])[] = [
  () => [pathOf('ModelInfer'), infer.requestSerialize({ ...rawRequest([[1, 2, 3]]), model_name: 'small' })],
  () => [
    pathOf('ModelInfer'),
    infer.requestSerialize({
      model_name: 'whole',
      inputs: [{ name: 'x', datatype: 'INT64', shape: [1, 2], contents: { int64_contents: [1, 2] } }],
    }),
  ],
  () => [
    pathOf('ModelInfer'),
    infer.requestSerialize({
      model_name: 'words',
      inputs: [
        { name: 'x', datatype: 'BYTES', shape: [1, 2], contents: { bytes_contents: [Buffer.from('a'), Buffer.from('é')] } },
      ],
      outputs: [{ name: 'y' }],
    }),
  ],
  () => [pathOf('ModelStreamInfer'), infer.requestSerialize({ ...rawRequest([[1, 2, 3]]), model_name: 'small' })],
  () => [pathOf('ModelMetadata'), described(inference, 'ModelMetadata').requestSerialize({ name: 'small' })],
  () => [pathOf('ModelStatistics'), described(inference, 'ModelStatistics').requestSerialize({ name: 'small' })],
  () => [pathOf('RepositoryIndex'), described(inference, 'RepositoryIndex').requestSerialize({ ready: true })],
  () => [pathOf('ServerLive'), Buffer.alloc(0)],
  () => [pathOf('Check', health), described(health, 'Check').requestSerialize({ service: 'small' })],
  () => [
    pathOf('ServerReflectionInfo', reflection),
    described(reflection, 'ServerReflectionInfo').requestSerialize({ list_services: '' }),
  ],
];

/** A call that is wrong, or odd. */
export function bentCall(random: Seeded): GrpcCall {
  const [path, message] = random.pick(messages)();
  const bent = random.chance(0.7) ? bentBytes(message, random) : random.chance(0.5) ? random.bytes(random.below(64)) : message;
  const headers: Record<string, string> = { ...plain, ':path': path };
  let body = framed(bent);
  switch (random.below(12)) {
    case 0:
      body = framed(bent, { flag: random.below(256) });
      break;
    case 1:
      body = framed(bent, { length: random.pick([bent.length + 1, bent.length - 1, 0xffffffff, 0, 2 ** 24 + 1]) });
      break;
    case 2:
      body = random.bytes(random.below(12));
      break;
    case 3:
      headers['grpc-encoding'] = random.pick(['gzip', 'deflate', 'br', '', 'identity']);
      body = framed(random.chance(0.5) ? gzipSync(bent) : bent, { flag: 1 });
      break;
    case 4:
      headers['grpc-timeout'] = random.pick(['1n', '1h', '', '-1S', '99999999H', '999999999S', 'x', '0S']);
      break;
    case 5:
      headers[':path'] = random.pick([
        '/',
        '/x',
        '/inference.GRPCInferenceService/Nothing',
        `/${'a'.repeat(2000)}`,
        '/a/b/c',
        '/%00',
      ]);
      break;
    case 6:
      headers['content-type'] = random.pick([
        'application/grpc+json',
        'text/plain',
        '',
        'application/grpc+proto',
        'application/grpc;x',
      ]);
      break;
    case 7:
      headers['x-odd'] = random.pick(oddTexts).replaceAll(/[^\x20-\x7e]/g, '?');
      headers[random.pick(['authorization', 'grpc-accept-encoding', 'x-request-id', 'key-bin'])] = random.pick([
        '',
        'Bearer x',
        '???',
        'x'.repeat(3000),
      ]);
      break;
    case 8:
      body = Buffer.concat(random.many(1 + random.below(5), () => body));
      break;
    case 9:
      headers[':method'] = random.pick(['GET', 'PUT', 'OPTIONS']);
      break;
    default:
  }
  return { headers, body };
}

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

function frame(type: number, flags: number, stream: number, payload: Buffer, length = payload.length): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(length & 0xffffff, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream >>> 0, 5);
  return Buffer.concat([head, payload]);
}

/** A block of headers without Huffman codes and without the table. */
const block = (headers: readonly (readonly [string, string])[]): Buffer =>
  Buffer.concat(
    headers.map(([name, value]) =>
      Buffer.concat([Buffer.from([0, name.length]), Buffer.from(name), Buffer.from([value.length]), Buffer.from(value)]),
    ),
  );
const call = block([
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', pathOf('ModelInfer')],
  [':authority', 'x'],
  ['content-type', 'application/grpc'],
  ['te', 'trailers'],
]);

/** A frame of any type that is nearly what it should be. */
function anyFrame(random: Seeded): Buffer {
  const stream = random.pick([0, 1, 1, 3, 5, 2, 0x7fffffff, 0x80000001]);
  const flags = random.chance(0.7) ? random.pick([0, 1, 4, 5, 8, 0x20]) : random.below(256);
  switch (random.below(11)) {
    case 0:
      return frame(0, flags, stream, framed(random.bytes(random.below(40))));
    case 1:
      return frame(1, 4 | flags, stream, random.chance(0.5) ? call : bentBytes(call, random));
    case 2:
      return frame(2, flags, stream, random.bytes(random.pick([5, 5, 4])));
    case 3:
      return frame(3, flags, stream, random.bytes(random.pick([4, 4, 5])));
    case 4:
      return frame(4, flags & 1, random.pick([0, 0, 1]), random.bytes(6 * random.below(4) + random.pick([0, 0, 0, 1])));
    case 5:
      return frame(5, flags, stream, call);
    case 6:
      return frame(6, flags, random.pick([0, 0, 1]), random.bytes(random.pick([8, 8, 7])));
    case 7:
      return frame(7, flags, random.pick([0, 1]), random.bytes(8 + random.below(8)));
    case 8:
      return frame(8, flags, stream, random.bytes(random.pick([4, 4, 3])));
    case 9:
      return frame(9, flags, stream, random.bytes(random.below(40)));
    default:
      return frame(random.below(256), flags, stream, random.bytes(random.below(40)), random.pick([0, 8, 2 ** 14, 2 ** 24 - 1]));
  }
}

/** What a connection sends that speaks HTTP/2 not well, or not at all. */
export function frames(random: Seeded): Buffer {
  if (random.chance(0.1)) return random.bytes(random.below(200));
  const good = [frame(4, 0, 0, Buffer.alloc(0)), frame(1, 4, 1, call), frame(0, 1, 1, framed(messages[0]!()[1]))];
  const list = random.chance(0.5)
    ? [...good, ...random.many(random.below(6), () => anyFrame(random))]
    : random.many(1 + random.below(12), () => anyFrame(random));
  const bytes = Buffer.concat([preface, ...list]);
  return random.chance(0.4) ? bentBytes(bytes, random) : bytes;
}
