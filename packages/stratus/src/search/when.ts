import { fail } from '@stratus/core';
import type { Domain, Value } from './domain.ts';

/** A domain that is there only under a condition; it makes its parameter optional. */
export type Conditional<T extends Value> = Domain<T> & { readonly when: Readonly<Record<string, readonly Value[]>> };

/**
 * A parameter that is there only where others have some value: the momentum of one optimizer. What it depends on may itself depend on others.
 *
 * Errors: `bad-value` for a condition that is none, or around another one: name both in one.
 *
 * @example
 * import { choice, uniform, when } from 'stratus';
 * const space = { optimizer: choice('adam', 'sgd'), momentum: when({ optimizer: 'sgd' }, uniform(0, 0.99)) };
 * console.log(space.momentum.when); // { optimizer: [ 'sgd' ] }
 */
export function when<T extends Value>(
  condition: Readonly<Record<string, Value | readonly Value[]>>,
  domain: Domain<T>,
): Conditional<T> {
  const entries = Object.entries(condition).map(
    ([name, values]) => [name, Array.isArray(values) ? [...values] : [values as Value]] as const,
  );
  if (domain.when !== undefined || entries.length === 0 || entries.some(([, values]) => values.length === 0))
    throw fail('bad-value', {
      what: 'when',
      got: domain.when === undefined ? JSON.stringify(condition) : 'a condition within a condition',
      want: "one condition such as { optimizer: 'sgd' } or { optimizer: ['sgd', 'rmsprop'] }, and a domain",
    });
  return {
    ...domain,
    when: Object.fromEntries(entries),
    json: () => ({
      ...domain.json(),
      when: Object.fromEntries(entries.map(([name, values]) => [name, values.length === 1 ? values[0] : values])),
    }),
  };
}
