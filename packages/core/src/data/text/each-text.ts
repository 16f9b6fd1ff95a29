import { fail } from '../../errors.ts';
import { isTensor, type Tensor } from '../../tensor/index.ts';

/** Texts in a list, or a string tensor. */
export type Texts = readonly string[] | Tensor<'string'>;

/** The texts of a list, a string tensor or anything else that gives one after the other. Errors: `bad-value` for what is no text. */
export function* eachText(what: string, texts: Texts | Iterable<string>): Generator<string> {
  const bad = (got: string, fix: string) => fail('bad-value', { what, got, want: 'a list of texts, or a string tensor', fix });
  if (typeof texts === 'string') throw bad('one text', 'Put it into a list: [text].');
  const list: unknown = isTensor(texts) ? texts.data : texts;
  const missing = 'Leave out what is missing, or replace it by an empty text.';
  if (typeof (list as Iterable<unknown> | undefined)?.[Symbol.iterator] !== 'function') throw bad('something else', missing);
  for (const text of list as Iterable<unknown>) {
    if (typeof text !== 'string') throw bad('something else among the texts', missing);
    yield text;
  }
}
