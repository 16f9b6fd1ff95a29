import { fail } from '../../errors.ts';

const segmenters = /* @__PURE__ */ new Map<string, Intl.Segmenter>();

function segmenterOf(locale: string): Intl.Segmenter {
  const known = segmenters.get(locale);
  if (known !== undefined) return known;
  let made: Intl.Segmenter;
  try {
    made = new Intl.Segmenter(locale, { granularity: 'word' });
  } catch (e) {
    throw fail(
      'bad-value',
      { what: 'segmentWords', got: `locale = ${JSON.stringify(locale)}`, want: "a language, such as 'ja' or 'zh-Hant'" },
      e,
    );
  }
  segmenters.set(locale, made);
  return made;
}

/**
 * The words of a text in a language that puts no spaces between them, as Chinese, Japanese and Thai; of any other too. Marks are left out.
 * The dictionary is the engine's: another version of Node or another browser may know other words.
 *
 * Shapes: none. Errors: `bad-value`. Source: Unicode Standard Annex 29, by Intl.Segmenter.
 *
 * @example
 * import { segmentWords } from '@stratus/core';
 * console.log(segmentWords('吾輩は猫である。', 'ja')); // ['吾輩', 'は', '猫', 'で', 'ある']
 */
export const segmentWords = (text: string, locale = 'und'): string[] =>
  Array.from(segmenterOf(locale).segment(text)).flatMap(({ segment, isWordLike }) => (isWordLike ? [segment] : []));
