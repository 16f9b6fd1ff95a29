import { type Dataset, dataset } from '@stratus/core';
import { linesOf } from './lines.ts';
import { count, refuseUnknown } from './options.ts';
import type { Paths } from './paths.ts';

/** Options of {@link textLines}. */
export interface LinesOptions {
  /** The most bytes of one line; 16 MB unless told. */
  readonly longestLine?: number | undefined;
}

/**
 * The lines of text files (UTF-8, also compressed as .gz), one file after the other.
 *
 * Shapes: none. Errors, when it is read: `file-not-found`, `file-failed`; `corrupt` for a line that is not UTF-8 or too long, naming it, and for a file that changes
 * meanwhile. Source: tf.data.TextLineDataset.
 *
 * @example no-run
 * import { textLines } from 'stratus';
 * const reviews = textLines('reviews/*.txt').filter((line) => line !== '').map((text) => ({ text }));
 * console.log(await reviews.take(1).toArray());
 */
export function textLines(paths: Paths, options: LinesOptions = {}): Dataset<string> {
  refuseUnknown('textLines', options, ['longestLine']);
  if (options.longestLine !== undefined) count('textLines', 'longestLine', options.longestLine);
  return dataset(async function* () {
    for await (const { text } of linesOf(paths, { longest: options.longestLine })) yield text;
  });
}
