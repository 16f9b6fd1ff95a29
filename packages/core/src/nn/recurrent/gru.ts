import type { Value } from '../../graph/index.ts';
import { gruStep, gruSteps, gru as kernelOf, split } from '../../ops/index.ts';
import { checkOptions } from '../../options.ts';
import { type ActivationName, activate, checkActivation } from '../activations.ts';
import { type Cell, defineRecurrent, kernelNames, type RecurrentOptions } from './recurrent.ts';

/** Options of {@link gru}. */
export interface GruOptions extends RecurrentOptions {
  /** Of the gates; 'sigmoid' unless told. */
  readonly recurrentActivation?: ActivationName;
  /**
   * True, the default: the reset gate multiplies the product of state and recurrent kernel, as in PyTorch; false: the state before
   * the product (Cho et al. 2014).
   */
  readonly resetAfter?: boolean;
}

const cell: Cell<GruOptions> = {
  type: 'GRU',
  gates: 3,
  states: ['h'],
  biasShape: ({ units, resetAfter = true }) => (resetAfter ? [2, 3 * units] : [3 * units]),

  open({ activation = 'tanh', recurrentActivation = 'sigmoid', resetAfter = true }, { kernel, recurrent, bias }) {
    const gate = (x: Value): Value => activate(recurrentActivation, x);
    const candidate = (x: Value): Value => activate(activation, x);
    const [ofInput, biasOfState] = bias && resetAfter ? split(bias, [1, 1], { axis: 0 }) : [bias];
    const options = { recurrent, biasOfState, resetAfter, gate, candidate };
    return { kernel, bias: ofInput, step: (z, [h], hidden) => [gruStep(z, h!, hidden, options)] };
  },

  trained({ activation = 'tanh', recurrentActivation = 'sigmoid', resetAfter = true }) {
    // With the reset gate before the product, ONNX's nodes in a loop were as fast (measured).
    if (!resetAfter || activation !== 'tanh' || recurrentActivation !== 'sigmoid') return undefined;
    return (x, { kernel, recurrent, bias }, [h0], reverse) => {
      const { h, lastH } = gruSteps(x, kernel, recurrent, { b: bias, h0: h0!, reverse });
      return { y: h, states: [lastH] };
    };
  },

  fused({ activation = 'tanh', recurrentActivation = 'sigmoid', resetAfter = true }) {
    const activations = kernelNames(recurrentActivation, activation);
    return (
      activations && {
        order: [0, 1, 2],
        run(x, w, r, { b, initialH, direction }) {
          const { y, h } = kernelOf(x, w, r, { b, initialH, direction, activations, resetAfter });
          return { y, states: [h] };
        },
      }
    );
  },
};

/**
 * Gated recurrent unit: `h = z h + (1 - z) tanh(..)`, with the gates update (z) and reset. Padded steps, if the input has a mask,
 * keep the state.
 *
 * Shapes: `[batch, steps, features] -> [batch, units]`, or `[batch, steps, units]` with `returnSequences`; with `returnState` the
 * list `[y, h]`. An initial state `[batch, units]` is a further input: `layer([x, h])`. Parameters, gates in Keras' order update,
 * reset, candidate: `kernel [features, 3 * units]`, `recurrentKernel [units, 3 * units]`, `bias [2, 3 * units]` (that of the input,
 * that of the state), or `[3 * units]` with `resetAfter: false`.
 * Errors: `bad-value` for options and the number of inputs, `shape-mismatch` for an input that is no sequence and for an initial
 * state of another size, `dtype-mismatch` for integers.
 * Source: Keras GRU; Cho et al. 2014; numbers as torch.nn.GRU.
 *
 * @example
 * import { gru, input } from '@stratus/core';
 * const y = gru({ units: 16, returnSequences: true })(input({ shape: ['time', 8] }));
 * console.log(y.shape); // ['batch', 'time', 16]
 */
export const gru = defineRecurrent<GruOptions>(cell, ({ recurrentActivation, resetAfter = true }) => {
  checkActivation(recurrentActivation);
  checkOptions('GRU', { resetAfter }, { resetAfter: 'flag' });
});
