// Scale and shift, which end every normalisation but two.
import type { Value } from '../../graph/index.ts';
import { add, mul } from '../../ops/index.ts';
import { checkOptions } from '../../options.ts';
import type { InitializerLike } from '../init/index.ts';
import type { Scope } from '../layer.ts';
import type { RegularizerLike } from '../regularizers/index.ts';

/** What layers take that end with a scale and a shift. */
export interface GammaBetaOptions {
  /** Adds `beta`; true unless told. */
  readonly center?: boolean | undefined;
  /** Multiplies by `gamma`; true unless told. */
  readonly scale?: boolean | undefined;
  /** 'zeros' unless told. */
  readonly betaInitializer?: InitializerLike | undefined;
  /** 'ones' unless told. */
  readonly gammaInitializer?: InitializerLike | undefined;
  readonly betaRegularizer?: RegularizerLike | undefined;
  readonly gammaRegularizer?: RegularizerLike | undefined;
}

/** The parameters that options ask for. */
export interface GammaBeta {
  readonly gamma?: Value | undefined;
  readonly beta?: Value | undefined;
}

/** Throws for options that cannot work. */
export const checkGammaBeta = (what: string, { center = true, scale = true }: GammaBetaOptions): void =>
  checkOptions(what, { center, scale }, { center: 'flag', scale: 'flag' });

/** Asks the scope for `gamma` and `beta`. */
export function gammaBeta(options: GammaBetaOptions, shape: readonly number[], scope: Scope): GammaBeta {
  const { center = true, scale = true, gammaInitializer = 'ones', betaInitializer = 'zeros' } = options;
  const { gammaRegularizer, betaRegularizer } = options;
  return {
    gamma: scale ? scope.parameter('gamma', shape, { initializer: gammaInitializer, regularizer: gammaRegularizer }) : undefined,
    beta: center ? scope.parameter('beta', shape, { initializer: betaInitializer, regularizer: betaRegularizer }) : undefined,
  };
}

/** `x * gamma + beta` for values that broadcast to `x`, of those that there are. */
export function scaled(x: Value, { gamma, beta }: GammaBeta): Value {
  const by = gamma ? mul(x, gamma) : x;
  return beta ? add(by, beta) : by;
}
