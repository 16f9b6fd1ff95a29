import { fail } from '@stratus/core';
import type { Ask } from '../../ask.ts';
import type { DataPlane } from '../../data-plane.ts';
import { decodeRequest } from '../../decode-request.ts';
import type { RequestParameters } from '../../protocol.ts';
import { type Answer, type Call, type Protocol, plainProblem, type Route, reply } from '../../route.ts';
import type { StatisticsSource } from '../../statistics.ts';
import { shown } from '../../wording.ts';
import { modelConfig } from './config.ts';
import { lengthHeader, readRequest } from './read.ts';
import { writeAnswer } from './write.ts';

/** What Triton's clients look for among the extensions of a server. */
const extensions = ['classification', 'binary_tensor_data', 'model_configuration', 'parameters', 'schedule_policy'];

/** `timeout` is in microseconds and `priority` begins at 1 with the highest, as Triton has them; 0 is unset. */
function askOf(call: Call, id: string | undefined, { timeout, priority }: RequestParameters = {}): Ask {
  const whole = (name: string, value: unknown): number => {
    if (value === undefined) return 0;
    const number = typeof value === 'bigint' ? Number(value) : value;
    if (typeof number === 'number' && Number.isInteger(number) && number >= 0) return number;
    throw fail('bad-request', { reason: `The parameter '${name}' is ${shown(value)}, expected a whole number from 0.` });
  };
  const [timeoutUs, level] = [whole('timeout', timeout), whole('priority', priority)];
  const ask = call.ask();
  return {
    ...ask,
    ...(timeoutUs > 0 && { deadlineMs: timeoutUs / 1000 }),
    ...(level > 0 && { priority: -level }),
    ...(ask.requestId === undefined && id !== undefined && { requestId: id }),
  };
}

/** Answers a request to a model; `call.params` names it. */
export async function infer(plane: DataPlane, call: Call): Promise<Answer> {
  const model = call.params['model']!;
  const asked = plane.servable(model, call.ask()); // before anything is read
  return await call.withBody(async (body) => {
    const { request, bytes } = await readRequest(asked, body, call.header(lengthHeader));
    const ask = askOf(call, request.id, request.parameters);
    const { tensors, outputs: wanted } = await decodeRequest(asked, request, bytes);
    const { servable, outputs } = await plane.compute(model, tensors, ask);
    return await writeAnswer(request, servable, wanted, outputs);
  });
}

/** Paths of one model, with and without its version. */
const ofModel = (path: string, about: string, method: Route['method'], answer: Route['answer']): Route[] =>
  ['/v2/models/{model}', '/v2/models/{model}/versions/{version}'].map((start) => ({ method, path: start + path, about, answer }));

/**
 * The Open Inference Protocol v2 over HTTP, with binary tensors.
 * Source: kserve/open-inference-protocol, inference_rest.md; Triton Inference Server, extension_*.md.
 */
export const openInference = (plane: DataPlane, statistics: StatisticsSource | undefined, repository: boolean): Protocol => {
  const get = (path: string, about: string, answer: Route['answer']): Route => ({ method: 'GET', path, about, answer });
  const names = [...extensions, ...(statistics ? ['statistics'] : []), ...(repository ? ['model_repository'] : [])];
  return {
    name: 'oip-http',
    prefix: '/v2',
    problem: plainProblem,
    routes: [
      get('/v2', 'what the server is', () => reply({ ...plane.serverMetadata(), extensions: names })),
      get('/v2/health/live', 'whether there is a process', () => reply({ live: plane.live() })),
      get('/v2/health/ready', 'whether requests are welcome', () =>
        reply({ live: plane.live(), ready: plane.ready() }, plane.ready() ? 200 : 503),
      ),
      get('/v2/models', 'the names of the models', () => reply({ models: plane.models() })),
      ...(statistics
        ? [
            get('/v2/models/stats', 'what all models have done', async () => reply(await statistics.of(plane))),
            ...ofModel('/stats', 'what a model has done', 'GET', async ({ params }) => {
              plane.servable(params['model']!, { version: params['version'] });
              return reply(await statistics.of(plane, params['model'], params['version']));
            }),
          ]
        : []),
      ...ofModel('/infer', 'ask a model with tensors', 'POST', (call) => infer(plane, call)),
      ...ofModel('/ready', 'whether a model answers', 'GET', ({ params, ask }) => {
        const name = params['model']!;
        const ready = plane.modelReady(name, ask());
        return reply({ name, ready }, ready ? 200 : 503);
      }),
      ...ofModel('/config', 'how a model is served', 'GET', ({ params, ask }) =>
        reply(modelConfig(plane.servable(params['model']!, ask()))),
      ),
      ...ofModel('/example', 'a request that a model can answer', 'GET', ({ params, ask }) =>
        reply(plane.example(params['model']!, ask())),
      ),
      ...ofModel('', 'what a model takes and gives', 'GET', ({ params, ask }) =>
        reply(plane.modelMetadata(params['model']!, ask())),
      ),
    ],
  };
};
