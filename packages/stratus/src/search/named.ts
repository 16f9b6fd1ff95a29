import { fail, lookUp } from '@stratus/core';
import { asha } from './asha.ts';
import { choice } from './choice.ts';
import type { Domain, DomainJson, Value } from './domain.ts';
import { grid } from './grid.ts';
import { int } from './int.ts';
import { logUniform } from './log-uniform.ts';
import { medianStopping } from './median-stopping.ts';
import { random } from './random.ts';
import type { Scheduler } from './scheduler.ts';
import type { Search } from './search.ts';
import { checkSpace, type Space } from './space.ts';
import { tpe } from './tpe.ts';
import { uniform } from './uniform.ts';
import { when } from './when.ts';

// What files and commands call things by. To add one: its file, and a line here.

type Maker<T> = (options: Readonly<Record<string, unknown>>) => T;

const domains: Readonly<Record<string, (values: readonly unknown[], options: Readonly<Record<string, unknown>>) => Domain>> = {
  uniform: ([low, high]) => uniform(low as number, high as number),
  logUniform: ([low, high]) => logUniform(low as number, high as number),
  int: ([low, high], options) => int(low as number, high as number, options),
  choice: (values) => choice(...(values as Value[])),
};

const searches: Readonly<Record<string, Maker<Search>>> = { grid, random, tpe };
const schedulers: Readonly<Record<string, Maker<Scheduler> | (() => undefined)>> = {
  asha,
  median: medianStopping,
  none: () => undefined,
};

/** Options that a thing of that name takes: all that it says of itself. */
function refuseUnknown(what: string, given: object, made: { readonly options: object } | undefined): void {
  const known = Object.fromEntries(Object.keys(made?.options ?? {}).map((name) => [name, true]));
  for (const name of Object.keys(given)) lookUp(`option of ${what}`, known, name);
}

const isRecord = (x: unknown): x is Readonly<Record<string, unknown>> => typeof x === 'object' && x !== null && !Array.isArray(x);

/** `'tpe'` or `{ tpe: { startTrials: 20 } }`. */
function named<T extends { readonly options: object } | undefined>(
  kind: string,
  table: Readonly<Record<string, Maker<T>>>,
  json: unknown,
): T {
  const entries = typeof json === 'string' ? [[json, {}] as const] : isRecord(json) ? Object.entries(json) : [];
  const [name, options] = entries[0] ?? [];
  if (entries.length !== 1 || !isRecord(options))
    throw fail('bad-value', {
      what: `the ${kind}`,
      got: JSON.stringify(json) ?? String(json),
      want: `a name, or { name: options }: ${Object.keys(table).join(', ')}`,
    });
  const make = lookUp(kind, table, name!);
  refuseUnknown(name!, options, make({}));
  return make(options);
}

/** Errors: `unknown-name`, `bad-value`. */
export const searchOf = (json: unknown): Search => named('search', searches, json);

/** Undefined for 'none'. Errors: `unknown-name`, `bad-value`. */
export const schedulerOf = (json: unknown): Scheduler | undefined => named('scheduler', schedulers, json);

/** As `searchOf` and `schedulerOf` read it. */
export const namedJson = ({
  name,
  options,
}: {
  readonly name: string;
  readonly options: object;
}): Readonly<Record<string, unknown>> => ({
  [name]: options,
});

function domainOf(name: string, json: unknown): Domain {
  const refuse = (): never => {
    throw fail('bad-value', {
      what: `the parameter '${name}' of the space`,
      got: JSON.stringify(json) ?? String(json),
      want: "{ uniform: [low, high] }, { logUniform: [low, high] }, { int: [low, high] } or { choice: ['a', 'b'] }, and perhaps when: { other: value }",
    });
  };
  if (!isRecord(json)) return refuse();
  const { when: condition, step, log, ...rest } = json;
  const [entry, ...more] = Object.entries(rest);
  if (entry === undefined || more.length > 0 || !Array.isArray(entry[1])) return refuse();
  const [kind, values] = entry;
  const options = { ...(step !== undefined && { step }), ...(log !== undefined && { log }) };
  if ((kind !== 'int' && Object.keys(options).length > 0) || (kind !== 'choice' && values.length !== 2)) return refuse();
  const domain = lookUp(`kind of parameter ('${name}')`, domains, kind)(values, options);
  if (condition === undefined) return domain;
  return isRecord(condition) ? when(condition as never, domain) : refuse();
}

/** A space of JSON. Errors: `bad-value`, `unknown-name`. */
export function spaceOf(json: unknown): Space {
  if (!isRecord(json))
    throw fail('bad-value', { what: 'the space', got: JSON.stringify(json) ?? String(json), want: 'an object of parameters' });
  const space = Object.fromEntries(Object.entries(json).map(([name, domain]) => [name, domainOf(name, domain)]));
  checkSpace(space);
  return space;
}

/** As `spaceOf` reads it. */
export const spaceJson = (space: Space): Readonly<Record<string, DomainJson>> =>
  Object.fromEntries(Object.entries(space).map(([name, domain]) => [name, domain.json()]));
