import { fail } from '../../errors.ts';
import type { Value } from '../../graph/index.ts';
import { add, concat, mul } from '../../ops/index.ts';
import { lookUp } from '../../suggest.ts';
import { defineLayer, type Layer, type LayerOptions, type LayerOutput, type Symbolic } from '../layer.ts';
import { asAllowed, inPart } from '../nested-scope.ts';
import { type RecurrentOptions, remade } from './recurrent.ts';
import { batchFirst, reverseSteps, stepsFirst } from './steps.ts';

/** How the outputs of both directions are put together. */
const merges = {
  concat: (a: Value, b: Value) => concat([a, b], { axis: -1 }),
  sum: (a: Value, b: Value) => add(a, b),
  mul: (a: Value, b: Value) => mul(a, b),
  ave: (a: Value, b: Value) => mul(add(a, b), 0.5),
} as const;

/** Options of {@link bidirectional}. */
export interface BidirectionalOptions {
  /** simpleRNN, lstm or gru; its weights are those of the way forward. */
  readonly layer: Layer<LayerOutput>;
  /** 'concat' unless told; null: the outputs stay apart, the call gives both. */
  readonly mergeMode?: keyof typeof merges | null;
}

/** The layer for the way forward, and one like it for the way back. */
function bothWays(layer: Layer<LayerOutput>): readonly [Layer<LayerOutput>, Layer<LayerOutput>] {
  const back = remade(layer, { goBackwards: !optionsOf(layer).goBackwards });
  if (back) return [layer, back];
  throw fail('bad-value', {
    what: 'Bidirectional',
    got: `layer = ${layer?.type ?? typeof layer}`,
    want: 'a recurrent layer: simpleRNN, lstm or gru',
  });
}

const optionsOf = (layer: Layer<LayerOutput>): Partial<RecurrentOptions> => layer?.config ?? {};

const make = defineLayer<BidirectionalOptions, LayerOutput>({
  type: 'Bidirectional',
  inputs: [1, 5],
  check({ layer, mergeMode = 'concat' }) {
    bothWays(layer);
    if (mergeMode !== null) lookUp('mergeMode', merges, mergeMode);
  },
  build({ layer, mergeMode = 'concat' }, [x, ...initial], scope) {
    if (initial.length % 2 !== 0)
      throw fail('bad-value', {
        what: 'Bidirectional',
        got: `${initial.length} initial states`,
        want: 'those of the way forward, then as many of the way back',
      });
    const half = initial.length / 2;
    const masks = scope.masks.slice(0, 1);
    const ways = bothWays(layer).map((way, i) => {
      const states = i === 0 ? initial.slice(0, half) : initial.slice(half);
      return inPart(asAllowed(scope, layer), i === 0 ? 'forward' : 'backward', (part) =>
        way.build([x!, ...states], { ...part, masks }),
      );
    });
    const [[there, ...states], [back, ...backStates]] = ways as [Value[], Value[]];
    const sequences = optionsOf(layer).returnSequences ?? false;
    const aligned = sequences ? reverseSteps(back!) : back!;
    const after = [...states, ...backStates];
    if (mergeMode === null) return [there!, aligned, ...after];
    const merge = merges[mergeMode];
    const y = sequences ? batchFirst(merge(stepsFirst(there!), stepsFirst(aligned))) : merge(there!, aligned);
    return after.length === 0 ? y : [y, ...after];
  },
  mask({ layer, mergeMode }, inputs, masks) {
    const [mask] = layer.mask(inputs, masks, 1);
    return mergeMode === null ? [mask, mask] : mask;
  },
});

/**
 * A recurrent layer and one like it, with weights of its own, that goes from the last step to the first.
 *
 * Shapes: `[batch, steps, features] -> [batch, steps, 2 * units]` if the layer returns sequences, else `[batch, 2 * units]`; `units`
 * with `mergeMode` sum, mul or ave; with null both outputs in a list. With `returnState` of the layer the list goes on with the states
 * of the way forward and those of the way back; initial states are further inputs in that order. Parameters: those of the layer
 * twice, `forward/kernel`, `backward/kernel` and so on.
 * Errors: `bad-value` for a layer that is not recurrent and for an odd number of states, `unknown-name` for a `mergeMode`; those of
 * the layer. Source: Keras Bidirectional; Schuster and Paliwal 1997; numbers as PyTorch's `bidirectional=True`.
 *
 * @example
 * import { bidirectional, input, lstm } from '@stratus/core';
 * const x = input({ shape: [20, 8] });
 * console.log(bidirectional({ layer: lstm({ units: 16, returnSequences: true }) })(x).shape); // ['batch', 20, 32]
 */
export const bidirectional = make as {
  (options: BidirectionalOptions & LayerOptions & { readonly mergeMode: null }): Layer<readonly Symbolic[]>;
  (options: BidirectionalOptions & LayerOptions & { readonly layer: Layer }): Layer;
  (options: BidirectionalOptions & LayerOptions): Layer<readonly Symbolic[]>;
};
