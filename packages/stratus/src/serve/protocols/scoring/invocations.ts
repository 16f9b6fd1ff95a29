import { type Preprocessing, version } from '@stratus/core';
import type { DataPlane } from '../../data-plane.ts';
import { readJson } from '../../json.ts';
import { readRecords } from '../../read-records.ts';
import { writePredictionList } from '../../records.ts';
import { type Answer, answerOf, type Call, type Protocol, reply, replyText } from '../../route.ts';
import { textOf } from '../../text.ts';
import { shown } from '../../wording.ts';
import { onlyModel } from '../records.ts';
import { csvForm, mlflowForm } from './forms.ts';
import { predictionsOf, type Samples } from './samples.ts';

const plain = 'text/plain; charset=utf-8';

/** MLflow's names of errors. Source: mlflow, protos/databricks.proto. */
const codes: Readonly<Record<number, string>> = {
  400: 'BAD_REQUEST',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'ENDPOINT_NOT_FOUND',
  405: 'BAD_REQUEST',
  413: 'BAD_REQUEST',
  429: 'REQUEST_LIMIT_EXCEEDED',
  503: 'TEMPORARILY_UNAVAILABLE',
  504: 'TEMPORARILY_UNAVAILABLE',
};

/** The type of a body, or undefined where its parameters are more than `charset=utf-8`. */
function typeOf(header: string): string | undefined {
  const [type = '', ...parameters] = header.split(';').map((part) => part.trim().toLowerCase());
  const isPlain = parameters.every((parameter) => parameter === '' || /^charset="?utf-?8"?$/.test(parameter));
  return isPlain ? type : undefined;
}

const isRaw = (type: string): boolean =>
  type === 'text/plain' || type === 'application/octet-stream' || type.startsWith('image/');

/** One text or image for a model with preprocessing. */
async function raw(plane: DataPlane, call: Call, name: string, type: string, steps: Preprocessing): Promise<Answer> {
  const ask = call.ask();
  return await call.withBody(async (body) => {
    const { predictions } = await plane.predict(name, await readRecords(body, type, steps), ask);
    return replyText(`{"predictions":${await writePredictionList(predictions)}}`);
  });
}

async function invoke(plane: DataPlane, call: Call): Promise<Answer> {
  const name = await onlyModel(plane, (own) => `/v2/models/${own}/infer`);
  const header = call.header('content-type') ?? 'application/json';
  const type = typeOf(header);
  const { preprocessing } = plane.servable(name, call.ask());
  if (preprocessing && type !== undefined && (isRaw(type) || type === 'text/csv'))
    return raw(plane, call, name, type, preprocessing);
  if (type !== 'application/json' && type !== 'text/csv') {
    const message = `This predictor takes application/json and text/csv in UTF-8, not ${shown(header)}.`;
    return answerOf(plain, message, { status: 415 });
  }
  return await call.withBody(async (body) => {
    const text = textOf(body, 'samples as JSON');
    const samples: Samples = type === 'text/csv' ? await csvForm(text) : mlflowForm(await readJson(text));
    return replyText(`{"predictions":${await predictionsOf(plane, name, call.ask(), samples)}}`);
  });
}

/**
 * What SageMaker asks of a container, in the forms of MLflow's scoring server.
 * Source: Amazon SageMaker, "your algorithms, inference code"; mlflow, pyfunc/scoring_server.
 */
export const invocations = (plane: DataPlane): Protocol => {
  const health = (): Answer =>
    plane.ready() && plane.models().length > 0
      ? answerOf(plain, '\n')
      : reply({ error_code: 'TEMPORARILY_UNAVAILABLE', message: 'No model is ready.' }, 404);
  return {
    name: 'invocations',
    prefix: '/invocations',
    problem: ({ status, message }) => ({ body: { error_code: codes[status] ?? 'INTERNAL_ERROR', message } }),
    routes: [
      {
        method: 'POST',
        path: '/invocations',
        about: 'ask the only model (SageMaker, MLflow)',
        answer: (call) => invoke(plane, call),
      },
      { method: 'GET', path: '/ping', about: 'whether it is ready (SageMaker, MLflow)', answer: health },
      { method: 'GET', path: '/health', about: 'the same', answer: health },
      {
        method: 'GET',
        path: '/version',
        about: 'the version of Stratus',
        answer: () => answerOf(plain, version),
      },
    ],
  };
};
