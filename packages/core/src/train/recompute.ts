// Which parts of a step are calculated a second time on the way back.
import { fail } from '../errors.ts';
import type { Parts } from '../grad/index.ts';
import { type Node, toposort, type Value } from '../graph/index.ts';
import { matching } from '../nn/index.ts';
import { lookUp } from '../suggest.ts';

/** True: parts that take the least memory by what is known of the shapes. Else layers by name or path, where * is any text. */
export type Recompute = boolean | string | readonly string[];

/** Errors: `bad-value` for what is neither. */
export function checkedRecompute(given: unknown): Recompute | undefined {
  if (given === undefined || given === false) return undefined;
  const isText = (text: unknown): boolean => typeof text === 'string' && text !== '';
  if (given === true || isText(given) || (Array.isArray(given) && given.length > 0 && given.every(isText)))
    return given as Recompute;
  throw fail('bad-value', {
    what: 'compile',
    got: `recompute ${JSON.stringify(given)}`,
    want: "true, or layers: 'block*', ['block1', 'block2']",
  });
}

/** `a/b/c` to `a`, `a/b`, `a/b/c`. */
const prefixes = (path: string): string[] => path.split('/').map((_, i, all) => all.slice(0, i + 1).join('/'));
const layerOf = ({ path }: Node): string => path.split('/', 1)[0]!;

/**
 * The parts of what `outputs` need. A path that fits is a part of its own, with all that lies below it.
 *
 * Errors: `unknown-name` for a text that fits no layer.
 */
export function partsOf(choice: Recompute, outputs: readonly Value[]): Parts {
  const nodes = toposort(outputs).filter(({ path }) => path !== '');
  if (choice === true) {
    const groups = leastMemory(nodes);
    return (node) => groups.get(layerOf(node));
  }
  const paths = new Set(nodes.map(({ path }) => path));
  const known = Object.fromEntries([...paths].flatMap(prefixes).map((path) => [path, path]));
  const texts = [choice].flat() as readonly string[];
  const found = new Set(
    texts.flatMap((text) => {
      const fits = Object.keys(known).filter(matching(text));
      return fits.length > 0 ? fits : [lookUp('layer', known, text)];
    }),
  );
  const partOf = new Map([...paths].map((path) => [path, prefixes(path).find((prefix) => found.has(prefix))]));
  return ({ path }) => partOf.get(path);
}

/** How much a node gives, in bytes or so: sizes that only run time knows are the same for all. */
const elements = ({ outs }: Node): number =>
  outs.reduce((sum, { shape }) => sum + shape.reduce<number>((size, d) => size * (typeof d === 'number' ? d : 1), 1), 0);

/**
 * Layers, in their order, in groups: as many as make the sum of what is kept between them and of the largest of them least.
 * Source: Chen et al. 2016 (1604.06174), where all layers are equal and the root of their number is best.
 */
function leastMemory(nodes: readonly Node[]): ReadonlyMap<string, string> {
  const sizes = new Map<string, number>();
  for (const node of nodes) sizes.set(layerOf(node), (sizes.get(layerOf(node)) ?? 0) + elements(node));
  const total = [...sizes.values()].reduce((a, b) => a + b, 0);
  let best = new Map<string, string>();
  let least = total; // what is kept if nothing is calculated again
  for (let count = 1; count < 2 * sizes.size; count = Math.ceil(count * 1.5)) {
    const groups = new Map<string, string>();
    const inside = new Map<string, number>();
    let before = 0;
    for (const [layer, size] of sizes) {
      const group = String(Math.min(count - 1, Math.floor(((before + size / 2) / Math.max(total, 1)) * count)));
      groups.set(layer, group);
      inside.set(group, (inside.get(group) ?? 0) + size);
      before += size;
    }
    const memory = between(nodes, groups) + Math.max(...inside.values());
    if (memory < least) [best, least] = [groups, memory];
  }
  return best;
}

/** How much one group reads of others. */
function between(nodes: readonly Node[], groups: ReadonlyMap<string, string>): number {
  const read = new Set<Node>();
  for (const node of nodes)
    for (const value of node.ins)
      if (value?.node && groups.get(layerOf(value.node)) !== groups.get(layerOf(node))) read.add(value.node);
  return [...read].reduce((sum, node) => sum + elements(node), 0);
}
