import { fail } from '@stratus/core';
import { z } from 'zod';
import type { InferRequest } from './protocol.ts';

// Only `app.ts` loads this file, when the first request has come: zod is large, and a training needs none of it.

const name = z.string().min(1).max(512);
const parameters = z.record(z.string(), z.union([z.string(), z.number(), z.bigint(), z.boolean()]));
const list = z.custom<readonly unknown[]>(Array.isArray, 'expected a list');

const requestSchema = z.object({
  id: z.string().optional(),
  parameters: parameters.optional(),
  inputs: z.array(
    z.object({
      name,
      shape: z.array(z.int().nonnegative()).max(64),
      datatype: z.string().max(64),
      parameters: parameters.optional(),
      data: list.optional(),
    }),
  ),
  outputs: z.array(z.object({ name, parameters: parameters.optional() })).optional(),
});

/** `inputs[0].shape[1]` */
const place = (path: readonly PropertyKey[]): string =>
  path.reduce<string>((at, key) => (typeof key === 'number' ? `${at}[${key}]` : `${at}${at && '.'}${String(key)}`), '');

/** A request out of parsed JSON. Errors: `bad-request` that says where and why. */
export function parseRequest(value: unknown): InferRequest {
  const { success, data, error } = requestSchema.safeParse(value);
  if (success) return data;
  const reasons = error.issues
    .slice(0, 3)
    .map(({ path, message }) => `${place(path) || 'the body'}: ${message.replace(/^Invalid input: /, '')}`);
  const example = '{"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","data":[0.5,1]}]}';
  throw fail('bad-request', { reason: `This is no inference request: ${reasons.join('; ')}. One looks like ${example}.` });
}
