// The body of an inference request: JSON, JSON with tensors behind it, or the bytes of a model's only input.
import { dtypes, fail } from '@stratus/core';
import { readJson } from '../../json.ts';
import { datatypeOf, type InferRequest } from '../../protocol.ts';
import { isRecord } from '../../rows.ts';
import type { Servable } from '../../servable.ts';
import { textOf } from '../../text.ts';
import { shown } from '../../wording.ts';

/** Says where the JSON of a body ends. */
export const lengthHeader = 'inference-header-content-length';

/** A request, and what follows its JSON. */
export interface ReadRequest {
  readonly request: InferRequest;
  readonly bytes?: Uint8Array;
}

/** The body is the one input of a model. Source: Triton Inference Server, extension_binary_data.md, "Raw Binary Request". */
function rawRequest({ name, inputs, outputs }: Servable, body: Uint8Array): ReadRequest {
  const [port, ...others] = inputs;
  const wrong = (why: string) =>
    fail('bad-request', { reason: `A body without JSON is for a model with one input of at most one open size; ${why}.` });
  if (port === undefined || others.length > 0) throw wrong(`'${name}' has ${inputs.length} inputs`);
  const { dtype, dims, anyRank } = port;
  if (anyRank) throw wrong(`'${name}' takes any number of axes`);
  const binary = { outputs: outputs.map((output) => ({ name: output.name, parameters: { binary_data: true } })) };
  const about = { name: port.name, datatype: datatypeOf(dtype) };
  if (dtype === 'string') {
    if (dims.some((d) => typeof d === 'number' && d !== 1))
      throw wrong(`'${name}' takes texts of the shape [${dims.join(', ')}]`);
    // One text of its own, whose length comes before it.
    const bytes = Buffer.allocUnsafe(4 + body.length);
    bytes.writeUInt32LE(body.length);
    bytes.set(body, 4);
    const parameters = { binary_data_size: bytes.length };
    return { request: { inputs: [{ ...about, shape: dims.map(() => 1), parameters }], ...binary }, bytes };
  }
  const open = dims.flatMap((d, axis) => (typeof d === 'string' ? [axis] : []));
  // The first axis counts samples: it is open besides, and 1 where another one is.
  const free = open.length > 1 && open[0] === 0 ? open.slice(1) : open;
  if (free.length > 1) throw wrong(`'${name}' takes [${dims.join(', ')}]`);
  const known = dims.reduce<number>((n, d) => n * (typeof d === 'number' ? d : 1), dtypes[dtype].bytes);
  const size = known === 0 ? 0 : Math.floor(body.length / known);
  const shape = dims.map((d, axis) => (typeof d === 'number' ? d : axis === free[0] ? size : 1));
  const parameters = { binary_data_size: body.length };
  return { request: { inputs: [{ ...about, shape, parameters }], ...binary }, bytes: body };
}

/** Fields of requests, and whether they are what they have to be. What is not sure is for the schema, which also says why. */
const isText = (x: unknown, most: number): boolean => typeof x === 'string' && x.length > 0 && x.length <= most;
const isParameters = (x: unknown): boolean =>
  x === undefined ||
  (isRecord(x) &&
    Object.values(x).every(
      (own) => typeof own === 'boolean' || typeof own === 'string' || (typeof own === 'number' && Number.isFinite(own)),
    ));
const isTensor = (x: unknown): boolean =>
  isRecord(x) &&
  isText(x['name'], 512) &&
  isText(x['datatype'], 64) &&
  isParameters(x['parameters']) &&
  (x['data'] === undefined || Array.isArray(x['data'])) &&
  Array.isArray(x['shape']) &&
  x['shape'].length <= 64 &&
  x['shape'].every((d) => Number.isSafeInteger(d) && d >= 0);
const isOutput = (x: unknown): boolean => isRecord(x) && isText(x['name'], 512) && isParameters(x['parameters']);

/** A request out of parsed JSON. The schema is asked only where it has something to say: it takes as long as the rest. */
async function requestOf(value: unknown): Promise<InferRequest> {
  const isRight =
    isRecord(value) &&
    (value['id'] === undefined || typeof value['id'] === 'string') &&
    isParameters(value['parameters']) &&
    Array.isArray(value['inputs']) &&
    value['inputs'].every(isTensor) &&
    (value['outputs'] === undefined || (Array.isArray(value['outputs']) && value['outputs'].every(isOutput)));
  if (isRight) return value as unknown as InferRequest;
  const { parseRequest } = await import('../../parse-request.ts');
  return parseRequest(value);
}

/**
 * What a body asks of a model. Errors: `bad-request` that says where and why.
 * Source: Open Inference Protocol v2, REST; Triton Inference Server, extension_binary_data.md.
 */
export async function readRequest(servable: Servable, body: Uint8Array, length: string | null): Promise<ReadRequest> {
  const send = 'an inference request as JSON';
  if (length === null) return { request: await requestOf(await readJson(textOf(body, send))) };
  const end = /^\d{1,15}$/.test(length) ? Number(length) : -1;
  if (end < 0 || end > body.length) {
    const reason = `inference header size should be in range (0, ${body.length}), got: ${shown(length)}. Inference-Header-Content-Length is the number of bytes of the JSON before the tensors.`;
    throw fail('bad-request', { reason });
  }
  if (end === 0) return rawRequest(servable, body);
  return { request: await requestOf(await readJson(textOf(body.subarray(0, end), send))), bytes: body.subarray(end) };
}
