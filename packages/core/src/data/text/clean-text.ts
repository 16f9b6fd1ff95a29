import { fail } from '../../errors.ts';
import { checkOptions, refuseUnknown } from '../../options.ts';
import { lookUp } from '../../suggest.ts';
import { stripHtml } from './strip-html.ts';

/** Options of {@link cleanText}: plain data. What is not told is done as without options. */
export interface CleanTextOptions {
  /** Whether letters become small; true unless told. */
  readonly lower?: boolean | undefined;
  /**
   * 'breaks' (unless told): `<br>` becomes a space. 'strip': tags, comments, scripts and styles are left out, entities become characters. 'keep': nothing of
   * it is looked at.
   */
  readonly html?: 'breaks' | 'strip' | 'keep' | undefined;
  /** Which punctuation is left out: 'ascii' unless told, 'unicode' (all punctuation and signs), or none ('keep'). */
  readonly punctuation?: 'ascii' | 'unicode' | 'keep' | undefined;
  /** The form of Unicode into which the text is brought; none unless told. */
  readonly normalization?: 'NFC' | 'NFD' | 'NFKC' | 'NFKD' | undefined;
  /** Whether letters lose their accents; false unless told. */
  readonly stripAccents?: boolean | undefined;
  /** What stands for addresses of the web (`https://…`, `www.…`). */
  readonly urls?: string | undefined;
  /** What stands for addresses of e-mail. */
  readonly emails?: string | undefined;
  /** What stands for each run of digits. */
  readonly digits?: string | undefined;
}

const html = {
  breaks: (text: string) => (text.includes('<') ? text.replace(/<br\s*\/?>/gi, ' ') : text),
  strip: stripHtml,
  keep: (text: string) => text,
};
const punctuation = { ascii: /[!-/:-@[-`{-~]+/g, unicode: /[!-/:-@[-`{-~\p{P}\p{S}]+/gu, keep: /(?!)/g };
const forms = { NFC: true, NFD: true, NFKC: true, NFKD: true };

/** Each match begins where none before it could have, so that no text makes them try again and again. */
const found = {
  urls: '(?:https?:\\/\\/|www\\.)[^\\s<>"]*[^\\s<>".,;:!?)\']',
  emails: '(?<![\\w.+-])[\\w.+-]+@[\\w-]+(?:\\.[\\w-]+)+',
  digits: '\\p{N}+',
};
type Found = keyof typeof found;

function cleanWith(text: string, options: CleanTextOptions): string {
  const what = 'cleanText';
  const {
    lower = true,
    html: tags = 'breaks',
    punctuation: marks = 'ascii',
    normalization,
    stripAccents = false,
    ...rest
  } = options;
  const { urls, emails, digits, ...unknown } = rest;
  refuseUnknown(what, unknown, ['lower', 'html', 'punctuation', 'normalization', 'stripAccents', ...Object.keys(found)]);
  checkOptions(what, { lower, stripAccents }, { lower: 'flag', stripAccents: 'flag' });
  if (normalization !== undefined) lookUp('Unicode normalization', forms, normalization);
  let t = lookUp('way with HTML', html, tags)(text);
  if (normalization !== undefined) t = t.normalize(normalization);
  if (stripAccents)
    t = t
      .normalize('NFD')
      .replace(/\p{Mn}/gu, '')
      .normalize(normalization ?? 'NFC');
  if (lower) t = t.toLowerCase();
  const given = { urls, emails, digits };
  const names = (Object.keys(found) as Found[]).filter((name) => given[name] !== undefined);
  for (const name of names)
    if (typeof given[name] !== 'string')
      throw fail('bad-value', { what, got: `${name} = ${String(given[name])}`, want: 'a text' });
  const left = lookUp('kind of punctuation', punctuation, marks);
  if (names.length === 0) t = t.replace(left, '');
  else {
    // One pass: what stands for an address may hold marks itself.
    const pattern = new RegExp([...names.map((name) => `(?<${name}>${found[name]})`), left.source].join('|'), 'giu');
    t = t.replace(pattern, (...all) => {
      const groups = all.at(-1) as Readonly<Record<Found, string | undefined>>;
      const name = names.find((one) => groups[one] !== undefined);
      return name === undefined ? '' : given[name]!;
    });
  }
  return t.replace(/\s{2,}|[^\S ]/g, ' ').trim(); // a single space stays, which most are
}

/**
 * A text as bags of words want it: lower case, HTML line breaks and other white space as one space, ASCII punctuation left out.
 * With options more is done, or less. A number instead of options is taken no notice of, so that `texts.map(cleanText)` works.
 *
 * Shapes: none. Errors: `bad-value`, `unknown-name` for an option. Source: `custom_standardization` of TensorFlow's guide "Basic text classification".
 *
 * @example
 * import { cleanText } from '@stratus/core';
 * console.log(cleanText("It's GREAT!<br /><br />Really...")); // 'its great really'
 * console.log(cleanText('<p>Café &amp; bar</p> www.a.org', { html: 'strip', stripAccents: true, urls: '<url>' })); // 'cafe bar <url>'
 */
export const cleanText = (text: string, options?: CleanTextOptions | number): string =>
  cleanWith(text, typeof options === 'object' ? options : {});
