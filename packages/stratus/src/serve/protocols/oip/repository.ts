import { fail } from '@stratus/core';
import type { DataPlane } from '../../data-plane.ts';
import type { RepositoryControl } from '../../repository-control.ts';
import { type Call, type Protocol, plainProblem, type Route, reply, replyText } from '../../route.ts';
import { isRecord } from '../../rows.ts';
import { valueOf } from '../../text.ts';
import { shown } from '../../wording.ts';

/** The object in a body; an empty one where there is no body. Errors: `bad-request`. */
const objectOf = (call: Call): Promise<Readonly<Record<string, unknown>>> =>
  call.withBody(async (bytes) => {
    const value = bytes.length === 0 ? {} : await valueOf(bytes, 'an object as JSON');
    if (isRecord(value)) return value;
    throw fail('bad-request', { reason: `The body is ${shown(value)}, expected an object.` });
  });

/** Errors: `bad-request` for parameters that would bring a model along: models come from the server's own places. */
async function checkParameters(call: Call): Promise<void> {
  const { parameters = {} } = await objectOf(call);
  const names = isRecord(parameters) ? Object.keys(parameters) : [shown(parameters)];
  const odd = names.find((name) => name !== 'unload_dependents');
  if (odd !== undefined)
    throw fail('bad-request', {
      reason: `The parameter ${shown(odd)} is not taken here: the server has its own place for models.`,
    });
}

/**
 * What models there are, and loading them and putting them away: the model repository extension.
 * Source: Triton Inference Server, extension_model_repository.md.
 */
export const modelRepository = (plane: DataPlane, control: RepositoryControl): Protocol => {
  const post = (path: string, about: string, answer: Route['answer']): Route => ({ method: 'POST', path, about, answer });
  const index = async (call: Call) => {
    const { ready = false } = await objectOf(call);
    if (typeof ready !== 'boolean') throw fail('bad-request', { reason: `"ready" is ${shown(ready)}, expected true or false.` });
    return reply(plane.repository.index({ ready }));
  };
  const routes = ['/v2/repository', '/v2/repository/{repository}'].flatMap((start) => [
    post(`${start}/index`, 'what models there are, and their states', index),
    post(`${start}/models/{name}/load`, 'load a model, or load it anew', async (call) => {
      await checkParameters(call);
      await control.load(call.params['name']!);
      return replyText('');
    }),
    post(`${start}/models/{name}/unload`, 'put a model away', async (call) => {
      await checkParameters(call);
      await control.unload(call.params['name']!);
      return replyText('');
    }),
  ]);
  return { name: 'oip-http', prefix: '/v2/repository', problem: plainProblem, routes };
};
