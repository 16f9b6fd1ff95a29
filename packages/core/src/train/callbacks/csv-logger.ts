import { csvLine } from '../../logs/index.ts';
import { files } from '../../runtime/index.ts';
import type { Callback } from './callback.ts';

/**
 * Writes the figures of each epoch into a CSV file: `epoch`, then one column a figure. The file begins anew unless `append`
 * is set or the run is resumed.
 *
 * Errors: `file-failed`. Source: Keras CSVLogger.
 *
 * @example
 * import { csvLogger } from '@stratus/core';
 * const log = csvLogger({ path: 'training.csv' });
 * console.log(typeof log.onEpochEnd); // function
 */
export function csvLogger({ path, append = false }: { readonly path: string; readonly append?: boolean }): Callback {
  let columns: string[] | undefined;
  let fresh = !append;
  let restored = false;
  return {
    name: `csvLogger ${path}`,
    onTrainBegin() {
      if (!restored) {
        columns = undefined;
        fresh = !append;
      }
      restored = false;
    },
    async onEpochEnd(run, logs) {
      const scalars = Object.entries(logs).filter(([, value]) => typeof value === 'number');
      if (fresh) await files.remove(path);
      const heading = fresh || (await files.readIfThere(path)) === undefined;
      fresh = false;
      columns ??= scalars.map(([name]) => name);
      const row = csvLine([run.epoch + 1, ...columns.map((name) => logs[name] as number | undefined)]);
      await files.append(path, new TextEncoder().encode((heading ? csvLine(['epoch', ...columns]) : '') + row));
    },
    state: () => ({ columns }),
    restore(state) {
      columns = (state as { columns?: string[] }).columns;
      fresh = false;
      restored = true;
    },
  };
}
