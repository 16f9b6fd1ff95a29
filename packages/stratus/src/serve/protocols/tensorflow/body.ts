import { fail, nearest } from '@stratus/core';
import { isRecord } from '../../rows.ts';
import { valueOf } from '../../text.ts';
import { shown } from '../../wording.ts';

/** Names of signatures: a model here has one, and the methods' names stand for it in TensorFlow's own examples. */
const signatures = ['serving_default', 'predict', 'classify', 'regress'];

/** A request's object. Errors: `bad-request`. */
export async function readBody(bytes: Uint8Array): Promise<Readonly<Record<string, unknown>>> {
  const body = await valueOf(bytes, 'a request as JSON', { nonFinite: true });
  if (!isRecord(body)) throw fail('bad-request', { reason: `The body is ${shown(body)}, expected an object.` });
  const name = body['signature_name'];
  if (name === undefined || name === '') return body;
  const known = typeof name === 'string' && signatures.includes(name.replace(/^tensorflow\/serving\//, ''));
  if (known) return body;
  const near = typeof name === 'string' ? nearest(name, signatures) : undefined;
  throw fail('bad-request', {
    reason: `Serving signature name: ${shown(name)} not found in signature def. Leave it out, or say 'serving_default'.${near === undefined ? '' : ` Did you mean '${near}'?`}`,
  });
}
