import type { Value } from '../../graph/index.ts';
import * as ops from '../../ops/index.ts';
import { checkOptions } from '../../options.ts';
import { drop } from '../basic/drop.ts';
import { defineLayer } from '../layer.ts';
import { alongEdges, arriving, edgesOf, featuresOf, filled, nodeRows } from './edges.ts';
import { checkGraphConv, finished, type GraphConvOptions } from './graph-conv.ts';

/** Options of {@link gatConv}. */
export interface GatConvOptions extends GraphConvOptions {
  /** 1 unless told. */
  readonly heads?: number;
  /** The heads one after the other in the output, or their mean. True unless told. */
  readonly concatHeads?: boolean;
  /** Slope of the scores' leaky ReLU below 0; 0.2 unless told. */
  readonly negativeSlope?: number;
  /** Share of the attention that is dropped in training; 0 unless told. */
  readonly dropout?: number;
}

/** Lower than any score, and still a number where another is taken from it. */
const lowest = -1e30;

/**
 * Graph attention: each node takes the mean of what its neighbours send, weighed by a softmax over the edges that end in it of
 * `leakyRelu(a_source · W x_source + a_target · W x_target)`; several heads side by side. Inputs as those of `gcnConv`; a weight of an
 * edge multiplies its share before the shares are made to sum to 1.
 *
 * The largest score of each node's edges is taken from all of them first, so that no score is too large to be raised.
 *
 * Shapes: `x [batch, nodes, features], edges [batch, 2, edges] (int32), weights [batch, edges] -> [batch, nodes, heads * units]`, or
 * `[batch, nodes, units]` for the mean; parameters `kernel [features, heads * units]`, `attentionSource` and `attentionTarget`
 * `[heads, units]`, `bias` of the last size. Errors: `bad-value`, `shape-mismatch`, `dtype-mismatch`; at run time an error for an edge
 * to a node that is not there. Source: Velickovic et al. 2018; torch_geometric GATConv.
 *
 * @example
 * import { gatConv, input } from '@stratus/core';
 * const x = input({ shape: [2708, 1433] });
 * const edges = input({ shape: [2, 'edges'], dtype: 'int32' });
 * console.log(gatConv({ units: 8, heads: 8, activation: 'elu' })([x, edges]).shape); // ['batch', 2708, 64]
 */
export const gatConv = defineLayer<GatConvOptions>({
  type: 'GATConv',
  inputs: [2, 3],
  check(config) {
    const { heads = 1, concatHeads = true, negativeSlope = 0.2, dropout = 0 } = config;
    checkGraphConv('GATConv', config);
    checkOptions(
      'GATConv',
      { heads, concatHeads, negativeSlope, dropout },
      { heads: 'count', concatHeads: 'flag', negativeSlope: 'nonNegative', dropout: 'fraction' },
    );
  },
  build(config, inputs, scope) {
    const { units, heads = 1, concatHeads = true, negativeSlope = 0.2, dropout = 0, selfLoops = true } = config;
    const features = featuresOf('GATConv', inputs);
    const { kernelInitializer = 'glorotUniform', kernelRegularizer: regularizer } = config;
    const kernel = scope.parameter('kernel', [features, heads * units], { initializer: kernelInitializer, regularizer });
    const vector = (name: string): Value =>
      scope.parameter(name, [heads, units], { initializer: kernelInitializer, regularizer });
    const edges = edgesOf(inputs, config.undirected ?? false);
    const rows = ops.gemm(nodeRows(inputs[0]!), kernel);
    const byHead = (x: Value): Value => ops.reshape(x, [x.shape[0]!, heads, -1]);
    const score = (name: string): Value => ops.reduceSum(ops.mul(byHead(rows), vector(name)), { axes: [-1] }); // [rows, heads]
    const [ofSource, ofTarget] = [score('attentionSource'), score('attentionTarget')];
    const scoreOf = (source: Value, target: Value): Value => ops.leakyRelu(ops.add(source, target), { alpha: negativeSlope });

    const scores = scoreOf(ops.gather(ofSource, edges.source), ops.gather(ofTarget, edges.target)); // [edges, heads]
    const ownScores = scoreOf(ofSource, ofTarget);
    const candidates = ops.add(scores, ops.mul(edges.padding, lowest));
    const largest = ops.stopGradient(
      ops.scatterElementsOp(
        {
          data: selfLoops ? ownScores : filled(rows, lowest, heads),
          indices: alongEdges(edges.target, candidates),
          updates: candidates,
        },
        { axis: 0, reduction: 'max' },
      ).output,
    );
    const shares = ops.mul(ops.exp(ops.sub(candidates, ops.gather(largest, edges.target))), edges.weight);
    const ownShares = selfLoops ? ops.exp(ops.sub(ownScores, largest)) : filled(rows, 0, heads);
    const total = ops.max(arriving(ownShares, edges, shares), 1e-30);

    const weighted = (part: Value, sums: Value, values: Value): Value => {
      const share = drop(ops.div(part, sums), dropout, scope);
      return ops.reshape(ops.mul(byHead(values), ops.reshape(share, [...share.shape, 1])), [values.shape[0]!, heads * units]);
    };
    const messages = weighted(shares, ops.gather(total, edges.target), ops.gather(rows, edges.source));
    const sums = arriving(selfLoops ? weighted(ownShares, total, rows) : filled(rows, 0, heads * units), edges, messages);
    const joined = concatHeads ? sums : ops.reduceMean(byHead(sums), { axes: [1] });
    return finished(joined, inputs[0]!, { config, scope });
  },
});
