/** What further names are called, once there are as many as are kept apart. */
export const otherName = 'other';

/**
 * Names as labels of a metric, of which there are never more than a limit: each costs memory for ever, here and in whatever collects them. The first
 * so many keep theirs, all others share one.
 */
export class FewNames {
  readonly #known = new Set<string>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  of(name: string): string {
    if (this.#known.has(name)) return name;
    if (this.#known.size >= this.#limit) return otherName;
    this.#known.add(name);
    return name;
  }
}
