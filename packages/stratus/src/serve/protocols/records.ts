import { fail } from '@stratus/core';
import type { DataPlane } from '../data-plane.ts';
import { readRecords } from '../read-records.ts';
import { writePredictions } from '../records.ts';
import { type Answer, type Call, type Protocol, plainProblem, replyText } from '../route.ts';

async function predict(plane: DataPlane, name: string, call: Call): Promise<Answer> {
  const ask = call.ask();
  const steps = plane.preprocessing(name, ask); // before anything is read
  return await call.withBody(async (body) => {
    const given = await readRecords(body, call.header('content-type') ?? '', steps);
    return replyText(await writePredictions(await plane.predict(name, given, ask)));
  });
}

/** The only model of a server. Errors: `bad-request` where there are several; `path` is where they can be asked. */
export async function onlyModel(plane: DataPlane, path: (name: string) => string): Promise<string> {
  const [name, ...others] = plane.models();
  if (name !== undefined && others.length === 0) {
    await plane.wake(name);
    return name;
  }
  if (name === undefined) throw fail('bad-request', { reason: 'This server has no model yet.' });
  const paths = plane.models().map(path);
  throw fail('bad-request', { reason: `There are several models; ask one of them: POST ${paths.join(', ')}.` });
}

const about = 'ask a model about records: JSON, CSV, a text, an image';

/** Records as they are (JSON, CSV, texts, images) for models with preprocessing: Stratus' own protocol. */
export const records = (plane: DataPlane): Protocol => ({
  name: 'predict',
  problem: plainProblem,
  routes: [
    {
      method: 'POST',
      path: '/predict',
      about: `${about}; where there is one model`,
      answer: async (call) => {
        const name = await onlyModel(plane, (own) => `/v2/models/${own}/predict`);
        return await predict(plane, name, call);
      },
    },
    ...['/v2/models/{model}/predict', '/v2/models/{model}/versions/{version}/predict'].map((path) => ({
      method: 'POST' as const,
      path,
      about,
      answer: (call: Call) => predict(plane, call.params['model']!, call),
    })),
  ],
});
