// What the encoder block and the decoder block of a transformer share.
import { fail } from '../../errors.ts';
import type { Value } from '../../graph/index.ts';
import { add, layerNormalization } from '../../ops/index.ts';
import { checkOptions } from '../../options.ts';
import { type ActivationName, activate, checkActivation } from '../activations.ts';
import { drop } from '../basic/drop.ts';
import { linear } from '../basic/linear.ts';
import type { Scope } from '../layer.ts';
import { inPart } from '../nested-scope.ts';
import { fromRows, rowsOf } from '../rows.ts';
import { sequenceOf } from '../sequence-input.ts';
import { type Attended, attend, checkHeads, type HeadOptions } from './attention.ts';

/** Options of {@link transformerEncoder} and {@link transformerDecoder}. `numHeads` must divide the width of the input. */
export interface TransformerOptions extends HeadOptions {
  /** Width of the hidden layer between the two dense ones. */
  readonly intermediateDim: number;
  /** Between the dense layers: 'relu' unless told. */
  readonly activation?: ActivationName | undefined;
  /** Share that training drops of what attention and the dense layers give, and inside of both; 0 unless told. */
  readonly dropout?: number | undefined;
  /** The share of the attention weights alone; `dropout` unless told. */
  readonly attentionDropout?: number | undefined;
  /** The share of the hidden layer alone; `dropout` unless told. */
  readonly activationDropout?: number | undefined;
  /** Normalises what goes into each part (as GPT-2) instead of what comes out (as in 2017); false unless told. */
  readonly normalizeFirst?: boolean | undefined;
  /** 1e-5 unless told. */
  readonly layerNormEpsilon?: number | undefined;
  /** Of all dense layers and normalisations; true unless told. */
  readonly useBias?: boolean | undefined;
}

/** Throws for options that cannot work. */
export function checkTransformer(what: string, options: TransformerOptions): void {
  const { intermediateDim, dropout = 0, normalizeFirst = false, layerNormEpsilon = 1e-5 } = options;
  const { attentionDropout = dropout, activationDropout = dropout } = options;
  checkHeads(what, options);
  checkOptions(
    what,
    { intermediateDim, dropout, attentionDropout, activationDropout, layerNormEpsilon, normalizeFirst },
    {
      intermediateDim: 'count',
      dropout: 'fraction',
      attentionDropout: 'fraction',
      activationDropout: 'fraction',
      layerNormEpsilon: 'positive',
      normalizeFirst: 'flag',
    },
  );
  checkActivation(options.activation);
}

/** Builds the parts of one block. */
export interface Parts {
  /** Attention with its residual connection and normalisation: parameters under `name` and `nameNorm`. */
  attention(name: string, x: Value, to: (x: Value) => Omit<Attended, 'query'>, causal: boolean): Value;
  /** The two dense layers with theirs: `feedforward/dense1`, `feedforward/dense2`, `feedforwardNorm`. */
  feedforward(x: Value): Value;
}

/** The parts of a block on sequences like `x`. */
export function partsOf(what: string, options: TransformerOptions, x: Value, scope: Scope): Parts {
  const { numHeads, numKvHeads, rotary, dropout = 0, attentionDropout = dropout, activationDropout = dropout } = options;
  const { kernelInitializer = 'glorotUniform', biasInitializer = 'zeros', useBias = true, layerNormEpsilon = 1e-5 } = options;
  const { width } = sequenceOf(what, x);
  if (width % numHeads !== 0)
    throw fail('shape-mismatch', {
      what,
      got: `sequences of width ${width}`,
      want: `a width that numHeads = ${numHeads} divides`,
      fix: 'Choose another number of heads, or another width of the embedding.',
    });
  const keyDim = width / numHeads;
  if (rotary !== undefined && rotary !== false && keyDim % 2 !== 0)
    throw fail('bad-value', { what, got: `rotary with ${keyDim} features a head`, want: 'an even number' });
  const dense = { useBias, kernelInitializer, biasInitializer };

  /** x + part(norm(x)), or norm(x + part(x)). Where nothing is dropped, the part itself adds what it comes onto. */
  const residual = (name: string, own: Value, part: (from: Value, onto?: Value) => Value): Value => {
    const norm = (v: Value): Value =>
      inPart(scope, `${name}Norm`, (s) => normalise(v, { epsilon: layerNormEpsilon, useBias }, s));
    const drops = scope.training && dropout > 0;
    const added = (from: Value): Value =>
      fromRows(drops ? add(rowsOf(own), drop(rowsOf(part(from)), dropout, scope)) : rowsOf(part(from, own)), own);
    return options.normalizeFirst ? added(norm(own)) : norm(added(own));
  };
  const layer = (name: string, from: Value, units: number, outer: Scope, onto?: Value): Value =>
    inPart(outer, name, (s) => {
      const kernel = s.parameter('kernel', [from.shape[from.shape.length - 1] as number, units], {
        initializer: kernelInitializer,
      });
      return linear(from, kernel, useBias ? s.parameter('bias', [units], { initializer: biasInitializer }) : undefined, onto);
    });
  return {
    attention: (name, own, to, causal) =>
      residual(name, own, (from, onto) =>
        inPart(scope, name, (s) =>
          attend(
            what,
            { numHeads, keyDim, numKvHeads, rotary, causal, dropout: attentionDropout, ...dense },
            { query: from, ...to(from), onto },
            s,
          ),
        ),
      ),
    feedforward: (own) =>
      residual('feedforward', own, (from, onto) =>
        inPart(scope, 'feedforward', (s) => {
          const inner = activate(options.activation ?? 'relu', layer('dense1', rowsOf(from), options.intermediateDim, s));
          const hidden = drop(inner, activationDropout, s);
          return layer('dense2', hidden, width, s, onto);
        }),
      ),
  };
}

/** Layer normalisation over the last axis. */
function normalise(x: Value, { epsilon, useBias }: { readonly epsilon: number; readonly useBias: boolean }, scope: Scope): Value {
  const width = x.shape[x.shape.length - 1] as number;
  const scale = scope.parameter('gamma', [width], { initializer: 'ones' });
  const bias = useBias ? scope.parameter('beta', [width], { initializer: 'zeros' }) : undefined;
  return fromRows(layerNormalization(rowsOf(x), { scale, bias, epsilon }), x);
}
