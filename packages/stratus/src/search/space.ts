import { fail, nearest } from '@stratus/core';
import type { Domain, Value } from './domain.ts';
import type { Conditional } from './when.ts';

/** The parameters of a search and what each may be, by name. */
export type Space = Readonly<Record<string, Domain>>;

type ValueOf<D> = D extends Domain<infer T> ? T : never;

/** The parameters of a trial in a space: those of conditions may be missing. */
export type ParametersOf<S extends Space> = {
  readonly [K in keyof S as S[K] extends Conditional<Value> ? never : K]: ValueOf<S[K]>;
} & {
  readonly [K in keyof S as S[K] extends Conditional<Value> ? K : never]?: ValueOf<S[K]>;
};

/** Parameters of whatever space. */
export type Parameters = Readonly<Record<string, Value>>;

/** Whether a parameter is there, as far as those that it depends on are known. */
export const isActive = (domain: Domain, known: Parameters): boolean =>
  Object.entries(domain.when ?? {}).every(([name, values]) => Object.hasOwn(known, name) && values.includes(known[name]!));

/** Parameters under the same condition. */
export interface Group {
  readonly domains: ReadonlyMap<string, Domain>;
  /** Whether it is there. All of them have the same condition. */
  isActive(known: Parameters): boolean;
}

/** The parameters by their conditions, each group after those that it depends on. Errors: `bad-value` for conditions in a circle. */
export function groupsOf(space: Space): readonly Group[] {
  const groups = new Map<string, Map<string, Domain>>();
  const done = new Set<string>();
  const waiting = new Map(Object.entries(space));
  while (waiting.size > 0) {
    const ready = [...waiting].filter(([, { when = {} }]) => Object.keys(when).every((name) => done.has(name)));
    if (ready.length === 0)
      throw fail('bad-value', {
        what: 'the space',
        got: `conditions in a circle: ${[...waiting.keys()].join(', ')}`,
        want: 'parameters that depend on others, but not on themselves',
      });
    for (const [name, domain] of ready) {
      const key = JSON.stringify(Object.entries(domain.when ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)));
      if (!groups.has(key)) groups.set(key, new Map());
      groups.get(key)!.set(name, domain);
      waiting.delete(name);
    }
    for (const [name] of ready) done.add(name);
  }
  return [...groups.values()].map((domains) => {
    const [first] = domains.values();
    return { domains, isActive: (known) => isActive(first!, known) };
  });
}

/** Errors: `bad-value` for an empty space, a condition on a parameter or value that is not there, and conditions in a circle. */
export function checkSpace(space: Space): void {
  const names = Object.keys(space);
  const refuse = (got: string, want: string): never => {
    throw fail('bad-value', { what: 'the space', got, want });
  };
  if (names.length === 0) refuse('no parameters', 'at least one, such as { learningRate: logUniform(1e-5, 1e-1) }');
  for (const [name, domain] of Object.entries(space)) {
    if (typeof (domain as Partial<Domain> | null)?.at !== 'function')
      refuse(`${name} = ${JSON.stringify(domain)}`, 'what uniform, logUniform, int, choice or when give');
    for (const [other, values] of Object.entries(domain.when ?? {})) {
      if (!Object.hasOwn(space, other)) {
        const near = nearest(other, names);
        refuse(`a condition of ${name} on '${other}'`, `a parameter of the space${near ? `: did you mean '${near}'?` : ''}`);
      }
      const missing = values.find((value) => !space[other]!.has(value));
      if (missing !== undefined)
        refuse(`a condition of ${name} on ${other} = ${JSON.stringify(missing)}`, `a value that ${other} may have`);
    }
  }
  groupsOf(space);
}

/** Of more values, those that are parameters of the space and there. */
export function parametersIn(space: Space, values: Readonly<Record<string, unknown>>): Parameters {
  const found: Record<string, Value> = {};
  for (const group of groupsOf(space))
    for (const [name, domain] of group.domains)
      if (group.isActive(found) && domain.has(values[name])) found[name] = values[name] as Value;
  return found;
}

/** Why these are no parameters of the space; undefined where they are. */
export function complaintOf(space: Space, parameters: Parameters): string | undefined {
  for (const name of Object.keys(parameters)) if (!Object.hasOwn(space, name)) return `'${name}' is not in the space`;
  for (const [name, domain] of Object.entries(space)) {
    const active = isActive(domain, parameters);
    if (active !== Object.hasOwn(parameters, name))
      return `'${name}' ${active ? 'is missing' : 'is there against its condition'}`;
    if (active && !domain.has(parameters[name])) return `${name} = ${JSON.stringify(parameters[name])} is outside`;
  }
  return undefined;
}
