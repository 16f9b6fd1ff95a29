import { lookUp } from '../../suggest.ts';
import { constant } from './constant.ts';
import { glorotNormal } from './glorot-normal.ts';
import { glorotUniform } from './glorot-uniform.ts';
import { heNormal } from './he-normal.ts';
import { heUniform } from './he-uniform.ts';
import { identity } from './identity.ts';
import type { Initializer } from './initializer.ts';
import { kaimingUniform } from './kaiming-uniform.ts';
import { lecunNormal } from './lecun-normal.ts';
import { lecunUniform } from './lecun-uniform.ts';
import { ones } from './ones.ts';
import { orthogonal } from './orthogonal.ts';
import { randomNormal } from './random-normal.ts';
import { randomUniform } from './random-uniform.ts';
import { truncatedNormal } from './truncated-normal.ts';
import { varianceScaling } from './variance-scaling.ts';
import { zeros } from './zeros.ts';

export type { FanAxes } from './fans.ts';
export type { Initializer } from './initializer.ts';
export type { KaimingUniformOptions } from './kaiming-uniform.ts';
export type { NormalOptions } from './random-normal.ts';
export type { UniformOptions } from './random-uniform.ts';
export type { VarianceScalingOptions } from './variance-scaling.ts';

/** All initializers by name. */
export const initializers = {
  zeros,
  ones,
  constant,
  randomNormal,
  randomUniform,
  truncatedNormal,
  varianceScaling,
  glorotUniform,
  glorotNormal,
  heUniform,
  heNormal,
  lecunUniform,
  lecunNormal,
  kaimingUniform,
  orthogonal,
  identity,
} as const;

/** The names that layers take. */
export type InitializerName = keyof typeof initializers;
/** What a layer takes: a name, an initializer, or one that was saved. */
export type InitializerLike =
  | InitializerName
  | Initializer
  | { readonly type: string; readonly config: Readonly<Record<string, unknown>> };

/**
 * The initializer of this name with its defaults; one that was saved as `{ type, config }`; an initializer as it is.
 *
 * Errors: `unknown-name` with a did-you-mean, `bad-value`. Source: keras.initializers.get.
 *
 * @example
 * import { randomKey, resolveInitializer } from '@stratus/core';
 * console.log(resolveInitializer('glorotUniform').make([784, 10], randomKey(7)).shape); // [784, 10]
 */
export function resolveInitializer(initializer: InitializerLike): Initializer {
  if (typeof initializer !== 'string' && 'make' in initializer) return initializer;
  const { type, config } = typeof initializer === 'string' ? { type: initializer, config: {} } : initializer;
  return lookUp<(config: object) => Initializer>('initializer', initializers, type)(config);
}
