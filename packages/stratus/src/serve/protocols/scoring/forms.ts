// The forms of a body of samples: MLflow's of JSON and CSV, Azure ML's.
import { fail } from '@stratus/core';
import { isRecord } from '../../rows.ts';
import { shown } from '../../wording.ts';
import type { Samples, Table } from './samples.ts';

const example = 'One looks like {"instances":[[1,2]]}';

const isText = (x: unknown): x is string => typeof x === 'string';

/** `{ "columns": [...], "data": [[...]] }`. Errors: `bad-request`. */
function split(value: unknown, name: string): Table {
  const wrong = (what: string) =>
    fail('bad-request', { reason: `"${name}" ${what}. One looks like {"columns":["a"],"data":[[1]]}.` });
  if (!isRecord(value)) throw wrong(`is ${shown(value)}, expected an object`);
  const { columns, data } = value;
  if (!Array.isArray(data) || !data.every(Array.isArray)) throw wrong('has no "data", a list of rows');
  const rows = data as readonly unknown[][];
  const names: unknown = columns ?? rows[0]?.map((_, i) => String(i)) ?? [];
  if (!Array.isArray(names) || !names.every((own) => isText(own) || typeof own === 'number'))
    throw wrong('has no "columns", a list of names');
  const known = names.map(String);
  const twice = known.find((own, i) => known.indexOf(own) !== i);
  if (twice !== undefined) throw wrong(`names the column ${shown(twice)} twice`);
  const odd = rows.findIndex((row) => row.length !== known.length);
  if (odd !== -1) throw wrong(`has ${rows[odd]!.length} values in row ${odd} for ${known.length} columns`);
  return { columns: known, rows };
}

/** `[{ "a": 1 }, ...]`, as a table of the columns of the first. Errors: `bad-request`. */
function records(value: unknown, name: string): Table {
  if (!Array.isArray(value) || !value.every(isRecord))
    throw fail('bad-request', { reason: `"${name}" has to be a list of objects: [{"a":1}].` });
  const columns = [...new Set((value as readonly Record<string, unknown>[]).flatMap((row) => Object.keys(row)))];
  if (columns.length > 10_000)
    throw fail('bad-request', { reason: `"${name}" has ${columns.length} columns; at most 10000 are read.` });
  return { columns, rows: value.map((row: Readonly<Record<string, unknown>>) => columns.map((own) => row[own] ?? null)) };
}

const forms: Readonly<Record<string, (value: unknown, name: string) => Samples>> = {
  dataframe_split: (value, name) => ({ table: split(value, name) }),
  dataframe_records: (value, name) => ({ table: records(value, name) }),
  instances: (value) => ({ rows: value }),
  inputs: (value) => ({ columns: value }),
};

/** Azure ML's names besides. */
const azureForms: typeof forms = {
  ...forms,
  data: (value) => ({ rows: value }),
  input_data: (value, name) => (isRecord(value) ? { table: split(value, name) } : { rows: value }),
};

function only(value: unknown, known: typeof forms): Samples {
  if (!isRecord(value)) throw fail('bad-request', { reason: `The body is ${shown(value)}, expected an object. ${example}.` });
  if (Object.hasOwn(value, 'signature_name'))
    throw fail('bad-request', { reason: '"signature_name" is not taken here; leave it out.' });
  const names = Object.keys(known);
  const given = names.filter((name) => Object.hasOwn(value, name));
  if (given.length !== 1) {
    const got =
      given.length === 0
        ? `it has ${Object.keys(value).slice(0, 5).map(shown).join(', ') || 'nothing'}`
        : `it has ${given.join(' and ')}`;
    throw fail('bad-request', { reason: `The body has to have exactly one of ${names.join(', ')}; ${got}. ${example}.` });
  }
  const name = given[0]!;
  return known[name]!(value[name], name);
}

/** MLflow's forms of JSON. Errors: `bad-request`. Source: mlflow, pyfunc/scoring_server. */
export const mlflowForm = (value: unknown): Samples => only(value, forms);

/** The same, and those that Azure ML's examples use. Errors: `bad-request`. */
export const azureForm = (value: unknown): Samples => only(value, azureForms);

/** A table in CSV: with names of columns, unless all of the first line are numbers. Errors: `bad-request`. */
export async function csvForm(text: string): Promise<Samples> {
  const { rowsOfCsv } = await import('../../read-records.ts');
  const [first = [], ...rest] = await rowsOfCsv(text);
  const isNumber = (cell: string): boolean => cell.trim() !== '' && Number.isFinite(Number(cell));
  const hasHead = !first.every(isNumber);
  const columns = hasHead ? first : first.map((_, i) => String(i));
  const rows = (hasHead ? rest : [first, ...rest]).map((row) => row.map((cell) => (isNumber(cell) ? Number(cell) : cell)));
  return { table: split({ columns, data: rows }, 'the table') };
}
