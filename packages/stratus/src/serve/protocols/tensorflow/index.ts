import type { DataPlane } from '../../data-plane.ts';
import { type Answer, type Call, type Protocol, type Route, reply, replyText } from '../../route.ts';
import { metadata, status } from './about.ts';
import { problem } from './errors.ts';
import { classify, regress } from './examples.ts';
import { predict } from './predict.ts';

const pretty = (value: unknown): Answer => replyText(`${JSON.stringify(value, null, 4)}\n`);

const choices = ['/v1/models/{model}', '/v1/models/{model}/versions/{version}', '/v1/models/{model}/labels/{label}'];

/** The same word behind a model and behind each way to choose a version of it. */
const verbs = (word: string, about: string, answer: Route['answer']): Route[] =>
  choices.map((start) => ({ method: 'POST', path: `${start}:${word}`, about, answer }));

const pages = (end: string, about: string, answer: (call: Call) => Answer): Route[] =>
  choices.map((start) => ({ method: 'GET', path: `${start}${end}`, about, answer }));

/**
 * TensorFlow Serving's REST API, and the first version of KServe's protocol, which has the same paths.
 * Source: tensorflow/serving, g3doc/api_rest.md; kserve, V1 inference protocol.
 */
export const tensorFlowServing = (plane: DataPlane): Protocol => ({
  name: 'tf-serving',
  prefix: '/v1',
  problem,
  routes: [
    {
      method: 'GET',
      path: '/v1/models',
      about: 'the names of the models (KServe)',
      answer: () => reply({ models: plane.models() }),
    },
    ...verbs('predict', 'ask a model: {"instances": rows} or {"inputs": columns}', (call) => predict(plane, call)),
    ...verbs('classify', 'the classes of examples with their scores', (call) => classify(plane, call)),
    ...verbs('regress', 'a number for each example', (call) => regress(plane, call)),
    ...pages('/metadata', 'the signature of a model', ({ params, ask }) =>
      pretty(metadata(plane.servable(params['model']!, ask()))),
    ),
    ...pages('', 'the state of the versions of a model', ({ params, ask }) =>
      pretty(status(plane, params['model']!, ask().version)),
    ),
  ],
});
