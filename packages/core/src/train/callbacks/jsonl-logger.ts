import { jsonLine } from '../../logs/index.ts';
import { files } from '../../runtime/index.ts';
import type { Callback } from './callback.ts';

/**
 * Writes the figures of each epoch as one line of JSON: `{ epoch, step, learningRate, loss, … }`. The file begins anew unless
 * `append` is set or the run is resumed.
 *
 * Errors: `file-failed`. Source: jsonlines.org.
 *
 * @example
 * import { jsonlLogger } from '@stratus/core';
 * const log = jsonlLogger({ path: 'training.jsonl' });
 * console.log(typeof log.onEpochEnd); // function
 */
export function jsonlLogger({ path, append = false }: { readonly path: string; readonly append?: boolean }): Callback {
  let fresh = !append;
  let restored = false;
  return {
    name: `jsonlLogger ${path}`,
    onTrainBegin() {
      if (!restored) fresh = !append;
      restored = false;
    },
    async onEpochEnd(run, logs) {
      if (fresh) await files.remove(path);
      fresh = false;
      const line = jsonLine({ epoch: run.epoch + 1, step: run.step, learningRate: run.learningRate, ...logs });
      await files.append(path, new TextEncoder().encode(line));
    },
    state: () => null,
    restore() {
      fresh = false;
      restored = true;
    },
  };
}
