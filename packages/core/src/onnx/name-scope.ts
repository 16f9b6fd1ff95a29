import { standIn, type Value } from '../graph/index.ts';

/**
 * The names that nodes of one graph may read, and what they stand for. What a graph inside a node finds only outside is captured: it
 * becomes an input of its own.
 */
export class NameScope {
  /** All that has a name here. */
  readonly values = new Map<string, Value>();
  /** What was found outside, and the inputs that stand for it here, in the order in which they were met. */
  readonly captured: { readonly outer: Value; readonly inner: Value }[] = [];
  readonly #own = new Set<string>();
  readonly #outside: NameScope | undefined;

  constructor(outside?: NameScope) {
    this.#outside = outside;
  }

  /** Gives a value a name; false if another value of this graph has it. */
  define(name: string, value: Value): boolean {
    if (this.#own.has(name)) return false;
    this.#own.add(name);
    this.values.set(name, value);
    return true;
  }

  find(name: string): Value | undefined {
    const here = this.values.get(name);
    const outer = here ? undefined : this.#outside?.find(name);
    if (!outer) return here;
    const same = this.captured.find((pair) => pair.outer === outer);
    const inner = same?.inner ?? standIn(outer, this.#unused(`captured_${this.captured.length}`));
    if (!same && !inner.data) this.captured.push({ outer, inner });
    this.values.set(name, inner);
    return inner;
  }

  #unused(name: string): string {
    return this.values.has(name) ? this.#unused(`${name}_`) : name;
  }
}
