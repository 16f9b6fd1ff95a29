// Requests over HTTP in every protocol that a model is asked in: right ones, whose answers are known, and what can be made of them.
import { gzipSync } from 'node:zlib';
import { bentBytes, bentText, bentValue, heavyJson, oddTexts } from './hostile-values.ts';
import type { Seeded } from './seeded.ts';
import { answer } from './serving.ts';

/** Which of the servers is asked: that of a folder of models, with keys; that of one model; `stratus serve`. */
export type Place = 'folder' | 'single' | 'api';

/** A request that HTTP has nothing to say against. */
export interface HttpRequest {
  readonly to: Place;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** What the answer has to be, where that is known: says what is wrong with it. */
  readonly wanted?: ((status: number, body: Buffer, head: string) => string | undefined) | undefined;
}

/** A right request in its parts, so that each of them can be made wrong. */
interface Draft extends Omit<HttpRequest, 'body'> {
  /** The body, or what stands before `tail`. */
  readonly json?: unknown;
  readonly tail?: Buffer;
}

type Row = readonly [number, number, number];

const json = 'application/json';
const numberFrom = (random: Seeded): number =>
  random.chance(0.5) ? random.below(2000) - 1000 : Math.fround((random.next() - 0.5) * 10 ** random.below(7));
const rowFrom = (random: Seeded): Row => [numberFrom(random), numberFrom(random), numberFrom(random)];
const rowsFrom = (random: Seeded): Row[] => random.many(1 + random.below(4), () => rowFrom(random));

/** Why these numbers are not those, to float32's precision; undefined where they are. */
function otherThan(got: unknown, want: readonly number[]): string | undefined {
  if (!Array.isArray(got) || got.length !== want.length)
    return `${JSON.stringify(got)?.slice(0, 200)} instead of ${want.length} numbers`;
  const at = want.findIndex((v, i) => !(Math.abs(Number(got[i]) - v) <= 1e-5 * Math.max(1, Math.abs(v))));
  return at < 0 ? undefined : `element ${at} is ${String(got[at])}, not ${want[at]}`;
}

/** Looks at an answer that must be right: JSON, out of which `pick` takes the numbers. */
const numbers =
  (want: readonly number[], pick: (value: never) => unknown) =>
  (status: number, body: Buffer): string | undefined => {
    if (status !== 200) return `answers ${status}`;
    return otherThan(pick(JSON.parse(body.toString()) as never), want);
  };

interface Inferred {
  readonly outputs: readonly { readonly data: unknown }[];
}
const dataOf = ({ outputs }: Inferred): unknown => outputs[0]?.data;
const flatOf = ({ predictions }: { readonly predictions: readonly unknown[] }): unknown => predictions.flat(2);

/** The Open Inference Protocol in JSON. */
function oipJson(random: Seeded): Draft {
  const rows = rowsFrom(random);
  const data = random.chance(0.5) ? rows : rows.flat();
  return {
    to: random.chance(0.8) ? 'folder' : 'single',
    method: 'POST',
    path: `/v2/models/small${random.chance(0.1) ? '/versions/1' : ''}/infer`,
    headers: { 'content-type': json },
    json: {
      ...(random.chance(0.3) && { id: String(random.below(1000)) }),
      inputs: [{ name: 'x', shape: [rows.length, 3], datatype: 'FP32', data }],
      ...(random.chance(0.2) && { outputs: [{ name: 'y' }] }),
      ...(random.chance(0.1) && { parameters: { priority: 1 } }),
    },
    wanted: numbers(rows.flatMap(answer), dataOf),
  };
}

/** The same with tensors as bytes behind the JSON, and the answer as bytes. */
function oipBinary(random: Seeded): Draft {
  const rows = rowsFrom(random);
  const tail = Buffer.from(Float32Array.from(rows.flat()).buffer);
  const value = {
    inputs: [{ name: 'x', shape: [rows.length, 3], datatype: 'FP32', parameters: { binary_data_size: tail.length } }],
    outputs: [{ name: 'y', parameters: { binary_data: true } }],
  };
  return {
    to: 'folder',
    method: 'POST',
    path: '/v2/models/small/infer',
    headers: { 'inference-header-content-length': String(Buffer.byteLength(JSON.stringify(value))) },
    json: value,
    tail,
    wanted: (status, body, head) => {
      if (status !== 200) return `answers ${status}`;
      const at = Number(/inference-header-content-length: (\d+)/i.exec(head)?.[1]);
      const bytes = Uint8Array.from(body.subarray(at));
      return otherThan([...new Float32Array(bytes.buffer)], rows.flatMap(answer));
    },
  };
}

