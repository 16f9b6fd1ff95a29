// How BERT cuts a text into words before it looks for pieces of them.

/** How a text is changed first. */
export interface BertNormalization {
  /** Whether control characters are left out and all white space is a space; true unless told. */
  readonly cleanText?: boolean | undefined;
  /** Whether every Chinese character is a word; true unless told. */
  readonly handleChineseChars?: boolean | undefined;
  /** Whether accents are left out; as `lowercase` unless told. */
  readonly stripAccents?: boolean | undefined;
  /** Whether words are turned into lower case; true unless told. */
  readonly lowercase?: boolean | undefined;
}

const chinese =
  /[\u4e00-\u9fff\u3400-\u4dbf\uf900-\ufaff\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b820}-\u{2ceaf}\u{2f800}-\u{2fa1f}]/gu;
/** A mark, or everything up to the next mark or space. ASCII's signs are marks, whatever Unicode says of them. */
const word = /[!-/:-@[-`{-~\p{P}]|[^!-/:-@[-`{-~\p{P}\p{White_Space}]+/gu;

/**
 * The words of a text, marks among them. Source: BasicTokenizer of Devlin et al. 2018, arXiv:1810.04805, as Hugging Face's BertNormalizer and
 * BertPreTokenizer have it (letters become small one by one: a sigma at the end of a word stays a usual one).
 */
export function bertWords(
  text: string,
  { cleanText = true, handleChineseChars = true, lowercase = true, stripAccents = lowercase }: BertNormalization,
): readonly string[] {
  let t = text;
  if (cleanText) t = t.replace(/(?![\t\n\r])[\p{Cc}\p{Cf}\p{Co}\p{Cs}\ufffd]/gu, '').replace(/\p{White_Space}/gu, ' ');
  if (handleChineseChars) t = t.replace(chinese, ' $& ');
  if (stripAccents) t = t.normalize('NFD').replace(/\p{Mn}/gu, '');
  if (lowercase) t = t.replaceAll('Σ', 'σ').toLowerCase();
  return t.match(word) ?? [];
}
