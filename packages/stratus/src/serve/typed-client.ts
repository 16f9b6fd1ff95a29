// A TypeScript module that asks models, out of what they say of themselves: `stratus client`.
import { type DType, dtypes } from '@stratus/core';
import type { modelConfig } from './protocols/oip/config.ts';

/** What a server or a file says of a model. */
export type ModelConfig = ReturnType<typeof modelConfig>;

type Port = ModelConfig['input'][number];

/** `my-model` -> `MyModel` */
function pascal(name: string): string {
  const words = name.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  const joined = words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('') || 'Model';
  return /^\d/.test(joined) ? `Model${joined}` : joined;
}

const key = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name));

/** A remark that cannot end its comment. */
const remark = (text: string): string => text.replaceAll(/[\r\n\u2028\u2029]+/g, ' ').replaceAll('*/', '* /');

const datatypeOf = ({ data_type }: Port): string => (data_type === 'TYPE_STRING' ? 'BYTES' : data_type.replace(/^TYPE_/, ''));

const dtypeOf = (port: Port): DType | undefined =>
  (Object.keys(dtypes) as DType[]).find((dtype) => dtypes[dtype].oip === datatypeOf(port));

/** What one element is. Whole numbers of 64 bits may be given exactly. */
function elementOf(port: Port, isInput: boolean): string {
  const dtype = dtypeOf(port);
  if (dtype === 'string') return 'string';
  if (dtype === 'bool') return 'boolean';
  return isInput && (dtype === 'int64' || dtype === 'uint64') ? '(number | bigint)' : 'number';
}

/** Lists within lists, one for each axis. */
const listOf = (element: string, axes: number, readOnly: boolean): string => {
  let type = element;
  for (let axis = 0; axis < axes; axis++)
    type = readOnly ? `readonly ${/^readonly /.test(type) ? `(${type})` : type}[]` : `${type}[]`;
  return type;
};

const describe = (port: Port): string =>
  `  /** ${datatypeOf(port)} [${port.dims.map((d) => (d === -1 ? 'any' : d)).join(', ')}]${port.unit === undefined ? '' : `, ${remark(port.unit)}`} */`;

const fieldsOf = (ports: readonly Port[], typeOf: (port: Port) => string, isInput: boolean): string =>
  ports.map((port) => `${describe(port)}\n  ${isInput ? 'readonly ' : ''}${key(port.name)}: ${typeOf(port)};`).join('\n');

/** The types of a model that is fed tensors. */
function tensorTypes({ input, output }: ModelConfig, type: string): string {
  return `/** The inputs, as nested lists; the first axis counts samples. */
export interface ${type}Inputs {
${fieldsOf(input, (port) => listOf(elementOf(port, true), port.dims.length, true), true)}
}

/** The outputs, as nested lists. */
export interface ${type}Outputs {
${fieldsOf(output, (port) => listOf(elementOf(port, false), port.dims.length, false), false)}
}
`;
}

const literal = (labels: readonly string[]): string => labels.map((label) => JSON.stringify(label)).join(' | ');

/** The types of a model that is asked about records. */
function recordTypes({ input, output, stratus: { labels } }: ModelConfig, type: string): string {
  const predicted = (port: Port): string => {
    const own = Object.hasOwn(labels, port.name) ? labels[port.name] : undefined;
    if (own) return `{ label: ${literal(own)}; score: number; scores: Record<${literal(own)}, number> }`;
    const width = port.dims.slice(1).reduce((n, d) => n * d, 1);
    return width === 1 ? elementOf(port, false) : `${elementOf(port, false)}[]`;
  };
  return `/** One record; null where a value is not known. */
export interface ${type}Record {
${fieldsOf(input, (port) => `${listOf(elementOf(port, true), port.dims.length - 1, true)} | null`, true)}
}

/** What the model says of a record. */
export interface ${type}Prediction {
${fieldsOf(output, predicted, false)}
}
`;
}

/** The function that tells a model's server what would have been right. */
function feedbackOf({ name, stratus: { labels } }: ModelConfig, type: string, named: string): string {
  const own = Object.values(labels).find((list) => list !== undefined);
  const label = own ? `number | ${literal(own)}` : 'number';
  return `
/** The right answer: ${own ? 'a class by its number or name' : 'a number, or that of a class'}. */
export type ${type}Label = ${label};

/**
 * Tells ${remark(JSON.stringify(name))} the right answer to what was asked with this \`requestId\`, or one for each sample. Returns how many were taken: the first one counts.
 * Errors: ModelError, also where the server does not know the request (any more), and those of fetch.
 */
export async function ${named}Feedback(requestId: string, label: ${type}Label | readonly ${type}Label[], options: Omit<AskOptions, 'version' | 'requestId'> = {}): Promise<number> {
  const answer = (await ask(${JSON.stringify(`/v2/models/${encodeURIComponent(name)}`)}, 'feedback', { request_id: requestId, label }, options)) as { accepted: number };
  return answer.accepted;
}
`;
}

