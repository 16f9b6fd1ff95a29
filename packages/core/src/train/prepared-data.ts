import { type Dataset, isTable } from '../data/index.ts';
import { fail } from '../errors.ts';
import type { Preprocessing, Records } from '../preprocessing/index.ts';
import { isTensor } from '../tensor/index.ts';
import type { FitOptions, TrainingData, ValidationBatches } from './options.ts';
import { hasPasses, type Stream } from './source.ts';
import type { TensorSet } from './values.ts';

const isRecord = (x: unknown): boolean =>
  typeof x === 'object' && x !== null && !Array.isArray(x) && !isTensor(x) && !ArrayBuffer.isView(x);

/** True for records in memory: a list of objects, or a table. */
export const areRecords = (x: unknown): boolean => isTable(x) || (Array.isArray(x) && x.length > 0 && isRecord(x[0]));

/** What `fit` is fed of a data set of records; of batches that were made before, it is these. Errors: `bad-value`. */
async function preparedStream(
  what: string,
  steps: Preprocessing,
  data: Dataset<unknown>,
  options: { readonly size: number; readonly training: boolean },
): Promise<Stream> {
  // Which of the two it is, only a record tells.
  const reading = data.pass();
  const { done, value } = await reading.next();
  await reading.return();
  if (done) throw fail('bad-value', { what, got: 'a data set without records', want: 'some' });
  const isBatch = isRecord(value) && 'x' in (value as object) && !steps.fields.some(({ field }) => field === 'x');
  if (isBatch) return data as unknown as Stream;
  const raw = isRecord(value) && steps.fields.every(({ field }) => isTensor((value as Readonly<Record<string, unknown>>)[field]));
  if (raw && steps.fields.some(({ kind }) => kind !== 'tensor' && kind !== 'bytes'))
    throw fail('bad-value', {
      what,
      got: 'batches of raw fields',
      want: 'records, as the model has preprocessing',
      fix: 'Leave out batch(…): fit(data, { batchSize: 32 }) makes batches after preprocessing.',
    });
  return steps.batches(data, options.size, { training: options.training });
}

/** Data as somebody gave it to fit or evaluate. */
interface Given<X> {
  readonly x: X;
  readonly y: TensorSet | undefined;
}

/** Data for the graph, of records where the model takes them. Errors: those of the steps. */
export async function prepared(
  steps: Preprocessing | undefined,
  { x, y }: Given<TrainingData | Records>,
  {
    what,
    size = 32,
    training = false,
  }: { readonly what: string; readonly size?: number | undefined; readonly training?: boolean },
): Promise<Given<TrainingData>> {
  if (!steps) return { x: x as TrainingData, y };
  if (hasPasses(x)) return { x: await preparedStream(what, steps, x as unknown as Dataset<unknown>, { size, training }), y };
  if (!areRecords(x)) return { x: x as TrainingData, y };
  const batch = await steps.batch(x as readonly unknown[], { training });
  return { x: batch.x, y: y ?? batch.y };
}

/** The same for what fit validates with. */
export async function preparedValidation(
  steps: Preprocessing | undefined,
  { validationData: data, batchSize: size }: Pick<FitOptions, 'validationData' | 'batchSize'>,
): Promise<ValidationBatches | undefined> {
  const stream = data && 'stream' in data ? data.stream : data;
  if (!steps || !stream || (!hasPasses(stream) && !areRecords(stream))) return data as ValidationBatches | undefined;
  const { x, y } = await prepared(steps, { x: stream as Records, y: undefined }, { what: 'fit', size });
  return y === undefined ? (x as Stream) : [x as TensorSet, y];
}
