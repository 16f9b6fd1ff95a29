// Fields by input: how they are given, named and gone through.
import { fail } from '../errors.ts';
import { specOf } from './field.ts';
import type { Step } from './step.ts';

/** What is done to fields of records, one step after the other. */
export type Fields = Readonly<Record<string, Step | readonly Step[]>>;

/** Something for each field of each input, or of each output. */
export type Group<T> = Readonly<Record<string, Readonly<Record<string, T>>>>;

const isStep = (x: unknown): x is Step =>
  typeof x === 'object' && x !== null && 'type' in x && typeof x.type === 'string' && 'config' in x;
const isFields = (x: Fields | Readonly<Record<string, Fields>>): x is Fields =>
  Object.values(x).some((own) => Array.isArray(own) || isStep(own));

/** The same groups with something else for each field. */
export const mapGroup = <T, U>(group: Group<T>, f: (own: T, field: string, name: string) => U): Group<U> =>
  Object.fromEntries(
    Object.entries(group).map(([name, fields]) => [
      name,
      Object.fromEntries(Object.entries(fields).map(([field, own]) => [field, f(own, field, name)])),
    ]),
  );
/** What all groups have. */
export const listGroup = <T>(group: Group<T>): T[] => Object.values(group).flatMap((fields) => Object.values(fields));

/** By input, each field with a list of steps. Errors: `bad-value`. */
export function grouped(given: Fields | Readonly<Record<string, Fields>> | undefined, name: string): Group<readonly Step[]> {
  if (given === undefined) return {};
  const groups = isFields(given) ? { [name]: given } : given;
  const wrong = (got: string): never => {
    throw fail('bad-value', {
      what: 'preprocessing',
      got,
      want: 'fields with steps: { age: [steps.impute(), steps.standardize()] }',
    });
  };
  if (Object.keys(groups).length === 0) wrong('no fields');
  return Object.fromEntries(
    Object.entries(groups).map(([group, fields]) => {
      if (typeof fields !== 'object' || fields === null || Object.keys(fields).length === 0) wrong(`no fields for '${group}'`);
      return [
        group,
        Object.fromEntries(
          Object.entries(fields).map(([field, own]) => {
            const list: readonly unknown[] = Array.isArray(own) ? own : [own];
            if (!list.every(isStep)) wrong(`something else than steps for '${field}'`);
            for (const step of list as readonly Step[]) specOf(step);
            return [field, list as readonly Step[]];
          }),
        ),
      ];
    }),
  );
}

/** A name that inputs of graphs may have. */
const plainName = (name: string): string => name.replaceAll(/[^\w.-]+/g, '_').replace(/^[^A-Za-z0-9_]/, '_') || '_';

/** Which field goes in by which input of the graph: a field that is an input by itself has its name. */
export function feedNames(features: Group<unknown>, reserved: readonly string[] = []): Group<string> {
  const taken = new Set(reserved);
  return mapGroup(features, (_, field, group) => {
    const own = Object.keys(features[group]!).length === 1 ? plainName(group) : plainName(field);
    let name = own;
    for (let i = 1; taken.has(name); i++) name = `${own}_${i}`;
    taken.add(name);
    return name;
  });
}
