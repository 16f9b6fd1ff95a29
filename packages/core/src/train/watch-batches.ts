import type { InputStatistics } from '../artifact/index.ts';
import { copyRows, sizeOf, type Tensor, zeros } from '../tensor/index.ts';
import type { DataDescription } from './describe-data.ts';
import { InputLooks, looks } from './input-statistics.ts';
import type { Batch, Source } from './source.ts';
import type { Slot } from './values.ts';

/** A stream that is looked at while it passes by. */
export interface Watched {
  readonly source: Source;
  /** What has been seen so far; undefined before the first batch. */
  description(): DataDescription | undefined;
}

/**
 * Looks at the first samples of the first epoch, and counts all of them. Nothing is read for it, and no batch is changed. A training that goes on
 * within an epoch looks at the rest of that, until it begins one of its own: what is said of the data is what this run has seen.
 */
export function watchBatches(source: Source, inputs: readonly Slot[]): Watched {
  const found = new Map<string, InputLooks>();
  let sample: Record<string, Tensor> | undefined;
  let seen = 0;
  let samples: number | undefined;
  let [passes, wholePasses] = [0, 0];

  const look = ({ feeds, size }: Batch): void => {
    sample ??= firstOf(feeds, inputs);
    for (const { name } of inputs) {
      const column = feeds[name]!;
      const width = sizeOf(column.shape.slice(1));
      const most = Math.max(1, Math.min(looks.samples, Math.floor(looks.elements / Math.max(1, width))));
      if (seen >= most) continue;
      const statistics = found.get(name) ?? new InputLooks(most * width);
      found.set(name, statistics);
      statistics.add(column.rows(0, Math.min(size, most - seen)));
    }
    seen += size;
  };

  return {
    source: {
      ...source,
      async *batches(epoch, from = 0, signal) {
        const isWhole = from === 0 && wholePasses++ === 0;
        if (passes++ > 0 && !isWhole) return yield* source.batches(epoch, from, signal);
        found.clear(); // the rest of an epoch may have been little
        seen = 0;
        for await (const batch of source.batches(epoch, from, signal)) {
          if (seen < looks.samples) look(batch);
          else seen += batch.size;
          yield batch;
        }
        if (isWhole) samples = seen;
      },
    },
    description() {
      if (!sample) return undefined;
      const baseline: Record<string, InputStatistics> = {};
      for (const [name, statistics] of found) {
        const known = statistics.statistics();
        if (known) baseline[name] = known;
      }
      return { samples, baseline, fingerprint: undefined, sample };
    },
  };
}

/** A copy of the inputs of the first sample: the buffers of a batch are used again. */
function firstOf(feeds: Batch['feeds'], inputs: readonly Slot[]): Record<string, Tensor> {
  return Object.fromEntries(
    inputs.map(({ name }) => {
      const column = feeds[name]!;
      const own = zeros([1, ...column.shape.slice(1)], column.dtype);
      copyRows(column, own, { start: 0, count: 1 });
      return [name, own];
    }),
  );
}
