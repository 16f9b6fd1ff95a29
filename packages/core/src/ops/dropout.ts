import { fail } from '../errors.ts';
import { apply } from '../graph/index.ts';
import type { OpCase } from './case.ts';
import { defineOp } from './define.ts';
import { identity } from './identity.ts';
import { floating } from './rules.ts';

/**
 * Only for models of other tools: in inference it does nothing. Own models drop out with masks from their own random numbers,
 * which can be resumed.
 *
 * @internal
 */
export const dropoutOp = defineOp({
  type: 'Dropout',
  since: 13,
  inputs: ['data'],
  optional: ['ratio', 'training_mode'],
  outputs: ['output'],
  attrs: { seed: { kind: 'int' } },
  written: [
    {
      before: 12,
      attrs: { ratio: { kind: 'float' }, seed: { kind: 'int' } },
      read: (op, [x]) => apply(op, [x], {}), // what is left out is known in training only
    },
  ],
  infer({ data, training_mode }) {
    if (training_mode && Number(training_mode.data?.data[0] ?? 1) !== 0)
      throw fail('bad-value', {
        what: 'Dropout',
        got: 'a node that trains',
        want: 'one for inference',
        fix: 'Export the model in evaluation mode.',
      });
    return { output: floating('Dropout', data) };
  },
  expand: ({ data }) => ({ output: identity(data) }),
  grad: ({ doutput }) => ({ data: doutput, ratio: null, training_mode: null }),
});

/** @internal */
export const dropoutCases: OpCase[] = [{ ins: 'any', build: (data) => dropoutOp({ data }).output, torch: 'a * 1' }];
