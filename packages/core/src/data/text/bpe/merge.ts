// Merging a piece's tokens in the order of the ranks: the least rank first, from the left.

/** Two tokens that become one: how early, and which. */
export interface Merges {
  /** One number for two tokens: `left * size + right`. */
  readonly size: number;
  /** The rank of a pair. */
  readonly ranks: ReadonlyMap<number, number>;
  /** The token that a rank's pair becomes. */
  readonly made: Int32Array;
}

/** From here on looking through all pairs again and again costs more than keeping them in order. */
const long = 100;

/** The tokens that are left of a piece when no pair can be merged any more. `ids` may be changed. */
export const mergeAll = (ids: number[], merges: Merges): number[] =>
  ids.length < long ? mergeShort(ids, merges) : mergeLong(ids, merges);

/** Looks for the best pair again after each merge. */
function mergeShort(ids: number[], { size, ranks, made }: Merges): number[] {
  const rankAt = (i: number): number => ranks.get(ids[i]! * size + ids[i + 1]!) ?? Infinity;
  const rank: number[] = [];
  for (let i = 0; i + 1 < ids.length; i++) rank.push(rankAt(i));
  for (;;) {
    let best = Infinity;
    let at = -1;
    for (let i = 0; i < rank.length; i++) if (rank[i]! < best) best = rank[(at = i)]!;
    if (at < 0) return ids;
    ids[at] = made[best]!;
    ids.splice(at + 1, 1);
    rank.splice(at, 1);
    if (at < rank.length) rank[at] = rankAt(at);
    if (at > 0) rank[at - 1] = rankAt(at - 1);
  }
}

/** A heap of pairs, and the tokens as a list with links: n log n, for a piece may be as long as a text. */
function mergeLong(ids: number[], { size, ranks, made }: Merges): number[] {
  const n = ids.length;
  const token = Int32Array.from(ids);
  const next = Int32Array.from({ length: n }, (_, i) => i + 1);
  const before = Int32Array.from({ length: n }, (_, i) => i - 1);
  const heap = new NumberHeap();
  const rankAt = (i: number): number | undefined =>
    token[i]! < 0 || next[i]! >= n ? undefined : ranks.get(token[i]! * size + token[next[i]!]!);
  const offer = (i: number): void => {
    const rank = i < 0 ? undefined : rankAt(i);
    if (rank !== undefined) heap.push(rank * n + i);
  };
  for (let i = 0; i < n; i++) offer(i);
  for (let top = heap.pop(); top !== undefined; top = heap.pop()) {
    const at = top % n;
    const rank = (top - at) / n;
    if (rankAt(at) !== rank) continue; // was merged in the meantime
    const gone = next[at]!;
    token[at] = made[rank]!;
    token[gone] = -1;
    next[at] = next[gone]!;
    if (next[at]! < n) before[next[at]!] = at;
    offer(at);
    offer(before[at]!);
  }
  return Array.from(token.filter((id) => id >= 0));
}

/** A binary heap of numbers, the least on top. */
class NumberHeap {
  readonly #items: number[] = [];

  push(item: number): void {
    const items = this.#items;
    let at = items.length;
    items.push(item);
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (items[above]! <= item) break;
      items[at] = items[above]!;
      at = above;
    }
    items[at] = item;
  }

  pop(): number | undefined {
    const items = this.#items;
    const top = items[0];
    const last = items.pop();
    if (items.length === 0 || last === undefined) return top;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= items.length) break;
      if (below + 1 < items.length && items[below + 1]! < items[below]!) below++;
      if (items[below]! >= last) break;
      items[at] = items[below]!;
      at = below;
    }
    items[at] = last;
    return top;
  }
}