/** The bytes of the only input, without JSON. */
function oipRaw(random: Seeded): Draft {
  const rows = rowsFrom(random);
  return {
    to: 'folder',
    method: 'POST',
    path: '/v2/models/small/infer',
    headers: { 'inference-header-content-length': '0' },
    tail: Buffer.from(Float32Array.from(rows.flat()).buffer),
  };
}

/** Whole numbers, texts and an index, each for a model of its own. */
function oipOther(random: Seeded): Draft {
  const [model, datatype, shape, data] = random.pick([
    ['whole', 'INT64', [1, 2], [random.below(100), -5]],
    ['words', 'BYTES', [1, 2], [random.pick(oddTexts), 'b']],
    ['lookup', 'INT64', [2], [random.below(12) - 6, 1]],
  ] as const);
  return {
    to: 'folder',
    method: 'POST',
    path: `/v2/models/${model}/infer`,
    headers: { 'content-type': json },
    json: { inputs: [{ name: 'x', shape, datatype, data }] },
  };
}

function tensorflow(random: Seeded): Draft {
  const rows = rowsFrom(random);
  const shape = random.below(3);
  const value = [
    { instances: rows },
    { inputs: rows },
    { instances: rows.map((x) => ({ x })), signature_name: 'serving_default' },
  ][shape];
  return {
    to: 'folder',
    method: 'POST',
    path: `/v1/models/small${random.chance(0.1) ? '/versions/1' : ''}:predict`,
    headers: { 'content-type': json },
    json: value,
    wanted: numbers(rows.flatMap(answer), shape === 1 ? ({ outputs }: { outputs: unknown[] }) => outputs.flat(2) : flatOf),
  };
}

function tensorflowExamples(random: Seeded): Draft {
  return {
    to: 'folder',
    method: 'POST',
    path: `/v1/models/${random.pick(['small', 'houses'])}:${random.pick(['classify', 'regress'])}`,
    headers: { 'content-type': json },
    json: { examples: [{ x: rowFrom(random) }], context: { size: 3, city: { b64: 'YQ==' } } },
  };
}

function invocations(random: Seeded): Draft {
  const rows = rowsFrom(random);
  const value = random.pick([
    { dataframe_split: { columns: ['a', 'b', 'c'], index: rows.map((_, i) => i), data: rows } },
    { dataframe_records: rows.map(([a, b, c]) => ({ a, b, c })) },
    { instances: rows, params: {} },
    { inputs: { x: rows } },
  ]);
  return {
    to: 'single',
    method: 'POST',
    path: '/invocations',
    headers: { 'content-type': json },
    json: value,
    wanted: numbers(rows.flatMap(answer), flatOf),
  };
}

const csvOf = (rows: readonly Row[]): Buffer => Buffer.from(`a,b,c\n${rows.map((row) => row.join(',')).join('\n')}\n`);

function invocationsCsv(random: Seeded): Draft {
  const rows = rowsFrom(random);
  return {
    to: 'single',
    method: 'POST',
    path: '/invocations',
    headers: { 'content-type': 'text/csv' },
    tail: csvOf(rows),
    wanted: numbers(rows.flatMap(answer), flatOf),
  };
}

function vertex(random: Seeded): Draft {
  const rows = rowsFrom(random);
  return {
    to: 'single',
    method: 'POST',
    path: '/vertex/predict',
    headers: { 'content-type': json },
    json: { instances: rows, parameters: {} },
    wanted: numbers(rows.flatMap(answer), flatOf),
  };
}

function azure(random: Seeded): Draft {
  const rows = rowsFrom(random);
  return {
    to: 'single',
    method: 'POST',
    path: '/score',
    headers: { 'content-type': json },
    json: random.pick([{ data: rows }, { input_data: { columns: ['a', 'b', 'c'], data: rows } }]),
    wanted: numbers(rows.flatMap(answer), (list: unknown[]) => list.flat(2)),
  };
}

