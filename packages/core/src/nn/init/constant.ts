import { defineInitializer, type Initializer } from './initializer.ts';

/**
 * One number everywhere; 0 unless told.
 *
 * Errors: `bad-value`, `unknown-name`. Source: keras.initializers.Constant.
 *
 * @example
 * import { initializers } from '@stratus/core';
 * console.log(initializers.constant({ value: 0.5 }).make([2], [0, 0]).toArray()); // [0.5, 0.5]
 */
export const constant = ({ value = 0, ...unknown }: { readonly value?: number } = {}): Initializer =>
  defineInitializer({ type: 'constant', options: { value }, rules: { value: 'number' }, unknown, numbers: () => () => value });
