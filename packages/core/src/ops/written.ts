// How older files wrote ops whose attributes have become inputs.
import { type Attrs, apply, constant, type Op, type Value, type Written } from '../graph/index.ts';
import { full } from '../tensor/index.ts';
import { ints } from './rules.ts';

/** The attributes that `op` has today, of those in a file, with their defaults. */
export const todaysAttrs = (op: Op, attrs: Attrs): Attrs =>
  Object.fromEntries(Object.entries(op.attrs).map(([name, spec]) => [name, attrs[name] ?? spec.default]));

/**
 * Before an opset, attributes stood for inputs. `moved` says which input each has become; the others in `attrs` are as today, or
 * have no effect.
 */
export const attributesBecameInputs = (before: number, attrs: Op['attrs'], moved: Readonly<Record<string, number>>): Written => ({
  before,
  attrs,
  read(op, given, found) {
    const ins = [...given];
    for (const [name, at] of Object.entries(moved)) {
      const value = found[name];
      if (value !== undefined) ins[at] = inputOf(value as number | readonly number[], attrs[name]!.kind, given[0]!);
    }
    return apply(op, Array.from(ins), todaysAttrs(op, found));
  },
});

function inputOf(value: number | readonly number[], kind: string, like: Value): Value {
  if (kind === 'float') return constant(full([], value as number, like.dtype));
  return ints(typeof value === 'number' ? [value] : value);
}
