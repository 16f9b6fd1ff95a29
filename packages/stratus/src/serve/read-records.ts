// The body of a request to predict: records as JSON, a table as CSV, one text, one image.
import { Readable } from 'node:stream';
import { fail, type Preprocessing } from '@stratus/core';
import { readJson } from './json.ts';
import type { PredictRecord } from './records.ts';
import { shown } from './wording.ts';

type Field = Preprocessing['fields'][number];

const isRecord = (x: unknown): x is PredictRecord => typeof x === 'object' && x !== null && !Array.isArray(x);

/** The only field of a kind. Errors: `bad-request`. */
function only(fields: readonly Field[], kinds: readonly string[], what: string): string {
  const names = [...new Set(fields.map(({ field }) => field))];
  if (names.length === 1 && fields.some(({ kind }) => kinds.includes(kind))) return names[0]!;
  const known = names.join(', ');
  throw fail('bad-request', {
    reason: `The body is ${what}, and the model takes ${known}. Send a JSON object with these fields.`,
  });
}

/** Records as JSON: one object, a list of them, or `{ "records": [ … ] }`; what stands alone is the model's only field. */
function recordsOfJson(value: unknown, fields: readonly Field[]): PredictRecord[] {
  const names = [...new Set(fields.map(({ field }) => field))];
  const inner = isRecord(value) && Array.isArray(value['records']) && !names.includes('records') ? value['records'] : value;
  const list: readonly unknown[] = Array.isArray(inner) ? inner : [inner];
  return list.map((record, i) => {
    if (isRecord(record)) {
      const odd = Object.keys(record).length > 0 && !names.some((name) => Object.hasOwn(record, name));
      if (!odd) return record;
    } else if (names.length === 1) return { [names[0]!]: record };
    throw fail('bad-request', { reason: `Record ${i} is ${shown(record)}; the model takes objects with ${names.join(', ')}.` });
  });
}

const spellings: Readonly<Record<string, number>> = { true: 1, t: 1, yes: 1, y: 1, false: 0, f: 0, no: 0, n: 0 };

/** A text as its field has it: texts are all that tables know. What tables of numbers and flags are read as in training, they are read as here. */
function cellOf({ kind, scalar, flag, empty }: Field, text: string): unknown {
  if (kind === 'text' || kind === 'bytes') return text;
  if (text === '') return empty ? '' : null;
  if (kind === 'list' || kind === 'tensor') {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      return text;
    }
  }
  if (scalar === 'text') return text;
  const word = text.trim().toLowerCase();
  if ((flag || scalar === 'boolean') && Object.hasOwn(spellings, word))
    return scalar === 'boolean' ? spellings[word] === 1 : spellings[word];
  if (word === 'nan') return null;
  if (/^[+-]?inf(inity)?$/.test(word)) return word.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const number = Number(text);
  return word !== '' && !Number.isNaN(number) ? number : text;
}

/** As many as JSON may have objects. */
const mostRecords = 10_000;

/** So many characters are parsed between two turns of the event loop. */
const piece = 16_384;

function* piecesOf(text: string): Iterable<string> {
  for (let at = 0; at < text.length; at += piece) yield text.slice(at, at + piece);
}

/** The lines of CSV, as texts. Errors: `bad-request` that names the line. */
export async function rowsOfCsv(text: string): Promise<string[][]> {
  const { parse } = await import('csv-parse');
  const rows: string[][] = [];
  try {
    // Piece by piece, with turns of the event loop between them.
    const parser = Readable.from(piecesOf(text)).pipe(parse({ bom: true, skip_empty_lines: true }));
    for await (const row of parser) rows.push(row as string[]);
  } catch (e) {
    throw fail('bad-request', { reason: `The body is no CSV: ${(e as Error).message}.` }, e);
  }
  return rows;
}

/** Records of CSV with a head, as fields have them. Errors: `bad-request` that names the line. */
async function recordsOfCsv(text: string, fields: readonly Field[]): Promise<PredictRecord[]> {
  const rows = await rowsOfCsv(text);
  const [head = [], ...rest] = rows;
  if (rest.length > mostRecords)
    throw fail('bad-request', { reason: `The body has ${rest.length} rows; at most ${mostRecords} are answered at once.` });
  const places = new Map<string, number>();
  for (const [place, name] of head.entries()) {
    if (places.has(name)) throw fail('bad-request', { reason: `The column ${shown(name)} is there twice.` });
    places.set(name, place);
  }
  const missing = fields.find(({ field }) => !places.has(field));
  if (missing) {
    const known = head.slice(0, 20).map(shown).join(', ');
    throw fail('bad-request', {
      reason: `There is no column ${shown(missing.field)}; the first line names ${known}${head.length > 20 ? ', …' : ''}.`,
    });
  }
  return rest.map((row) => Object.fromEntries(fields.map((own) => [own.field, cellOf(own, row[places.get(own.field)!] ?? '')])));
}

const decoder = new TextDecoder('utf-8', { fatal: true });

function textOf(body: Uint8Array): string {
  try {
    return decoder.decode(body);
  } catch (e) {
    throw fail('bad-request', { reason: 'The body is not UTF-8 text.' }, e);
  }
}

/**
 * The records in a body, by its content type: JSON (unless told), `text/csv`, `text/plain` (one value; JSON where the model takes more than one text), `image/*`.
 * Errors: `bad-request`.
 */
export async function readRecords(
  body: Uint8Array,
  contentType: string,
  steps: Preprocessing,
): Promise<readonly PredictRecord[]> {
  const { fields } = steps;
  const type = contentType.split(';')[0]!.trim().toLowerCase();
  if (body.length === 0) throw fail('bad-request', { reason: 'The body is empty; send a record as JSON.' });
  if (type.startsWith('image/') || type === 'application/octet-stream') return [{ [only(fields, ['bytes'], 'an image')]: body }];
  // fetch() calls every text so, JSON too: only where a text can be a record is it one.
  const isOneText = fields.length === 1 && fields[0]!.kind === 'text';
  if (type === 'text/plain' && (isOneText || !/^\s*[[{]/.test(textOf(body)))) {
    const name = only(fields, ['text', 'scalar', 'number'], 'one text');
    const own = fields.find(({ kind }) => kind !== 'text') ?? fields[0]!;
    // Files and terminals end a line that is meant to be one value.
    return [{ [name]: own.kind === 'text' ? textOf(body) : cellOf(own, textOf(body).replace(/\r?\n$/, '')) }];
  }
  if (type === 'text/csv') return recordsOfCsv(textOf(body), fields);
  return recordsOfJson(await readJson(textOf(body)), fields);
}
