import { type Dataset, isTable } from '../data/index.ts';
import { fail } from '../errors.ts';
import type { Preprocessing, Records } from '../preprocessing/index.ts';
import { isTensor } from '../tensor/index.ts';
import type { FitOptions, TrainingData, ValidationBatches } from './options.ts';
import { hasPasses, type Stream } from './source.ts';
import type { TensorSet } from './values.ts';

const isRecord = (x: unknown): boolean =>
  typeof x === 'object' && x !== null && !Array.isArray(x) && !isTensor(x) && !ArrayBuffer.isView(x);

const isTensors = (x: unknown): boolean =>
  isRecord(x) && Object.values(x as object).length > 0 && Object.values(x as object).every(isTensor);

/** True for records in memory, as the steps take them: a list of objects, or a table. Tensors by name are none, unless fields are tensors. */
export function areRecords(steps: Preprocessing, x: unknown): boolean {
  if (isTable(x)) return true;
  if (!Array.isArray(x) || x.length === 0 || !isRecord(x[0])) return false;
  const tensors = steps.fields.some(({ kind }) => kind === 'tensor' || kind === 'bytes' || kind === 'list');
  return tensors || !isTensors(x[0]);
}

/** True for targets beside records: a tensor, a list, a typed array. */
export const isTensorLike = (x: unknown): boolean => isTensor(x) || Array.isArray(x) || ArrayBuffer.isView(x);

/** True for one record where a list of them is wanted. */
export const isOneRecord = (steps: Preprocessing, x: unknown): boolean =>
  isRecord(x) &&
  steps.fields.some(
    ({ field }) => Object.hasOwn(x as object, field) && typeof (x as Record<string, unknown>)[field] !== 'object',
  );

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
  const own = isRecord(value) ? (value as Readonly<Record<string, unknown>>)['x'] : undefined;
  const isField = steps.fields.some(({ field }) => field === 'x');
  if (isTensors(own) || (isTensor(own) && !isField)) return data as unknown as Stream; // batches
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
  if (!areRecords(steps, x)) return { x: x as TrainingData, y };
  const batch = await steps.batch(x as readonly unknown[], { training });
  return { x: batch.x, y: y ?? batch.y };
}

/** The same for what fit validates with. */
export async function preparedValidation(
  steps: Preprocessing | undefined,
  { validationData: data, batchSize: size }: Pick<FitOptions, 'validationData' | 'batchSize'>,
): Promise<ValidationBatches | undefined> {
  const stream = data && 'stream' in data ? data.stream : data;
  if (!steps || !stream || (!hasPasses(stream) && !areRecords(steps, stream))) return data as ValidationBatches | undefined;
  const { x, y } = await prepared(steps, { x: stream as Records, y: undefined }, { what: 'fit', size });
  return y === undefined ? (x as Stream) : [x as TensorSet, y];
}
