import { rnn as kernelOf } from '../../ops/index.ts';
import { activate } from '../activations.ts';
import { type Cell, defineRecurrent, kernelNames, type RecurrentOptions } from './recurrent.ts';

const cell: Cell<RecurrentOptions> = {
  type: 'SimpleRNN',
  gates: 1,
  states: ['h'],
  biasShape: ({ units }) => [units],
  open: ({ activation = 'tanh' }, { kernel, recurrent, bias }) => ({
    kernel,
    bias,
    recurrent,
    step: (z) => [activate(activation, z)],
  }),

  fused({ activation = 'tanh' }) {
    const activations = kernelNames(activation);
    return (
      activations && {
        order: [0],
        run(x, w, r, { b, initialH, direction }) {
          const { y, h } = kernelOf(x, w, r, { b, initialH, direction, activations });
          return { y, states: [h] };
        },
      }
    );
  },
};

/**
 * Elman's recurrent network: `h = tanh(x kernel + h recurrentKernel + bias)`. Padded steps, if the input has a mask, keep the state.
 *
 * Shapes: `[batch, steps, features] -> [batch, units]`, or `[batch, steps, units]` with `returnSequences`; with `returnState` the
 * list `[y, h]`. An initial state `[batch, units]` is a further input: `layer([x, h])`. Parameters: `kernel [features, units]`,
 * `recurrentKernel [units, units]`, `bias [units]`.
 * Errors: `bad-value` for options and the number of inputs, `shape-mismatch` for an input that is no sequence and for an initial
 * state of another size, `dtype-mismatch` for integers.
 * Source: Keras SimpleRNN; Elman 1990; numbers as torch.nn.RNN.
 *
 * @example
 * import { input, simpleRNN } from '@stratus/core';
 * console.log(simpleRNN({ units: 16 })(input({ shape: [20, 8] })).shape); // ['batch', 16]
 */
export const simpleRNN = defineRecurrent<RecurrentOptions>(cell);
