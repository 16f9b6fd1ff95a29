import { foldIn, randomKey, uniforms } from '@stratus/core';
import type { Domain } from './domain.ts';
import type { Search } from './search.ts';
import { groupsOf, type Parameters, type Space } from './space.ts';

/** What everything that is drawn for a trial comes of. */
type Key = ReturnType<typeof randomKey>;
export const trialKey = (seed: number, number: number): Key => foldIn(randomKey(seed), number);

/** A value by a number from 0 to 1 (exclusive). */
export const draw = ({ axis, at }: Domain, random: number): ReturnType<Domain['at']> =>
  at(axis.is === 'line' ? random : random * axis.count);

/** Parameters that are drawn, each one independent of the others. */
export function drawAll(space: Space, key: Key): Parameters {
  const random = uniforms(key);
  const drawn: Record<string, ReturnType<Domain['at']>> = {};
  for (const group of groupsOf(space)) {
    for (const [name, domain] of group.domains) {
      const number = random(); // also for what is not there: nothing is drawn otherwise because of a condition
      if (group.isActive(drawn)) drawn[name] = draw(domain, number);
    }
  }
  return drawn;
}

/**
 * Draws parameters by chance. Hard to beat with many trials at once, and what every other search has to beat.
 *
 * Source: Bergstra and Bengio 2012, Random Search for Hyper-Parameter Optimization.
 *
 * @example
 * import { random, uniform } from 'stratus';
 * const context = { space: { x: uniform(0, 1) }, goal: 'minimize', seed: 1, number: 1, history: [] } as const;
 * console.log(random().suggest(context)!['x'] === random().suggest(context)!['x']); // true
 */
export function random(): Search {
  return { name: 'random', options: {}, suggest: ({ space, seed, number }) => drawAll(space, trialKey(seed, number)) };
}
