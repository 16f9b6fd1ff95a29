import { invalid } from './problem.ts';

/** A word of a filter: where it begins, and what it is. */
export type Word =
  | { readonly at: number; readonly is: 'name' | 'string'; readonly text: string; readonly quote: string }
  | { readonly at: number; readonly is: 'number'; readonly text: string }
  | { readonly at: number; readonly is: 'sign'; readonly text: string };

const space = /\s+/y;
const number = /[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?(?![\p{L}\p{N}_.])/uy;
const sign = /<=|>=|!=|=|<|>|\(|\)|,/y;
/** Dots join the kind and the key; MLflow needs quotes for the other marks, here they may stand as they are. */
const plain = /[\p{L}_][\p{L}\p{M}\p{N}_\-/:.]*/uy;

/** A quoted text from its first quote on. A quote within it is doubled. */
function quoted(filter: string, at: number): { readonly text: string; readonly end: number } {
  const quote = filter[at]!;
  let text = '';
  for (let i = at + 1; i < filter.length; i++) {
    if (filter[i] !== quote) text += filter[i];
    else if (filter[i + 1] === quote) {
      text += quote;
      i++;
    } else return { text, end: i + 1 };
  }
  throw invalid(`The filter has a quote ${quote} at character ${at + 1} that nothing closes.`);
}

/** The words of a filter. Errors: INVALID_PARAMETER_VALUE. */
export function wordsOf(filter: string): Word[] {
  const words: Word[] = [];
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(filter)?.[0];
    if (found !== undefined) at += found.length;
    return found;
  };
  while (at < filter.length) {
    if (take(space)) continue;
    const from = at;
    if (/['"`]/.test(filter[at]!)) {
      const { text, end } = quoted(filter, at);
      words.push({ at: from, is: 'string', text, quote: filter[at]! });
      at = end;
      continue;
    }
    const digits = take(number);
    if (digits !== undefined) words.push({ at: from, is: 'number', text: digits });
    else {
      const mark = take(sign);
      if (mark !== undefined) words.push({ at: from, is: 'sign', text: mark });
      else {
        let text = take(plain);
        if (text === undefined)
          throw invalid(`The filter has '${filter.slice(at, at + 10)}' at character ${at + 1}, which is no word of it.`);
        let quote = '';
        if (text.endsWith('.') && /["'`]/.test(filter[at] ?? '')) {
          const key = quoted(filter, at); // params."a b"
          quote = filter[at]!;
          text += key.text;
          at = key.end;
        }
        words.push({ at: from, is: 'name', text, quote });
      }
    }
  }
  return words;
}
