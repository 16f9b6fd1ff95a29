import type { Value } from '../../graph/index.ts';
import * as ops from '../../ops/index.ts';
import { lookUp } from '../../suggest.ts';
import { defineLayer } from '../layer.ts';
import { arriving, edgesOf, featuresOf, filled, nodeRows } from './edges.ts';
import { checkGraphConv, finished, type GraphConvOptions } from './graph-conv.ts';

/** Options of {@link gcnConv}. */
export interface GcnConvOptions extends GraphConvOptions {
  /**
   * How what arrives is weighed, with d the sum of the weights of the edges that end in a node: 'symmetric' (unless told) by
   * 1 / sqrt(d of source · d of target), 'mean' by 1 / d of target, 'none' not at all.
   */
  readonly normalization?: 'symmetric' | 'mean' | 'none';
}

const normalizations = { symmetric: true, mean: true, none: true };

/**
 * Graph convolution: each node takes the weighted sum of what its neighbours send, `y = activation(D^-1/2 (A + I) D^-1/2 x W + b)`. A
 * batch of graphs, each with its own edges; training on one whole graph is a batch of one.
 *
 * Inputs: `x`, then the edges as two lists, sources and targets (what a source sends arrives at the target: give both directions
 * for an undirected graph, or `undirected`), and, if wanted, a weight for each edge, not below 0. Edges whose two ends are -1 fill up
 * a batch and have no effect. The sums are sparse: memory and time go with the number of edges.
 *
 * Shapes: `x [batch, nodes, features], edges [batch, 2, edges] (int32), weights [batch, edges] -> [batch, nodes, units]`; parameters
 * `kernel [features, units]`, `bias [units]`. Errors: `bad-value`, `shape-mismatch`, `dtype-mismatch`; at run time an error for an
 * edge to a node that is not there. Source: Kipf and Welling 2017; torch_geometric GCNConv.
 *
 * @example
 * import { gcnConv, input } from '@stratus/core';
 * const x = input({ shape: [2708, 1433] });
 * const edges = input({ shape: [2, 'edges'], dtype: 'int32' });
 * console.log(gcnConv({ units: 16, activation: 'relu' })([x, edges]).shape); // ['batch', 2708, 16]
 */
export const gcnConv = defineLayer<GcnConvOptions>({
  type: 'GCNConv',
  inputs: [2, 3],
  check(config) {
    checkGraphConv('GCNConv', config);
    lookUp('normalization', normalizations, config.normalization ?? 'symmetric');
  },
  build(config, inputs, scope) {
    const { units, normalization = 'symmetric', selfLoops = true } = config;
    const features = featuresOf('GCNConv', inputs);
    const kernel = scope.parameter('kernel', [features, units], {
      initializer: config.kernelInitializer ?? 'glorotUniform',
      regularizer: config.kernelRegularizer,
    });
    const edges = edgesOf(inputs, config.undirected ?? false);
    const rows = ops.gemm(nodeRows(inputs[0]!), kernel); // before the sums: there are fewer units than features
    const degree = normalization === 'none' ? undefined : arriving(filled(rows, selfLoops ? 1 : 0, 1), edges, edges.weight);
    const root = degree && normalization === 'symmetric' ? inverse(degree, ops.sqrt) : undefined;
    const sent = root ? ops.mul(rows, root) : rows;
    const messages = ops.mul(ops.gather(sent, edges.source), edges.weight);
    const sums = arriving(selfLoops ? sent : filled(rows, 0, units), edges, messages);
    const scaled = degree ? ops.mul(sums, root ?? inverse(degree, (d) => d)) : sums;
    return finished(scaled, inputs[0]!, { config, scope });
  },
});

/** `1 / f(degree)`; 0 where nothing arrives, and no infinite slope there. */
const inverse = (degree: Value, f: (d: Value) => Value): Value =>
  ops.mul(ops.reciprocal(f(ops.max(degree, 1e-30))), ops.cast(ops.greater(degree, 0), degree.dtype));
