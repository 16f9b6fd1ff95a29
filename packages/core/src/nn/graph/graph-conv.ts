// What the graph layers have in common besides their edges: options, and what happens to the sums at the end.
import type { Value } from '../../graph/index.ts';
import { add } from '../../ops/index.ts';
import { checkOptions } from '../../options.ts';
import { type ActivationName, activate, checkActivation } from '../activations.ts';
import type { InitializerLike } from '../init/index.ts';
import type { Scope } from '../layer.ts';
import type { RegularizerLike } from '../regularizers/index.ts';
import { asNodes } from './edges.ts';

/** Options that all graph layers have. */
export interface GraphConvOptions {
  /** Features of a node in the output; with several heads, in that of each. */
  readonly units: number;
  readonly activation?: ActivationName;
  /** True unless told. */
  readonly useBias?: boolean;
  /** Each node is also its own neighbour, with weight 1. True unless told. */
  readonly selfLoops?: boolean;
  /** Each edge counts in both directions. False unless told: edges are taken as they are. */
  readonly undirected?: boolean;
  /** Of everything that is multiplied; 'glorotUniform' unless told. */
  readonly kernelInitializer?: InitializerLike;
  /** 'zeros' unless told. */
  readonly biasInitializer?: InitializerLike;
  readonly kernelRegularizer?: RegularizerLike;
  readonly biasRegularizer?: RegularizerLike;
}

/** Errors: `bad-value`, `unknown-name`. */
export function checkGraphConv(what: string, config: GraphConvOptions): void {
  const { units, useBias = true, selfLoops = true, undirected = false } = config;
  checkOptions(
    what,
    { units, useBias, selfLoops, undirected },
    { units: 'count', useBias: 'flag', selfLoops: 'flag', undirected: 'flag' },
  );
  checkActivation(config.activation);
}

/** What arrived at each node, with bias and activation, as nodes of the graphs of `x`. */
export function finished(
  sums: Value,
  x: Value,
  { config, scope }: { readonly config: GraphConvOptions; readonly scope: Scope },
): Value {
  const { useBias = true, biasInitializer: initializer = 'zeros', biasRegularizer: regularizer } = config;
  const size = [sums.shape[1] as number];
  const biased = useBias ? add(sums, scope.parameter('bias', size, { initializer, regularizer })) : sums;
  return activate(config.activation, asNodes(biased, x));
}
