import { fail, StratusError } from '../errors.ts';

// Graph building is synchronous, so one variable is enough to know where we are.
let path: readonly string[] = [];

/** Where building stands: 'encoder/dense_1'. */
export const scopePath = (): string => path.join('/');

/** Builds inside a named part of the model, so that nodes carry the path and errors name it. */
export function inScope<T>(name: string, build: () => T): T {
  const before = path;
  path = [...before, name];
  try {
    return scoped(build);
  } finally {
    path = before;
  }
}

/** Builds under an absolute path, for machinery that works on nodes built elsewhere. */
export function atPath<T>(absolute: string, build: () => T): T {
  const before = path;
  path = absolute === '' ? [] : [absolute];
  try {
    return build();
  } finally {
    path = before;
  }
}

/** Adds the present path to an error about shapes, dtypes or values that does not say where it happened. */
export function scoped<T>(build: () => T): T {
  try {
    return build();
  } catch (e) {
    const located = StratusError.is(e) && (e.code === 'shape-mismatch' || e.code === 'dtype-mismatch' || e.code === 'bad-value');
    if (!located || path.length === 0 || e.details['at'] !== undefined) throw e;
    throw fail(e.code, { ...(e.details as unknown as { what: string; got: string; want: string }), at: scopePath() }, e);
  }
}
