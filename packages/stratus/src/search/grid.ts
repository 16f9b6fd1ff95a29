import { fail } from '@stratus/core';
import type { Value } from './domain.ts';
import type { Search } from './search.ts';
import { groupsOf, isActive, type Parameters, type Space } from './space.ts';

/** How fine a grid is. */
export interface GridOptions {
  /** How many values at most stand for a parameter of numbers, for all or by name; 5. Choices are always all there. */
  readonly levels?: number | Readonly<Record<string, number>>;
}

const most = 100_000;

/** Every combination, the last parameter changing fastest. Errors: `bad-value` where there are too many. */
function combinations(space: Space, levels: (name: string) => number): Parameters[] {
  let found: Record<string, Value>[] = [{}];
  for (const { domains } of groupsOf(space)) {
    for (const [name, domain] of domains) {
      const values = domain.levels(levels(name));
      found = found.flatMap((known) =>
        isActive(domain, known) ? values.map((value) => ({ ...known, [name]: value })) : [known],
      );
      if (found.length > most)
        throw fail('bad-value', {
          what: 'grid',
          got: `more than ${most} combinations`,
          want: 'a grid that can be gone through',
          fix: 'Ask for fewer levels, or take another search: random() and tpe() need no grid.',
        });
    }
  }
  return found;
}

/**
 * Goes through every combination of values: of a choice all, of numbers some levels, evenly on their scale, from the lowest to the highest.
 *
 * Errors: `bad-value`, also where there are more than 100,000.
 *
 * @example
 * import { choice, grid, uniform } from 'stratus';
 * console.log(grid({ levels: 3 }).size!({ x: uniform(0, 1), y: choice('a', 'b') })); // 6
 */
export function grid({ levels = 5 }: GridOptions = {}): Search {
  for (const [name, count] of typeof levels === 'number' ? [['all', levels] as const] : Object.entries(levels))
    if (!Number.isSafeInteger(count) || count < 1)
      throw fail('bad-value', {
        what: 'grid',
        got: `levels of ${name} = ${String(count)}`,
        want: 'a whole number of at least 1',
      });
  const levelsOf = (name: string): number =>
    typeof levels === 'number' ? levels : Object.hasOwn(levels, name) ? levels[name]! : 5;
  const made = new WeakMap<Space, Parameters[]>();
  const all = (space: Space): Parameters[] => {
    if (!made.has(space)) made.set(space, combinations(space, levelsOf));
    return made.get(space)!;
  };
  return {
    name: 'grid',
    options: { levels },
    size: (space) => all(space).length,
    suggest: ({ space, number }) => all(space)[number - 1],
  };
}
