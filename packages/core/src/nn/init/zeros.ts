import { defineInitializer, type Initializer } from './initializer.ts';

/**
 * 0 everywhere.
 *
 * Errors: `unknown-name`. Source: keras.initializers.Zeros.
 *
 * @example
 * import { initializers } from '@stratus/core';
 * console.log(initializers.zeros().make([2], [0, 0]).toArray()); // [0, 0]
 */
export const zeros = ({ ...unknown }: {} = {}): Initializer =>
  defineInitializer({ type: 'zeros', options: {}, rules: {}, unknown, numbers: () => () => 0 });
