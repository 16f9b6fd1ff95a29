// Models with preprocessing take records: what their fields are in the protocol, and how predictions look.
import { anyTable, type DType, fail, fromFloat16, joinRows, type Preprocessing, StratusError, type Tensor } from '@stratus/core';
import { elementsOf } from './elements.ts';
import { giveTurn } from './give-turn.ts';
import type { Labels } from './labels.ts';
import type { FieldsOf } from './observer.ts';
import type { ResponseElement } from './protocol.ts';
import type { ServablePort, Tensors } from './servable.ts';

type Field = Preprocessing['fields'][number];

/** One record that a model is asked about: its fields by name. */
export type PredictRecord = Readonly<Record<string, unknown>>;

/** What a model says about one record: each output, and for classes with names the best one. */
export type Prediction = Readonly<Record<string, unknown>>;

/** What a model says about records. */
export interface PredictResponse {
  readonly model_name: string;
  readonly model_version: string;
  readonly predictions: readonly Prediction[];
}

/** So many predictions are made between two looks at the clock. */
const rowsATurn = 256;

/** A field as an input tensor. */
function portOf({ field, kind, dtype, shape = [], scalar }: Field): ServablePort {
  const of = (own: DType, sizes: readonly (number | string)[] = [], unit?: string): ServablePort => {
    const dims = ['batch', ...sizes];
    const known = dims.map((d) => (typeof d === 'number' ? d : -1));
    return { name: field, dtype: own, shape: known, dims, anyRank: false, ...(unit !== undefined && { unit }) };
  };
  if (kind === 'tensor') return of(dtype ?? 'float32', shape);
  if (kind === 'list') return of('int32', ['length']);
  if (kind === 'bytes') return of('string', [], 'an encoded image, as base64');
  if (kind === 'text' || scalar === 'text') return of('string');
  if (scalar === 'boolean') return of('bool');
  return of(kind === 'scalar' || dtype === 'float64' ? 'float64' : 'float32');
}

/** What clients give a model with preprocessing: an input for each field. Of a field that has several uses, the one that needs most is told. */
export const recordPorts = (steps: Preprocessing): ServablePort[] => {
  const ports = new Map<string, ServablePort>();
  for (const own of steps.fields) {
    const [port, known] = [portOf(own), ports.get(own.field)];
    if (!known || (known.dtype === 'float32' && port.dtype === 'float64')) ports.set(own.field, port);
  }
  return [...ports.values()];
};

/** What the client wrote cannot be used: errors of the steps are told to it. */
async function asked<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (e) {
    if (!StratusError.is(e) || !['bad-value', 'shape-mismatch', 'dtype-mismatch', 'corrupt'].includes(e.code)) throw e;
    throw fail('bad-request', { reason: e.message }, e);
  }
}

/** A longer text is refused, and so much text or so many records are worked on between two turns of the event loop. */
const [longestText, groupText, groupSize] = [2 ** 18, 2 ** 16, 128];

/** Records in groups that do not take long. Errors: `bad-request` for a text that would. */
function* groupsOf(
  steps: Preprocessing,
  records: readonly PredictRecord[],
): Iterable<readonly [from: number, group: readonly PredictRecord[]]> {
  const texts = steps.fields.filter(({ kind }) => kind === 'text' || kind === 'scalar').map(({ field }) => field);
  let [from, length] = [0, 0];
  for (const [i, record] of records.entries()) {
    for (const field of texts) {
      const value = Object.hasOwn(record, field) ? record[field] : undefined;
      if (typeof value !== 'string') continue;
      length += value.length;
      if (value.length > longestText)
        throw fail('bad-request', {
          reason: `${field}: the text of record ${i} has ${value.length} characters; at most ${longestText} are read.`,
        });
    }
    if (length < groupText && i + 1 - from < groupSize) continue;
    yield [from, records.slice(from, i + 1)];
    [from, length] = [i + 1, 0];
  }
  if (from < records.length || records.length === 0) yield [from, records.slice(from)];
}

