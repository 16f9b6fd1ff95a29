import { lookUp } from '../../suggest.ts';
import { l1 } from './l1.ts';
import { l1l2 } from './l1l2.ts';
import { l2 } from './l2.ts';
import type { Regularizer } from './regularizer.ts';

export type { Regularizer } from './regularizer.ts';

/** All regularizers by name. */
export const regularizers = { l1, l2, l1l2 } as const;

/** The names that layers take. */
export type RegularizerName = keyof typeof regularizers;
/** What a layer takes: a name, a regularizer, or one that was saved. */
export type RegularizerLike =
  | RegularizerName
  | Regularizer
  | { readonly type: string; readonly config: Readonly<Record<string, unknown>> };

type Saved = Readonly<Record<string, number | undefined>>;
const fromConfig: Readonly<Record<RegularizerName, (config: Saved) => Regularizer>> = {
  l1: (config) => l1(config['l1']),
  l2: (config) => l2(config['l2']),
  l1l2: (config) => l1l2(config as { l1?: number; l2?: number }),
};

/**
 * The regularizer of this name with its default factors; one that was saved as `{ type, config }`; a regularizer as it is.
 *
 * Errors: `unknown-name` with a did-you-mean, `bad-value`. Source: keras.regularizers.get.
 *
 * @example
 * import { resolveRegularizer } from '@stratus/core';
 * console.log(resolveRegularizer('l2').config); // { l2: 0.01 }
 */
export function resolveRegularizer(regularizer: RegularizerLike): Regularizer {
  if (typeof regularizer !== 'string' && 'apply' in regularizer) return regularizer;
  const { type, config } = typeof regularizer === 'string' ? { type: regularizer, config: {} } : regularizer;
  return lookUp('regularizer', fromConfig, type)(config as Saved);
}
