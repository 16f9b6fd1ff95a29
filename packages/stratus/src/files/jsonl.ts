import { type Dataset, dataset, fail } from '@stratus/core';
import { linesOf } from './lines.ts';
import { count, oneOf, refuseUnknown } from './options.ts';
import type { Paths } from './paths.ts';
import { checked, type RecordSchema } from './record-schema.ts';
import type { Rejected } from './scan-errors.ts';
import type { LinesOptions } from './text-lines.ts';

/** Options of {@link jsonl}. */
export interface JsonlOptions<R = unknown> extends LinesOptions {
  /** What each record must be, and then is for the types. */
  readonly schema?: RecordSchema<R> | undefined;
  /** What a line that cannot be read does: 'stop' (unless told) ends with an error that names it, 'skip' leaves it out. */
  readonly onError?: 'stop' | 'skip' | undefined;
  /** Called for each line that is left out. */
  readonly onSkip?: ((line: Rejected) => void) | undefined;
}

/**
 * The records of JSON Lines files: one JSON value a line; empty lines do not count. Files may be compressed (.gz).
 *
 * Shapes: none. Errors, when it is read: as those of `textLines`, and `corrupt` for a line that is no JSON or not what the schema says, naming file and line.
 * Source: https://jsonlines.org, https://standardschema.dev
 *
 * @example no-run
 * import { jsonl } from 'stratus';
 * import { z } from 'zod';
 * const reviews = jsonl('reviews.jsonl', { schema: z.object({ text: z.string(), stars: z.number() }) });
 * for await (const { text, stars } of reviews.take(3)) console.log(stars, text);
 */
export function jsonl<R = unknown>(paths: Paths, options: JsonlOptions<R> = {}): Dataset<R> {
  refuseUnknown('jsonl', options, ['schema', 'onError', 'onSkip', 'longestLine']);
  const { schema, onError = 'stop', onSkip, longestLine: longest } = options;
  oneOf('jsonl', 'onError', onError, ['stop', 'skip']);
  if (longest !== undefined) count('jsonl', 'longestLine', longest);
  return dataset(async function* () {
    for await (const { text, file, line } of linesOf(paths, { longest })) {
      const own = line === 1 ? text.replace(/^\uFEFF/, '') : text;
      if (own.trim() === '') continue;
      let record: R;
      try {
        record = await checked(JSON.parse(own) as unknown, schema);
      } catch (e) {
        const reason = e instanceof SyntaxError ? `it is no JSON (${e.message})` : (e as Error).message;
        if (onError === 'skip') {
          onSkip?.({ file, line, reason });
          continue;
        }
        throw fail(
          'corrupt',
          { file, reason: `line ${line}: ${reason}`, fix: "Mend it, or leave such lines out: { onError: 'skip' }." },
          e,
        );
      }
      yield record;
    }
  });
}
