import { fail } from '@stratus/core';
import type { Domain, Value } from './domain.ts';

const isValue = (x: unknown): x is Value => typeof x === 'string' || typeof x === 'boolean' || Number.isFinite(x);

/**
 * One of some texts, numbers, or true and false. They have no order: for sizes, `int` knows that 64 lies between 32 and 128.
 *
 * Errors: `bad-value` for none, for one twice, and for what is no text, finite number, true or false.
 *
 * @example
 * import { choice } from 'stratus';
 * const optimizer = choice('adam', 'sgd');
 * console.log(optimizer.has('adamw')); // false
 */
export function choice<const T extends Value>(...values: readonly T[]): Domain<T> {
  if (values.length === 0 || !values.every(isValue) || new Set(values).size !== values.length)
    throw fail('bad-value', {
      what: 'choice',
      got: values.map((value) => JSON.stringify(value) ?? String(value)).join(', ') || 'nothing',
      want: 'texts, finite numbers, true or false, each of them once',
    });
  return {
    kind: 'choice',
    axis: { is: 'choices', count: values.length },
    has: (value) => (values as readonly unknown[]).includes(value),
    at: (place) => values[Math.min(values.length - 1, Math.max(0, Math.floor(place)))]!,
    placeOf: (value) => values.indexOf(value as T),
    levels: () => values,
    json: () => ({ choice: values }),
  };
}
