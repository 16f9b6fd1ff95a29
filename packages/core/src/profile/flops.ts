import type { Node, Sized } from '../graph/index.ts';
import { sizeAt } from '../tensor/index.ts';

type Sizes = ReadonlyMap<string, number>;

const known = new WeakMap<Sizes, Map<Node, number | undefined>>();

/** Operations of a node, as its op declares them, at these run-time sizes; undefined where one is missing. */
export function flopsAt(node: Node, sizes: Sizes): number | undefined {
  const { op, ins, outs, attrs } = node;
  if (!op.flops) return 0;
  let counted = known.get(sizes);
  if (!counted) known.set(sizes, (counted = new Map()));
  if (counted.has(node)) return counted.get(node);
  let complete = true;
  const sized = (value: { readonly shape: readonly (number | string)[] }): Sized => {
    const shape = value.shape.map((size) => sizeAt(size, sizes) ?? Number.NaN);
    complete &&= shape.every((size) => !Number.isNaN(size));
    return { shape };
  };
  const given = [ins.map((value) => value && sized(value)), outs.map(sized)] as const;
  const flops = complete ? op.flops(...given, attrs) : undefined;
  counted.set(node, flops);
  return flops;
}
