// The paths of the server and its models for programs: OpenAPI 3.1.
import { type DType, dtypes, version } from '@stratus/core';
import type { DataPlane } from '../../data-plane.ts';
import { datatypeOf, type InferRequest } from '../../protocol.ts';
import type { DescribedPath, DescribedPaths } from '../../route.ts';
import type { Servable, ServablePort } from '../../servable.ts';

type Json = Readonly<Record<string, unknown>>;

/** Examples of more numbers than this are left out: the document stays small. */
const mostShown = 256;

/** One element of a tensor. */
export function elementSchema(dtype: DType): Json {
  const { kind, range } = dtypes[dtype];
  if (kind === 'string') return { type: 'string' };
  if (kind === 'bool') return { type: 'boolean' };
  return range ? { type: 'integer', minimum: range[0], maximum: range[1] } : { type: 'number' };
}

const ref = (name: string): Json => ({ $ref: `#/components/schemas/${name}` });

const tensorSchema = ({ name, dtype, shape, dims, anyRank, unit }: ServablePort, isInput: boolean): Json => ({
  type: 'object',
  title: name,
  ...(unit !== undefined && { description: unit }),
  properties: {
    name: { const: name },
    datatype: { const: datatypeOf(dtype) },
    shape: {
      type: 'array',
      items: { type: 'integer', minimum: 0 },
      ...(anyRank ? {} : { minItems: shape.length, maxItems: shape.length, description: `[${dims.join(', ')}]` }),
    },
    data: { type: 'array', description: 'flat or nested, row by row', items: isInput ? {} : elementSchema(dtype) },
  },
  required: ['name', 'datatype', 'shape', 'data'],
});

/** One sample of an input as nested lists; the first axis counts samples. */
function sampleSchema({ dtype, shape, anyRank, unit }: ServablePort): Json {
  const about = unit === undefined ? {} : { description: unit };
  if (anyRank) return about;
  return {
    ...shape
      .slice(1)
      .reduceRight<Json>(
        (items, size) => ({ type: 'array', items, ...(size !== -1 && { minItems: size, maxItems: size }) }),
        elementSchema(dtype),
      ),
    ...about,
  };
}

/** A record of a model with preprocessing. */
export const recordSchema = ({ inputs }: Servable): Json => ({
  type: 'object',
  properties: Object.fromEntries(inputs.map((port) => [port.name, sampleSchema(port)])),
});

const answered = (schema: Json): Json => ({
  200: { description: 'the answer', content: { 'application/json': { schema } } },
  400: { description: 'what is wrong with the request', content: { 'application/json': { schema: ref('Error') } } },
});

const posted = (schema: Json, example?: unknown): Json => ({
  required: true,
  content: { 'application/json': { schema, ...(example !== undefined && { example }) } },
});

const isSmall = ({ inputs }: InferRequest): boolean => inputs.every(({ data }) => (data?.length ?? 0) <= mostShown);

/** The paths at which one model is asked, with a request that it can answer. */
function pathsOf(plane: DataPlane, servable: Servable): Json {
  const { name, inputs, outputs, preprocessing } = servable;
  const path = `/v2/models/${encodeURIComponent(name)}`;
  const example = plane.example(name);
  const tensors = (ports: readonly ServablePort[], isInput: boolean): Json => ({
    type: 'array',
    items: ports.length === 1 ? tensorSchema(ports[0]!, isInput) : { oneOf: ports.map((port) => tensorSchema(port, isInput)) },
  });
  const infer = {
    type: 'object',
    properties: {
      id: { type: 'string' },
      parameters: { type: 'object' },
      inputs: tensors(inputs, true),
      outputs: { type: 'array' },
    },
    required: ['inputs'],
  };
  const answer = {
    type: 'object',
    properties: { model_name: { const: name }, model_version: { type: 'string' }, outputs: tensors(outputs, false) },
  };
  const predict = preprocessing && {
    [`${path}/predict`]: {
      post: {
        tags: [name],
        summary: `Ask ${name} about records`,
        operationId: `predict ${name}`,
        requestBody: posted(
          { anyOf: [recordSchema(servable), { type: 'array', items: recordSchema(servable) }] },
          preprocessing.example,
        ),
        responses: answered({ type: 'object', properties: { predictions: { type: 'array', items: { type: 'object' } } } }),
      },
    },
  };
  return {
    ...predict,
    [`${path}/infer`]: {
      post: {
        tags: [name],
        summary: `Ask ${name} with tensors`,
        operationId: `infer ${name}`,
        requestBody: posted(infer, isSmall(example) ? example : undefined),
        responses: answered(answer),
      },
    },
    [`/v1/models/${encodeURIComponent(name)}:predict`]: {
      post: {
        tags: [name],
        summary: `Ask ${name} as TensorFlow Serving is asked`,
        operationId: `instances ${name}`,
        requestBody: posted({
          type: 'object',
          properties: {
            instances: { type: 'array', items: inputs.length === 1 ? sampleSchema(inputs[0]!) : recordSchema(servable) },
          },
        }),
        responses: answered({ type: 'object', properties: { predictions: { type: 'array' } } }),
      },
    },
  };
}

/** A path that is the same for every model. */
const operation = ({ method, path, about, takes }: DescribedPath, { name }: DescribedPaths): Json => ({
  tags: [name],
  summary: about,
  operationId: `${method} ${path}`,
  parameters: [...path.matchAll(/\{(\w+)\}/g)].map(([, part]) => ({
    name: part,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  })),
  ...(takes && { requestBody: posted(takes) }),
  responses: { 200: { description: 'the answer' }, default: { description: 'an error' } },
});

/** The models in memory: to look at the page loads none. */
export const loadedModels = (plane: DataPlane): Servable[] =>
  plane.models().flatMap((name) => plane.repository.loaded(name)?.servable ?? []);

/** All that can be called. Source: OpenAPI 3.1. */
export function openApi(plane: DataPlane, protocols: readonly DescribedPaths[]): Json {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const protocol of protocols)
    for (const route of protocol.routes) {
      const own = (paths[route.path] ??= {});
      own[route.method.toLowerCase()] ??= operation(route, protocol);
    }
  const models = loadedModels(plane).map((servable) => pathsOf(plane, servable));
  return {
    openapi: '3.1.0',
    info: { title: 'Models served by Stratus', version },
    paths: Object.assign({}, ...models, paths) as Json,
    components: {
      schemas: {
        Error: {
          type: 'object',
          properties: { error: { type: 'string', description: 'what is wrong and how to mend it' }, code: { type: 'string' } },
          required: ['error'],
        },
      },
    },
  };
}
