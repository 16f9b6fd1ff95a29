import { fail, lookUp } from '@stratus/core';
import type { Value } from '../search/index.ts';
import { givenParams } from '../tracking/index.ts';

const kinds = { number: 'a finite number', string: 'a text', boolean: 'true or false' } as const;

const shown = (value: unknown): string => JSON.stringify(value) ?? String(value);

/**
 * The parameters of a training script: what a sweep tries, or who starts the script says in the environment variable STRATUS_PARAMS (JSON); else the defaults. The defaults say which parameters there are and
 * of what type each is; call it once.
 *
 * Errors: `unknown-name` with a did-you-mean for a parameter that has no default; `bad-value` for one of another type, and for what is no JSON.
 *
 * @example
 * import { parameters } from 'stratus';
 * const { learningRate, units } = parameters({ learningRate: 0.01, units: 64 });
 * console.log(learningRate, units); // 0.01 64
 */
export function parameters<T extends Readonly<Record<string, Value>>>(defaults: T): T {
  const given = givenParams(process.env);
  for (const [name, value] of Object.entries(given)) {
    const expected = kinds[typeof lookUp('parameter of this script', defaults, name) as keyof typeof kinds];
    if (typeof value !== typeof defaults[name] || (typeof value === 'number' && !Number.isFinite(value)))
      throw fail('bad-value', {
        what: `the parameter '${name}' (STRATUS_PARAMS)`,
        got: shown(value),
        want: `${expected}, as its default ${shown(defaults[name])}`,
      });
  }
  return { ...defaults, ...given } as T;
}
