import type { Value } from '../../graph/index.ts';
import { lstm as kernelOf, lstmStep, lstmSteps, split } from '../../ops/index.ts';
import type { Tensor } from '../../tensor/index.ts';
import { type ActivationName, activate, checkActivation } from '../activations.ts';
import { type Initializer, type InitializerLike, resolveInitializer } from '../init/index.ts';
import type { Symbolic } from '../layer.ts';
import { type Cell, defineRecurrent, kernelNames, type RecurrentOptions } from './recurrent.ts';

/** Options of {@link lstm}. */
export interface LstmOptions extends RecurrentOptions {
  /** Of the gates; 'sigmoid' unless told. */
  readonly recurrentActivation?: ActivationName;
  /** The bias of the forget gate begins with 1 (Jozefowicz et al. 2015). True unless told. */
  readonly unitForgetBias?: boolean;
}

const cell: Cell<LstmOptions> = {
  type: 'LSTM',
  gates: 4,
  states: ['h', 'c'],
  biasShape: ({ units }) => [4 * units],
  biasInitializer: ({ biasInitializer = 'zeros', unitForgetBias = true }) =>
    unitForgetBias ? remembering(biasInitializer) : biasInitializer,

  open({ units, activation = 'tanh', recurrentActivation = 'sigmoid' }, { kernel, recurrent, bias }) {
    const gate = (x: Value): Value => activate(recurrentActivation, x);
    const result = (x: Value): Value => activate(activation, x);
    return {
      kernel,
      bias,
      recurrent,
      step(z, [, c]) {
        const [i, f, fresh, o] = split(z, [units, units, units, units], { axis: 1 });
        const next = lstmStep({ i: i!, f: f!, o: o!, fresh: fresh! }, c!, { gate, candidate: result, result });
        return [next.h, next.c];
      },
    };
  },

  trained({ activation = 'tanh', recurrentActivation = 'sigmoid' }) {
    if (activation !== 'tanh' || recurrentActivation !== 'sigmoid') return undefined;
    return (x, { kernel, recurrent, bias }, [h0, c0], reverse) => {
      const { h, lastH, lastC } = lstmSteps(x, kernel, recurrent, { b: bias, h0: h0!, c0: c0!, reverse });
      return { y: h, states: [lastH, lastC] };
    };
  },

  fused({ activation = 'tanh', recurrentActivation = 'sigmoid' }) {
    const activations = kernelNames(recurrentActivation, activation, activation);
    return (
      activations && {
        order: [0, 3, 1, 2],
        run(x, w, r, options) {
          const { y, h, c } = kernelOf(x, w, r, { ...options, activations });
          return { y, states: [h, c] };
        },
      }
    );
  },
};

/** Ones for the forget gate, the second of four. */
const remembering = (others: InitializerLike): Initializer => ({
  type: 'unitForgetBias',
  config: {},
  make([size = 0], key, dtype): Tensor {
    const bias = resolveInitializer(others).make([size], key, dtype);
    (bias.data as Float32Array).fill(1, size / 4, size / 2);
    return bias;
  },
});

/**
 * Long short-term memory: `c = f c + i tanh(..)`, `h = o tanh(c)`, with the gates input, forget and output. Padded steps, if the
 * input has a mask, keep the state.
 *
 * Shapes: `[batch, steps, features] -> [batch, units]`, or `[batch, steps, units]` with `returnSequences`; with `returnState` the
 * list `[y, h, c]`. Initial states `[batch, units]` are further inputs: `layer([x, h, c])`. Parameters, gates in Keras' order input,
 * forget, candidate, output: `kernel [features, 4 * units]`, `recurrentKernel [units, 4 * units]`, `bias [4 * units]`.
 * Errors: `bad-value` for options and the number of inputs, `shape-mismatch` for an input that is no sequence and for initial
 * states of another size, `dtype-mismatch` for integers.
 * Source: Keras LSTM; Hochreiter and Schmidhuber 1997, Gers et al. 2000; numbers as torch.nn.LSTM.
 *
 * @example
 * import { input, lstm } from '@stratus/core';
 * const x = input({ shape: [20, 8] });
 * console.log(lstm({ units: 16 })(x).shape); // ['batch', 16]
 * const [y, h, c] = lstm({ units: 16, returnSequences: true, returnState: true })(x);
 * console.log(y.shape, c.shape); // ['batch', 20, 16] ['batch', 16]
 */
export const lstm = defineRecurrent<LstmOptions, readonly [y: Symbolic, h: Symbolic, c: Symbolic]>(cell, (config) =>
  checkActivation(config.recurrentActivation),
);