/** The functions that ask a model. */
function functionOf(config: ModelConfig, type: string): string {
  const { name, input, output, stratus } = config;
  const path = JSON.stringify(`/v2/models/${encodeURIComponent(name)}`);
  const about = `/** Asks the model ${remark(JSON.stringify(name))}. Errors: ModelError, and those of fetch. */`;
  const named = type[0]!.toLowerCase() + type.slice(1);
  if (stratus.takesRecords)
    return `${recordTypes(config, type)}
${about}
export async function ${named}(records: readonly ${type}Record[], options: AskOptions = {}): Promise<${type}Prediction[]> {
  const answer = (await ask(${path}, 'predict', { records }, options)) as { predictions: ${type}Prediction[] };
  return answer.predictions;
}
${feedbackOf(config, type, named)}`;
  const ports = (list: readonly Port[]): string =>
    JSON.stringify(Object.fromEntries(list.map((port) => [port.name, datatypeOf(port)])));
  return `${tensorTypes(config, type)}
${about}
export async function ${named}(inputs: ${type}Inputs, options: AskOptions = {}): Promise<${type}Outputs> {
  const datatypes: Record<string, string> = ${ports(input)};
  const tensors = Object.entries(inputs).map(([name, value]) => tensor(name, datatypes[name] ?? '', value));
  const answer = (await ask(${path}, 'infer', { inputs: tensors, outputs: ${JSON.stringify(output.map((port) => ({ name: port.name })))} }, options)) as Answer;
  return Object.fromEntries(answer.outputs.map((output) => [output.name, nested(output)])) as unknown as ${type}Outputs;
}
${feedbackOf(config, type, named)}`;
}

const shared = (url: string): string => `/** Where the models are, unless an option says otherwise. */
export const defaultUrl = ${JSON.stringify(url)};

export interface AskOptions {
  /** The address of the server. */
  readonly url?: string;
  /** A version of the model; the server's choice unless told. */
  readonly version?: string;
  /** What the request is called in logs and captures, and by who tells the right answer later; up to 128 characters, another one for each request. */
  readonly requestId?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** What a server says of a request that it refused. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
  readonly status: number;
  readonly code: string | undefined;

  constructor(status: number, message: string, code?: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

async function ask(path: string, verb: string, body: unknown, options: AskOptions): Promise<unknown> {
  const version = options.version === undefined ? '' : \`/versions/\${encodeURIComponent(options.version)}\`;
  const response = await fetch(\`\${(options.url ?? defaultUrl).replace(/\\/$/, '')}\${path}\${version}/\${verb}\`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(options.requestId !== undefined && { 'x-request-id': options.requestId }), ...options.headers },
    body: JSON.stringify(body, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
    ...(options.signal && { signal: options.signal }),
  });
  const text = await response.text();
  if (response.ok) return JSON.parse(text) as unknown;
  let problem: { error?: string; code?: string } = {};
  try {
    problem = JSON.parse(text) as typeof problem;
  } catch {}
  throw new ModelError(response.status, problem.error ?? \`The server answered \${response.status}.\`, problem.code);
}
`;

const sharedTensors = `interface Answer {
  outputs: { name: string; datatype: string; shape: number[]; data: unknown[] }[];
}

function tensor(name: string, datatype: string, value: unknown): unknown {
  const shape: number[] = [];
  for (let level = value; Array.isArray(level); level = level[0] as unknown) shape.push(level.length);
  return { name, datatype, shape, data: Array.isArray(value) ? value : [value] };
}

function nested({ datatype, shape, data }: Answer['outputs'][number]): unknown {
  // JSON has no NaN and no infinity: both come as null.
  let level: unknown[] = /^(FP|BF)/.test(datatype) ? data.map((x) => x ?? Number.NaN) : data;
  for (const size of shape.slice(1).reverse()) {
    const lists: unknown[][] = [];
    for (let at = 0; at < level.length; at += size) lists.push(level.slice(at, at + size));
    level = lists;
  }
  return shape.length === 0 ? level[0] : level;
}
`;

/**
 * A TypeScript module without dependencies that asks these models and tells them right answers: functions and types for each, so that a wrong name or a wrong type does
 * not compile. `url` is where it asks unless told.
 *
 * @example
 * import { dense, input, modelConfig, openServable, sequential, typedClient } from 'stratus';
 * const net = sequential([input({ shape: [2], name: 'x' }), dense({ units: 1, name: 'y' })]);
 * const source = typedClient([modelConfig(await openServable(await net.toBytes(), { name: 'net' }))], 'http://127.0.0.1:8080');
 * console.log(/export async function net\(inputs: NetInputs/.test(source)); // true
 */
export function typedClient(configs: readonly ModelConfig[], url: string): string {
  const taken = new Set<string>();
  const sections = configs.map((config) => {
    let type = pascal(config.name);
    const names = (): string[] => [type, `${type}Feedback`];
    for (let i = 2; names().some((name) => taken.has(name)); i++) type = `${pascal(config.name)}${i}`;
    for (const name of names()) taken.add(name);
    return functionOf(config, type);
  });
  const hasTensors = configs.some(({ stratus }) => !stratus.takesRecords);
  return [
    '// Written by `stratus client`. Write it again when a model changes; changes made here would be lost.\n',
    ...sections,
    shared(url),
    ...(hasTensors ? [sharedTensors] : []),
  ].join('\n');
}
