// What container contracts send: samples by row, by column, or as a table; and what a model says to them.
import { fail, type Preprocessing } from '@stratus/core';
import type { Ask } from '../../ask.ts';
import { findPort, showPorts } from '../../check-feeds.ts';
import type { DataPlane } from '../../data-plane.ts';
import { writeNested } from '../../nested.ts';
import { type PredictRecord, writePredictionList } from '../../records.ts';
import { feedsOfRows, feedsOfValues, isRecord } from '../../rows.ts';
import type { Servable, Tensors } from '../../servable.ts';
import { shown } from '../../wording.ts';
import { writePredictions } from '../tensorflow/predict.ts';

/** Rows under named columns. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

/** Samples in one of the forms that they come in. */
export type Samples = { readonly rows: unknown } | { readonly columns: unknown } | { readonly table: Table };

/** As many as JSON may have objects. */
const mostRecords = 10_000;

const unpacked = (value: unknown): unknown => (isRecord(value) && typeof value['b64'] === 'string' ? value['b64'] : value);

const recordOf = (names: readonly string[], value: (name: string, at: number) => unknown): PredictRecord =>
  Object.fromEntries(names.map((name, at) => [name, unpacked(value(name, at))]));

/** The only field of a model. Errors: `bad-request`. */
function onlyField({ fields }: Preprocessing, got: unknown): string {
  const names = [...new Set(fields.map(({ field }) => field))];
  if (names.length === 1) return names[0]!;
  throw fail('bad-request', { reason: `A sample is ${shown(got)}; the model takes objects with ${names.join(', ')}.` });
}

/** Samples as records, for a model with preprocessing. Errors: `bad-request`. */
function recordsOf(steps: Preprocessing, samples: Samples): PredictRecord[] {
  if ('table' in samples) {
    const { columns, rows } = samples.table;
    return rows.map((row) => recordOf(columns, (_, at) => row[at]));
  }
  if ('rows' in samples) {
    const { rows } = samples;
    if (!Array.isArray(rows)) throw fail('bad-request', { reason: `The samples are ${shown(rows)}, expected a list.` });
    return rows.map((row: unknown) =>
      isRecord(row) && !(typeof row['b64'] === 'string' && Object.keys(row).length === 1)
        ? recordOf(Object.keys(row), (name) => row[name])
        : recordOf([onlyField(steps, row)], () => row),
    );
  }
  const { columns } = samples;
  const named = isRecord(columns) ? columns : { [onlyField(steps, columns)]: columns };
  const lists = Object.entries(named).map(([name, own]) => ({ name, list: Array.isArray(own) ? (own as unknown[]) : [own] }));
  const count = lists[0]?.list.length ?? 0;
  const other = lists.find(({ list }) => list.length !== count);
  if (other)
    throw fail('bad-request', {
      reason: `'${other.name}' has ${other.list.length} values, and '${lists[0]!.name}' has ${count}.`,
    });
  return Array.from({ length: count }, (_, i) => Object.fromEntries(lists.map(({ name, list }) => [name, unpacked(list[i])])));
}

/** Samples as tensors, for a model without. A table is an input of as many columns, or an input for each. Errors: `bad-request`. */
async function feedsOf(servable: Servable, samples: Samples): Promise<Tensors> {
  if ('rows' in samples) return feedsOfRows(servable, samples.rows);
  if ('columns' in samples) return feedsOfValues(servable, samples.columns);
  const { columns, rows } = samples.table;
  const { inputs } = servable;
  const [first, ...others] = inputs;
  const areInputs = inputs.some(({ name }) => columns.includes(name));
  if (areInputs || first === undefined || others.length > 0) {
    for (const name of columns) findPort('input', inputs, name);
    return feedsOfRows(
      servable,
      rows.map((row) => Object.fromEntries(columns.map((name, at) => [name, row[at]]))),
    );
  }
  const isMatrix = first.anyRank || first.shape.length === 2 || (first.shape.length === 1 && columns.length === 1);
  if (!isMatrix) {
    const reason = `A table of ${columns.length} columns does not fit the model, which takes ${showPorts(inputs)}. Send "instances".`;
    throw fail('bad-request', { reason });
  }
  return feedsOfRows(servable, first.shape.length === 1 ? rows.map(([cell]) => cell) : rows);
}

/** What a model says to samples, as a list in JSON: a value, or an object by output, for each of them. Errors: `bad-request`, those of the data plane. */
export async function predictionsOf(plane: DataPlane, name: string, ask: Ask, samples: Samples): Promise<string> {
  const { preprocessing } = plane.servable(name, ask);
  if (preprocessing) {
    const records = recordsOf(preprocessing, samples);
    if (records.length === 0) throw fail('bad-request', { reason: 'There is no sample; send one at least.' });
    if (records.length > mostRecords)
      throw fail('bad-request', { reason: `There are ${records.length} samples; at most ${mostRecords} are answered at once.` });
    return writePredictionList((await plane.predict(name, records, ask)).predictions);
  }
  const feeds = await feedsOf(plane.servable(name, ask), samples);
  const { servable, outputs } = await plane.compute(name, feeds, ask);
  const haveRows = servable.outputs.every((port) => port.shape[0] === -1);
  if (haveRows) return writePredictions(outputs);
  const [only, ...others] = Object.values(outputs);
  if (others.length === 0) return writeNested(only!);
  const parts: string[] = [];
  for (const [output, tensor] of Object.entries(outputs)) parts.push(`${JSON.stringify(output)}:${await writeNested(tensor)}`);
  return `{${parts.join(',')}}`;
}
