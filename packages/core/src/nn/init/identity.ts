import { fail } from '../../errors.ts';
import { showShape } from '../../tensor/index.ts';
import { defineInitializer, type Initializer } from './initializer.ts';

/**
 * `gain` (1 unless told) on the diagonal, 0 elsewhere.
 *
 * Shapes: two axes, not necessarily equal. Errors: `bad-value`, `unknown-name`. Source: keras.initializers.Identity, torch.nn.init.eye_.
 *
 * @example
 * import { initializers } from '@stratus/core';
 * console.log(initializers.identity().make([2, 2], [0, 0]).toArray()); // [[1, 0], [0, 1]]
 */
export const identity = ({ gain = 1, ...unknown }: { readonly gain?: number } = {}): Initializer =>
  defineInitializer({
    type: 'identity',
    options: { gain },
    rules: { gain: 'number' },
    unknown,
    numbers(shape) {
      const columns = shape[1];
      if (columns === undefined || shape.length !== 2)
        throw fail('bad-value', { what: 'identity', got: `shape ${showShape(shape)}`, want: 'two axes' });
      return (i) => (Math.floor(i / columns) === i % columns ? gain : 0);
    },
  });
