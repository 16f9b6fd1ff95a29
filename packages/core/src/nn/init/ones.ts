import { defineInitializer, type Initializer } from './initializer.ts';

/**
 * 1 everywhere.
 *
 * Errors: `unknown-name`. Source: keras.initializers.Ones.
 *
 * @example
 * import { initializers } from '@stratus/core';
 * console.log(initializers.ones().make([2], [0, 0]).toArray()); // [1, 1]
 */
export const ones = ({ ...unknown }: {} = {}): Initializer =>
  defineInitializer({ type: 'ones', options: {}, rules: {}, unknown, numbers: () => () => 1 });