/** What the graph is fed for these records. Errors: `bad-request`, naming field and record. */
export const feedsOfRecords = (steps: Preprocessing, records: readonly PredictRecord[]): Promise<Tensors> =>
  asked(async () => {
    const parts: Tensors[] = [];
    for (const [from, group] of groupsOf(steps, records)) {
      parts.push(await steps.feeds(group, { from }));
      await giveTurn();
    }
    const names = Object.keys(parts[0]!);
    return Object.fromEntries(names.map((name) => [name, joinRows(parts.map((part) => part[name]!) as [Tensor, ...Tensor[]])]));
  });

/** What the graph is fed for a field of each record as one tensor. Errors: `bad-request`. */
export const feedsOfColumns = (steps: Preprocessing, columns: Tensors): Promise<Tensors> =>
  asked(() => {
    const lengths = Object.values(columns).map(({ shape }) => shape[0]);
    if (new Set(lengths).size > 1)
      throw fail('bad-request', { reason: `The inputs have ${lengths.join(', ')} records; they must have as many each.` });
    const table = anyTable(columns);
    return feedsOfRecords(
      steps,
      Array.from({ length: table.length }, (_, i) => table.record(i) as PredictRecord),
    );
  });

/** Fields of records, for those who observe. */
export const fieldsOfRecords = (records: readonly PredictRecord[]): FieldsOf => ({
  rows: records.length,
  value: (field, row) => {
    const record = records[row];
    return record !== undefined && Object.hasOwn(record, field) ? record[field] : undefined;
  },
});

/** Fields that came as one tensor each, for those who observe. */
export const fieldsOfColumns = (columns: Tensors): FieldsOf => ({
  rows: Object.values(columns)[0]?.shape[0] ?? 0,
  value: (field, row) => {
    const column = Object.hasOwn(columns, field) ? columns[field]! : undefined;
    const value = column?.data[row];
    if (column === undefined || value === undefined) return undefined;
    if (column.dtype === 'bool') return value !== 0;
    return column.dtype === 'float16' ? fromFloat16(Number(value)) : value;
  },
});

/** Outputs of a run as one prediction for each record. */
export async function predictionsOf(
  outputs: Readonly<Record<string, Tensor>>,
  count: number,
  labels: Labels,
): Promise<Prediction[]> {
  const columns = await Promise.all(
    Object.entries(outputs).map(async ([name, tensor]) => {
      const elements = (await elementsOf(tensor)).map((x) => (typeof x === 'bigint' ? String(x) : x)); // beyond 2^53: exact as text
      const width = count === 0 ? 0 : elements.length / count;
      return { name, elements, width, labels: Object.hasOwn(labels, name) ? labels[name] : undefined };
    }),
  );
  const predictions: Prediction[] = [];
  for (let row = 0; row < count; row++) {
    const own = columns.map(({ name, elements, width, labels: names }) => {
      const values = elements.slice(row * width, (row + 1) * width);
      return [name, names ? bestOf(values, names) : width === 1 ? values[0] : values];
    });
    predictions.push(Object.fromEntries(own) as Prediction);
    if (row % rowsATurn === rowsATurn - 1) await giveTurn();
  }
  return predictions;
}

/** Predictions as a list in JSON, written a part at a time. */
export async function writePredictionList(predictions: readonly Prediction[]): Promise<string> {
  const parts: string[] = [];
  for (let at = 0; at < predictions.length; at += rowsATurn) {
    parts.push(JSON.stringify(predictions.slice(at, at + rowsATurn)).slice(1, -1));
    await giveTurn();
  }
  return `[${parts.join(',')}]`;
}

/** An answer as JSON. */
export const writePredictions = async ({ predictions, ...head }: PredictResponse): Promise<string> =>
  `${JSON.stringify(head).slice(0, -1)},"predictions":${await writePredictionList(predictions)}}`;

/** The best of some classes with its number, and those of all by name. One number for two classes is that of the second. */
function bestOf(values: readonly ResponseElement[], names: readonly string[]): Prediction {
  const scores = values.length === 1 && names.length === 2 ? [1 - Number(values[0]), Number(values[0])] : values.map(Number);
  const best = scores.reduce((most, score, i) => (score > scores[most]! ? i : most), 0);
  return { label: names[best], score: scores[best], scores: Object.fromEntries(names.map((name, i) => [name, scores[i]])) };
}
