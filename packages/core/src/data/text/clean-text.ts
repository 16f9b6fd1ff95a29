/**
 * A text as bags of words want it: lower case, HTML line breaks and other white space as one space, ASCII punctuation left out.
 *
 * Shapes: none. Errors: none. Source: `custom_standardization` of TensorFlow's guide "Basic text classification".
 *
 * @example
 * import { cleanText } from '@stratus/core';
 * console.log(cleanText("It's GREAT!<br /><br />Really...")); // 'its great really'
 */
export const cleanText = (text: string): string =>
  text
    .toLowerCase()
    .replace(/<br\s*\/?>/g, ' ')
    .replace(/[!-/:-@[-`{-~]+/g, '')
    .replace(/\s+/g, ' ')
    .trim();