/** The smallest picture: one pixel, as PNG. */
const pixel = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

/** Records: as JSON, as a table, as a text, as an image. */
function predict(random: Seeded): Draft {
  const to = 'folder';
  const method = 'POST';
  const houses = random.many(1 + random.below(3), () => ({ size: random.below(10), city: random.pick(['a', 'b', 'c']) }));
  /** price = 20 * size / 10 + 1 */
  const prices = houses.map(({ size }) => 2 * size + 1);
  const wanted = numbers(prices, ({ predictions }: { predictions: { price: unknown }[] }) =>
    predictions.flatMap(({ price }) => price),
  );
  return random.pick<Draft>([
    { to, method, path: '/v2/models/houses/predict', headers: { 'content-type': json }, json: houses, wanted },
    {
      to,
      method,
      path: '/v2/models/houses/predict',
      headers: { 'content-type': 'text/csv' },
      tail: Buffer.from(`size,city\n${houses.map(({ size, city }) => `${size},${city}`).join('\n')}\n`),
      wanted,
    },
    {
      to,
      method,
      path: '/v2/models/reviews/predict',
      headers: { 'content-type': 'text/plain' },
      tail: Buffer.from('A good film, éè'),
    },
    { to, method, path: '/v2/models/photos/predict', headers: { 'content-type': 'image/png' }, tail: pixel },
    {
      to,
      method,
      path: '/v2/models/photos/predict',
      headers: { 'content-type': json },
      json: [{ photo: pixel.toString('base64') }],
    },
  ]);
}

/** Models are listed, loaded and put away: only one that nobody else asks. */
function repository(random: Seeded): Draft {
  const [path, value] = random.pick([
    ['/v2/repository/index', { ready: random.chance(0.5) }],
    ['/v2/repository/models/cycled/load', {}],
    ['/v2/repository/models/cycled/unload', { parameters: { unload_dependents: true } }],
  ] as const);
  return { to: 'folder', method: 'POST', path, headers: { 'content-type': json }, json: value };
}

const looks = [
  '/',
  '/v2',
  '/v2/health/live',
  '/v2/health/ready',
  '/v2/models',
  '/v2/models/small',
  '/v2/models/small/ready',
  '/v2/models/small/config',
  '/v2/models/small/stats',
  '/v2/models/small/example',
  '/v2/models/stats',
  '/v1/models/small',
  '/v1/models/small/metadata',
  '/docs',
  '/openapi.json',
  '/metrics',
  '/ping',
  '/v2/monitor',
  '/v2/models/small/monitor',
] as const;

/** What is only looked at. */
function look(random: Seeded): Draft {
  return { to: random.chance(0.7) ? 'folder' : 'single', method: 'GET', path: random.pick(looks), headers: {} };
}

/** What asks models, by the name of the protocol, with how often it comes. */
const drafts: readonly (readonly [name: string, weight: number, make: (random: Seeded) => Draft])[] = [
  ['oip-json', 30, oipJson],
  ['oip-binary', 14, oipBinary],
  ['oip-raw', 3, oipRaw],
  ['oip-other', 6, oipOther],
  ['tensorflow', 10, tensorflow],
  ['tensorflow-examples', 3, tensorflowExamples],
  ['invocations', 7, invocations],
  ['invocations-csv', 4, invocationsCsv],
  ['vertex', 4, vertex],
  ['azure', 4, azure],
  ['predict', 10, predict],
  ['repository', 3, repository],
  ['look', 5, look],
];
const total = drafts.reduce((n, [, weight]) => n + weight, 0);

function draftFrom(random: Seeded): readonly [string, Draft] {
  let at = random.below(total);
  for (const [name, weight, make] of drafts) {
    if (at < weight) return [name, make(random)];
    at -= weight;
  }
  throw new Error('the weights do not add up');
}

const bodyOf = ({ json: value, tail }: Draft): Buffer =>
  Buffer.concat([value === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(value)), tail ?? Buffer.alloc(0)]);

/** A right request; where its answer is known, it is looked at. */
export function rightRequest(random: Seeded): readonly [name: string, HttpRequest] {
  const [name, draft] = draftFrom(random);
  return [name, { ...draft, body: bodyOf(draft) }];
}

