import { fail } from '../errors.ts';
import type { Machine } from './machine.ts';
import type { FitOptions, TrainingData, ValidationBatches } from './options.ts';
import { arrayColumns, arraySource, type Columns, isStream, type Slots, type Source, streamSource } from './source.ts';
import type { TensorSet } from './values.ts';

/** Options of fit, with data for the graph. */
export type FitDataOptions = Omit<FitOptions, 'validationData'> & { readonly validationData?: ValidationBatches | undefined };

/** What one call of fit trains on and measures with. */
export interface FitData {
  readonly source: Source;
  readonly validation: Source | undefined;
  /** The arrays that are trained on; undefined for a stream. */
  readonly columns: Columns | undefined;
  readonly batchSize: number | undefined;
}

const what = 'fit';

/** Checks the data of a call of fit and cuts it into batches. Errors: as `fit`. */
export function fitData(
  machine: Machine,
  slots: Slots,
  x: TrainingData,
  y: TensorSet | undefined,
  options: FitDataOptions,
): FitData {
  const { batchSize = 32, validationData, validationSplit, shuffle = true, sampleWeight, classWeight } = options;
  if (validationSplit !== undefined && validationData)
    throw fail('bad-value', { what, got: 'validationSplit and validationData', want: 'one of them' });
  if (isStream(x)) {
    const [option] = Object.entries({ validationSplit, sampleWeight }).find(([, value]) => value !== undefined) ?? [];
    if (option !== undefined)
      throw fail('bad-value', {
        what,
        got: `a stream and ${option}`,
        want: 'arrays',
        fix: option === 'sampleWeight' ? 'Yield { x, y, sampleWeight } from the stream.' : 'Give validationData: { stream }.',
      });
    return {
      source: streamSource(slots, x, { what, classWeight }),
      validation: validationSource(slots, options, batchSize),
      columns: undefined,
      batchSize: undefined,
    };
  }
  const columns = arrayColumns(slots, x, y, { sampleWeight, classWeight });
  const [training, held] = validationSplit === undefined ? [columns] : splitOff(columns, validationSplit);
  return {
    source: arraySource(training, {
      what,
      batchSize,
      shuffle: shuffle ? machine.shuffleKey : undefined,
      together: machine.stepsTogether,
    }),
    validation: held ? arraySource(held, { what, batchSize }) : validationSource(slots, options, batchSize),
    columns: training,
    batchSize,
  };
}

function validationSource(slots: Slots, { validationData: data }: FitDataOptions, batchSize: number): Source | undefined {
  if (!data) return undefined;
  if (isStream(data)) return streamSource(slots, data, { what });
  if ('stream' in data) return streamSource(slots, data.stream, { what });
  const [x, y, sampleWeight] = data;
  return arraySource(arrayColumns(slots, x, y, { sampleWeight }), { what, batchSize });
}

/** The last part of the samples is held out, as Keras does, before any shuffling. */
function splitOff(columns: Columns, share: number): [Columns, Columns] {
  // The product of 10 and 1 - 0.9 lies a little below 1.
  const kept = Math.floor(columns.samples * (1 - share) + 1e-6);
  if (!(share > 0 && share < 1) || kept === 0 || kept === columns.samples)
    throw fail('bad-value', {
      what,
      got: `validationSplit ${share} of ${columns.samples} samples`,
      want: 'a share that leaves samples on both sides',
    });
  const cut = (start: number, end: number): Columns => ({
    ...columns,
    samples: end - start,
    entries: columns.entries.map((entry) => ({ ...entry, column: entry.column.rows(start, end) })),
  });
  return [cut(0, kept), cut(kept, columns.samples)];
}
