// What BPE and WordPiece learn: the most frequent pair becomes a token, again and again.

/** What {@link trainMerges} is told. */
export interface MergeTraining {
  /** How many tokens there shall be, special ones and single letters included. */
  readonly vocabularySize: number;
  /** How often a pair must occur. */
  readonly minFrequency: number;
  /** The first tokens. */
  readonly first: readonly string[];
  /** The letters words are made of; others are left out of them. */
  readonly letters: ReadonlySet<string>;
  /** Stands before every letter but the first of a word. */
  readonly prefix: string;
}

interface Candidate {
  readonly pair: number;
  count: number;
  /** The words in which it may be. */
  readonly words: Set<number>;
}

/** Two tokens as one number, in the order of the first and then the second. */
const base = 2 ** 24;

/** The more frequent first; of equals the one with the smaller tokens. */
const isBefore = (a: Candidate, b: Candidate): boolean => a.count > b.count || (a.count === b.count && a.pair < b.pair);

/** A binary heap with the first candidate on top. */
class Queue {
  readonly #items: Candidate[] = [];

  push(item: Candidate): void {
    const items = this.#items;
    let at = items.length;
    items.push(item);
    for (let above = (at - 1) >> 1; at > 0 && isBefore(item, items[above]!); above = (at - 1) >> 1) {
      items[at] = items[above]!;
      at = above;
    }
    items[at] = item;
  }

  pop(): Candidate | undefined {
    const items = this.#items;
    const top = items[0];
    const last = items.pop();
    if (last === undefined || items.length === 0) return top;
    let at = 0;
    for (let below = 1; below < items.length; below = 2 * at + 1) {
      if (below + 1 < items.length && isBefore(items[below + 1]!, items[below]!)) below++;
      if (!isBefore(items[below]!, last)) break;
      items[at] = items[below]!;
      at = below;
    }
    items[at] = last;
    return top;
  }
}

/**
 * Learns tokens of words and their counts: the tokens, and the pairs in the order in which they became one.
 * Counts and ties are those of Hugging Face's BpeTrainer. Source: Sennrich et al. 2016, arXiv:1508.07909.
 */
export function trainMerges(
  counts: ReadonlyMap<string, number>,
  { vocabularySize, minFrequency, first, letters, prefix }: MergeTraining,
): { readonly tokens: string[]; readonly merges: [string, string][] } {
  const tokens = [...new Set([...first, ...letters])];
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const idOf = (token: string): number => {
    const known = ids.get(token);
    if (known !== undefined) return known;
    ids.set(token, tokens.length);
    return tokens.push(token) - 1;
  };
  const weights = [...counts.values()];
  const words = Array.from(counts.keys(), (word) =>
    [...word].flatMap((letter, i) => (letters.has(letter) ? [idOf(i === 0 ? letter : prefix + letter)] : [])),
  );

  const pairs = new Map<number, number>();
  const places = new Map<number, Set<number>>();
  const change = (pair: number, by: number, word: number): void => {
    pairs.set(pair, (pairs.get(pair) ?? 0) + by);
    if (by < 0) return;
    const known = places.get(pair);
    if (known === undefined) places.set(pair, new Set([word]));
    else known.add(word);
  };
  const queue = new Queue();
  const offer = (): void => {
    for (const [pair, at] of places) {
      const count = pairs.get(pair)!;
      if (count > 0) queue.push({ pair, count, words: at });
    }
    places.clear();
  };
  for (const [w, word] of words.entries())
    for (let i = 0; i + 1 < word.length; i++) change(word[i]! * base + word[i + 1]!, weights[w]!, w);
  offer();

  const merges: [string, string][] = [];
  while (tokens.length < vocabularySize) {
    const top = queue.pop();
    if (top === undefined) break;
    const count = pairs.get(top.pair)!;
    if (count !== top.count) {
      top.count = count;
      queue.push(top);
      continue;
    }
    if (count < 1 || count < minFrequency) break;
    const right = top.pair % base;
    const left = (top.pair - right) / base;
    const made = idOf(tokens[left]! + tokens[right]!.slice(prefix.length));
    merges.push([tokens[left]!, tokens[right]!]);
    for (const w of top.words) mergeIn(words[w]!, [left, right, made], (pair, by) => change(pair, by * weights[w]!, w));
    offer();
  }
  return { tokens, merges };
}

/** Makes one token of each pair in a word, from the left, and says which neighbours came and went. */
function mergeIn(
  word: number[],
  [left, right, made]: readonly [number, number, number],
  changed: (pair: number, by: number) => void,
): void {
  let kept = 0;
  for (let i = 0; i < word.length; i++, kept++) {
    if (word[i] !== left || word[i + 1] !== right) {
      word[kept] = word[i]!;
      continue;
    }
    if (kept > 0) {
      changed(word[kept - 1]! * base + left, -1);
      changed(word[kept - 1]! * base + made, 1);
    }
    word[kept] = made;
    i++;
    if (i + 1 < word.length) {
      changed(right * base + word[i + 1]!, -1);
      changed(made * base + word[i + 1]!, 1);
    }
  }
  word.length = kept;
}