/** Texts that may stand in a path, though nothing is there. */
const oddPaths = oddTexts.map((text) => (/\p{Surrogate}/u.test(text) ? '%ed%a0%80' : encodeURIComponent(text)));

function bentPath(path: string, random: Seeded): string {
  const parts = path.split('/');
  const at = 1 + random.below(parts.length);
  switch (random.below(4)) {
    case 0:
      return parts.toSpliced(at, 1).join('/') || '/';
    case 1:
      return parts.toSpliced(at, 0, random.pick(oddPaths)).join('/');
    case 2:
      return `${path}?${random.pick(oddPaths)}=${random.pick(oddPaths)}`;
    default:
      return parts.toSpliced(at, 1, random.pick(oddPaths)).join('/') || '/';
  }
}

/** Headers that mean something here, with values that do not. */
const oddHeaders: readonly (readonly [string, readonly string[]])[] = [
  [
    'content-type',
    ['', 'text/plain', 'application/json; charset=utf-16', 'multipart/form-data; boundary=x', 'image/png', 'a/b;;;;', 'text/csv'],
  ],
  ['content-encoding', ['gzip', 'deflate', 'br', 'x', 'identity', 'gzip, gzip', '']],
  ['inference-header-content-length', ['-1', '0', '1e3', '99999999999999999999', 'x', '1', '152', ' 12 ', '']],
  ['authorization', ['Bearer', 'Bearer x', 'Basic eDp5', 'Bearer stratus_', `Bearer ${'a'.repeat(3000)}`, 'Bearer é', '']],
  ['x-api-key', ['', 'x', 'stratus_aaaaaaaaaaaaaaaa', '\u00ff']],
  ['x-request-id', ['', 'a b', 'x'.repeat(1000), '\u00e9']],
  ['stratus-route', ['', 'next', '__proto__', 'x'.repeat(500)]],
  ['accept', ['', '*/*', 'application/x', 'text/html', 'a'.repeat(2000)]],
  ['accept-encoding', ['gzip', 'br;q=x', '*;q=0']],
  ['expect', ['100-continue', 'x']],
  ['origin', ['https://example.org', 'null', '', 'x']],
  ['range', ['bytes=99999999999999999999-', 'bytes=5-1', 'x']],
  ['traceparent', ['00-0-0-0', 'x', `00-${'f'.repeat(32)}-${'f'.repeat(16)}-ff`]],
  ['x-amzn-sagemaker-custom-attributes', ['x'.repeat(1024)]],
];

/** A request with something about it that is wrong, or odd. */
export function bentRequest(random: Seeded): readonly [name: string, HttpRequest] {
  const [name, draft] = draftFrom(random);
  let { method, path, headers } = draft;
  let body = bodyOf(draft);
  const kind = random.below(20);
  if (kind < 9 && draft.json !== undefined) {
    const value = Buffer.from(JSON.stringify(bentValue(draft.json, random)) ?? 'null');
    if (draft.tail && random.chance(0.8)) headers = { ...headers, 'inference-header-content-length': String(value.length) };
    body = Buffer.concat([value, draft.tail ?? Buffer.alloc(0)]);
  } else if (kind < 12 && draft.json !== undefined) {
    const text = Buffer.from(bentText(JSON.stringify(draft.json), random));
    body = Buffer.concat([text, draft.tail ?? Buffer.alloc(0)]);
  } else if (kind < 15 && body.length > 0) body = bentBytes(body, random);
  else if (kind === 15) body = random.chance(0.5) ? random.bytes(random.below(80)) : Buffer.from(heavyJson(random));
  else if (kind === 16) path = bentPath(path, random);
  else if (kind === 17) method = random.pick(['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'PROPFIND']);
  else if (kind === 18 && body.length > 0) {
    // Packed, and what was packed is spoilt now and then.
    const packed = gzipSync(random.chance(0.5) ? body : Buffer.alloc(1000 + random.below(200_000), 32));
    body = random.chance(0.5) ? packed : bentBytes(packed, random);
    headers = { ...headers, 'content-encoding': 'gzip' };
  } else {
    for (let i = random.below(3); i >= 0; i--) {
      const [header, values] = random.pick(oddHeaders);
      headers = { ...headers, [header]: random.pick(values) };
    }
  }
  return [name, { to: draft.to, method, path, headers, body }];
}
