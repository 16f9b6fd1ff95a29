// The models that servers are measured with: the same ONNX files for all of them, and a request in each form that a server takes.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createExecutor, dense, input, type Model, sequential, type Tensor, tensor } from 'stratus';
import { bertBase, buildJudge } from '../../examples/zoo/bert.ts';

/** A file, and one record for it. */
export interface ServedModel {
  /** What clients call it. */
  readonly name: string;
  readonly title: string;
  readonly file: string;
  readonly feeds: Readonly<Record<string, Tensor>>;
  /** What the model says of them. */
  readonly expected: Float32Array;
}

const mlp = (): Model =>
  sequential(
    [
      input({ shape: [784], name: 'x' }),
      dense({ units: 512, activation: 'relu' }),
      dense({ units: 256, activation: 'relu' }),
      dense({ units: 10, activation: 'softmax', name: 'y' }),
    ],
    { name: 'mnist' },
  );
/** Of Turc et al. 2019, "Well-Read Students Learn Better". */
const bertTiny = { ...bertBase, width: 128, layers: 2, heads: 2, intermediate: 512, dropout: 0 };
const bertMini = { ...bertBase, width: 256, layers: 4, heads: 4, intermediate: 1024, dropout: 0 };
const length = 128;

const pixels = (): Tensor => tensor(new Float32Array(784).map((_, i) => ((i * 37) % 97) / 97)).reshape([1, 784]);
const words = (): Tensor => tensor(new Int32Array(length).map((_, i) => 1000 + ((i * 7919) % 20_000))).reshape([1, length]);
const text = () => ({ tokens: words(), segments: tensor(new Int32Array(length)).reshape([1, length]) });

const all = {
  mnist: { title: 'MNIST MLP', build: mlp, feeds: () => ({ x: pixels() }) },
  'bert-tiny': { title: 'BERT-tiny', build: () => buildJudge(bertTiny, length), feeds: text },
  'bert-mini': { title: 'BERT-mini', build: () => buildJudge(bertMini, length), feeds: text },
} as const;

export type ServedName = keyof typeof all;

/** Writes a model with random weights to a folder. */
export async function servedModel(name: ServedName, folder: string): Promise<ServedModel> {
  const { title, build, feeds: make } = all[name];
  const model = build();
  const file = join(folder, `${name}.onnx`);
  await model.save(file);
  await model.release();
  const executor = await createExecutor({ threads: 1 });
  const program = await executor.compile(await readFile(file));
  const feeds = make();
  const expected = Float32Array.from(Object.values(await program.run(feeds))[0]!.data as Float32Array);
  await program.release();
  await executor.release();
  return { name, title, file, feeds, expected };
}

/** How a request says what it has: our protocol's binary tensors; MLServer's, JSON; or the inputs' bytes and nothing else. */
export type Form = 'binary' | 'json' | 'bytes';

const datatypes: Readonly<Record<string, string>> = { float32: 'FP32', int32: 'INT32' };
const bytesOf = ({ data }: Tensor): Buffer => {
  const { buffer, byteOffset, byteLength } = data as Float32Array;
  return Buffer.from(buffer, byteOffset, byteLength);
};

/** Body and headers of a request. `deadlineMs` is for servers that take one. */
export function bodyOf(
  { feeds }: ServedModel,
  form: Form,
  deadlineMs?: number,
): { readonly body: Buffer; readonly headers: Record<string, string> } {
  const entries = Object.entries(feeds);
  const bytes = entries.map(([, own]) => bytesOf(own));
  if (form === 'bytes') return { body: Buffer.concat(bytes), headers: { 'Content-Type': 'application/octet-stream' } };
  const isBinary = form === 'binary';
  const inputs = entries.map(([name, { shape, dtype, data }], i) => ({
    name,
    shape,
    datatype: datatypes[dtype],
    ...(isBinary ? { parameters: { binary_data_size: bytes[i]!.length } } : { data: Array.from(data as Float32Array) }),
  }));
  const parameters = {
    ...(isBinary && { binary_data_output: true }),
    ...(deadlineMs !== undefined && { timeout: deadlineMs * 1000 }),
  };
  const json = JSON.stringify({ inputs, ...(Object.keys(parameters).length > 0 && { parameters }) });
  if (!isBinary) return { body: Buffer.from(json), headers: { 'Content-Type': 'application/json' } };
  return {
    body: Buffer.concat([Buffer.from(json), ...bytes]),
    headers: { 'Content-Type': 'application/octet-stream', 'Inference-Header-Content-Length': String(json.length) },
  };
}

/** Writes a whole request of HTTP to a file, for bench/peers/load.mjs. */
export async function requestFile(
  model: ServedModel,
  {
    form,
    path,
    deadlineMs,
    folder,
  }: { readonly form: Form; readonly path: string; readonly deadlineMs?: number; readonly folder: string },
): Promise<string> {
  const { body, headers } = bodyOf(model, form, deadlineMs);
  const lines = Object.entries({ Host: '127.0.0.1', 'Content-Length': body.length, ...headers }).map(([k, v]) => `${k}: ${v}`);
  const file = join(folder, `${model.name}-${form}-${path.replaceAll('/', '_')}-${deadlineMs ?? 0}.http`);
  await writeFile(file, Buffer.concat([Buffer.from(`POST ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`), body]));
  return file;
}

/** The first output in an answer. */
function outputOf(form: Form, body: Buffer, headers: Headers): number[] {
  if (form === 'json') return (JSON.parse(body.toString()) as { outputs: { data: number[] }[] }).outputs[0]!.data;
  const at = form === 'binary' ? Number(headers.get('inference-header-content-length')) : 0;
  const bytes = new Uint8Array(body.subarray(at));
  return Array.from(new Float32Array(bytes.buffer, 0, bytes.length / 4));
}

/** Peers that answer nothing are told from slow ones. */
const answerMs = 20_000;

/** Asks a server once. Throws where it does not say what the model says. */
export async function verify(model: ServedModel, { url, form }: { readonly url: string; readonly form: Form }): Promise<void> {
  const { body, headers } = bodyOf(model, form);
  const response = await fetch(url, {
    method: 'POST',
    body: new Uint8Array(body),
    headers,
    signal: AbortSignal.timeout(answerMs),
  });
  const answer = Buffer.from(await response.arrayBuffer());
  if (response.status !== 200) throw new Error(`${url}: ${response.status} ${answer.toString().slice(0, 500)}`);
  const got = outputOf(form, answer, response.headers);
  const fits = got.length === model.expected.length && model.expected.every((x, i) => Math.abs(x - got[i]!) < 1e-4);
  if (!fits) throw new Error(`${url}: answered ${got}, and the model says ${model.expected}`);
}
