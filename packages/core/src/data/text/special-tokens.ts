import { fail } from '../../errors.ts';

/** A token that stands for itself, whatever the rules for other text are. */
export interface SpecialToken {
  readonly content: string;
  readonly id: number;
  /** Whether it takes the white space before it. */
  readonly lstrip?: boolean | undefined;
  /** Whether it takes the white space behind it. */
  readonly rstrip?: boolean | undefined;
}

/** The special tokens of a tokenizer, to find them in texts. */
export class SpecialTokens {
  readonly list: readonly SpecialToken[];
  readonly #byContent: ReadonlyMap<string, SpecialToken>;
  readonly #byId: ReadonlyMap<number, SpecialToken>;
  readonly #pattern: RegExp | undefined;

  constructor(what: string, list: readonly SpecialToken[]) {
    if (!Array.isArray(list)) throw fail('bad-value', { what, got: 'special tokens that are no list', want: 'a list' });
    for (const one of list as readonly SpecialToken[])
      if (typeof one?.content !== 'string' || one.content === '' || !Number.isSafeInteger(one.id) || one.id < 0)
        throw fail('bad-value', {
          what,
          got: `the special token ${JSON.stringify(one)}`,
          want: 'a text of at least one letter, and the number of a token',
        });
    this.list = list.map(({ content, id, lstrip = false, rstrip = false }) => ({ content, id, lstrip, rstrip }));
    this.#byContent = new Map(this.list.map((one) => [one.content, one]));
    this.#byId = new Map(this.list.map((one) => [one.id, one]));
    // Of several that begin at one place, the longest.
    const contents = [...this.#byContent.keys()].sort((a, b) => b.length - a.length);
    if (contents.length > 0)
      this.#pattern = new RegExp(contents.map((c) => c.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')).join('|'), 'gu');
  }

  byId(id: number): SpecialToken | undefined {
    return this.#byId.get(id);
  }

  idOf(content: string): number | undefined {
    return this.#byContent.get(content)?.id;
  }

  /** Gives the text between special tokens to `ordinary` and the numbers of special tokens to `special`, in their order. */
  walk(text: string, ordinary: (text: string) => void, special: (id: number) => void): void {
    let from = 0;
    for (const match of this.#pattern === undefined ? [] : text.matchAll(this.#pattern)) {
      const { id, lstrip, rstrip } = this.#byContent.get(match[0])!;
      const before = text.slice(from, Math.max(from, match.index));
      const bare = lstrip ? before.trimEnd() : before;
      if (bare !== '') ordinary(bare);
      special(id);
      from = match.index + match[0].length;
      if (rstrip) from = text.length - text.slice(from).trimStart().length;
    }
    if (from < text.length) ordinary(from === 0 ? text : text.slice(from));
  }
}
