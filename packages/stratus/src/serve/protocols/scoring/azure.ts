import type { DataPlane } from '../../data-plane.ts';
import { type Protocol, plainProblem, replyText } from '../../route.ts';
import { valueOf } from '../../text.ts';
import { onlyModel } from '../records.ts';
import { azureForm } from './forms.ts';
import { predictionsOf } from './samples.ts';

/**
 * What Azure ML's examples ask of a container: predictions without anything around them. Whether it lives, `GET /` says.
 * Source: Azure ML, "deploy a custom container".
 */
export const azureMl = (plane: DataPlane): Protocol => ({
  name: 'azure',
  prefix: '/score',
  problem: plainProblem,
  routes: [
    {
      method: 'POST',
      path: '/score',
      about: 'ask the only model (Azure ML)',
      answer: async (call) => {
        const name = await onlyModel(plane, (own) => `/v2/models/${own}/infer`);
        return call.withBody(async (bytes) => {
          const samples = azureForm(await valueOf(bytes, 'samples as JSON'));
          return replyText(await predictionsOf(plane, name, call.ask(), samples));
        });
      },
    },
  ],
});
