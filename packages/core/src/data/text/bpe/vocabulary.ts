import { fail } from '../../../errors.ts';

const bad = (what: string, got: string, want: string, cause?: unknown) => fail('bad-value', { what, got, want }, cause);

/** What a JSON text holds. */
export function parsed(what: string, text: string, want: string): unknown {
  try {
    return JSON.parse(text);
  } catch (e) {
    throw bad(what, 'a text that is no JSON', want, e);
  }
}

/** The tokens in the order of their numbers, of a list or of a record of numbers by token. */
export function tokensInOrder(what: string, vocabulary: unknown): readonly string[] {
  const want = 'every token once, with the numbers from 0 on';
  if (typeof vocabulary !== 'object' || vocabulary === null) throw bad(what, 'no vocabulary', want);
  const entries: [unknown, unknown][] = Array.isArray(vocabulary)
    ? vocabulary.map((token, id) => [token, id])
    : Object.entries(vocabulary);
  const tokens = new Array<string | undefined>(entries.length).fill(undefined);
  for (const [token, id] of entries) {
    if (typeof token !== 'string' || !Number.isInteger(id) || tokens[id as number] !== undefined || !((id as number) in tokens))
      throw bad(what, `the token ${JSON.stringify(token)} with the number ${String(id)} among ${entries.length} tokens`, want);
    tokens[id as number] = token;
  }
  const seen = new Set<string | undefined>();
  const twice = tokens.find((token) => seen.size === seen.add(token).size);
  if (twice !== undefined) throw bad(what, `the token ${JSON.stringify(twice)} twice`, want);
  return tokens as string[];
}

/** The pairs of a list of merges or of the text of a file `vocab.bpe` or `merges.txt`, each as 'left right'. */
export function mergeLines(what: string, merges: unknown): readonly string[] {
  const lines: unknown =
    typeof merges === 'string'
      ? merges.split(/\r?\n/).filter((line, i) => line !== '' && !(i === 0 && line.startsWith('#version')))
      : merges;
  if (!Array.isArray(lines)) throw bad(what, 'no merges', "a list of 'left right', or the text of vocab.bpe");
  return lines.map((line: unknown, i) => {
    const parts: unknown[] = Array.isArray(line) ? line : typeof line === 'string' ? line.split(' ') : [];
    if (parts.length !== 2 || !parts.every((part) => typeof part === 'string' && part !== ''))
      throw bad(what, `merge ${i + 1}: ${JSON.stringify(line)}`, "two tokens with a space between them: 'left right'");
    return parts.join(' ');
  });
}
