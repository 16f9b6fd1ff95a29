import { toposort, type Value } from './value.ts';

/** Tells whether a value is one of `sources` or calculated from one, however far away. */
export function dependsOn(sources: Iterable<Value>): (value: Value) => boolean {
  const known = new Map<Value, boolean>(Array.from(sources, (value) => [value, true]));
  return (value) => {
    if (!known.has(value) && value.node)
      for (const { ins, outs } of toposort([value])) {
        const reached = ins.some((v) => v && known.get(v));
        for (const out of outs) if (!known.has(out)) known.set(out, reached);
      }
    return known.get(value) ?? false;
  };
}
