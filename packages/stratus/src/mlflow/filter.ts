import { nearest } from '@stratus/core';
import { type Word, wordsOf } from './filter-words.ts';
import { invalid } from './problem.ts';

// clause { AND clause }
// clause: name comparison value | name [NOT] IN ( string { , string } ) | name IS [NOT] NULL

export type Kind = 'attribute' | 'metric' | 'param' | 'tag' | 'dataset';
export type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>=' | 'LIKE' | 'ILIKE' | 'IN' | 'NOT IN' | 'IS NULL' | 'IS NOT NULL';

/** What is looked at. */
export interface Subject {
  readonly kind: Kind;
  readonly key: string;
}

/** One condition of a filter; all of them have to hold. */
export interface Clause extends Subject {
  readonly is: Comparison;
  /** Nothing for IS NULL. */
  readonly value: number | string | readonly string[] | undefined;
}

/** What may be searched for, in one kind of search. */
export interface Vocabulary {
  readonly kinds: readonly Kind[];
  /** Attributes, and whether they are texts or numbers. */
  readonly attributes: Readonly<Record<string, 'text' | 'number'>>;
  /** Other names for attributes. */
  readonly synonyms?: Readonly<Record<string, string>>;
}

const kinds: Readonly<Record<string, Kind>> = {
  attribute: 'attribute',
  attributes: 'attribute',
  attr: 'attribute',
  run: 'attribute',
  metric: 'metric',
  metrics: 'metric',
  param: 'param',
  params: 'param',
  parameter: 'param',
  parameters: 'param',
  tag: 'tag',
  tags: 'tag',
  dataset: 'dataset',
  datasets: 'dataset',
}; // prettier-ignore

const numeric: readonly Comparison[] = ['=', '!=', '<', '<=', '>', '>='];
const textual: readonly Comparison[] = ['=', '!=', 'LIKE', 'ILIKE', 'IN', 'NOT IN'];
const optional: readonly Comparison[] = ['=', '!=', 'LIKE', 'ILIKE', 'IS NULL', 'IS NOT NULL'];
const datasetKeys = ['name', 'digest', 'context'];

const quotedList = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(', ');

/** What a name means. Errors: INVALID_PARAMETER_VALUE. */
export function subjectOf(name: string, { kinds: allowed, attributes, synonyms = {} }: Vocabulary): Subject {
  const dot = name.indexOf('.');
  const [first, rest] = dot < 0 ? ['attribute', name] : [name.slice(0, dot), name.slice(dot + 1)];
  const kind = Object.hasOwn(kinds, first) ? kinds[first]! : undefined;
  if (kind === undefined || !allowed.includes(kind))
    throw invalid(`Invalid entity type '${first}'. Valid values are ${quotedList(allowed)}.`);
  const key = kind === 'attribute' && Object.hasOwn(synonyms, rest) ? synonyms[rest]! : rest;
  const known = kind === 'attribute' ? Object.keys(attributes) : kind === 'dataset' ? datasetKeys : undefined;
  if (key === '' || (known && !known.includes(key))) {
    const similar = nearest(key, known ?? []);
    throw invalid(
      `Invalid ${kind} key '${key}'.${similar ? ` Did you mean '${similar}'?` : ''}${known ? ` Valid keys are ${quotedList(known)}.` : ''}`,
    );
  }
  return { kind, key };
}

class Reader {
  readonly #words: readonly Word[];
  readonly #end: number;
  #next = 0;

  constructor(filter: string) {
    this.#words = wordsOf(filter);
    this.#end = filter.length;
  }

  get isDone(): boolean {
    return this.#next >= this.#words.length;
  }

  take(): Word | undefined {
    return this.#words[this.#next++];
  }

  /** Takes a word in capitals or small letters, or a sign, if it comes next. */
  took(word: string): boolean {
    const next = this.#words[this.#next];
    const isIt = next !== undefined && next.is !== 'string' && next.is !== 'number' && next.text.toUpperCase() === word;
    if (isIt) this.#next++;
    return isIt;
  }

  /** What stands where something else should. */
  wrong(word: Word | undefined, want: string): Error {
    const got = word === undefined ? 'it ends' : `there is '${word.text.slice(0, 60)}'`;
    return invalid(`Invalid filter: at character ${(word?.at ?? this.#end) + 1} ${got}, but ${want} was expected.`);
  }
}

function comparisonOf(reader: Reader): Comparison {
  for (const word of ['=', '!=', '<=', '>=', '<', '>', 'LIKE', 'ILIKE', 'IN'] as const) if (reader.took(word)) return word;
  if (reader.took('NOT')) {
    if (reader.took('IN')) return 'NOT IN';
    throw reader.wrong(reader.take(), 'IN');
  }
  if (reader.took('IS')) {
    const isNot = reader.took('NOT');
    if (reader.took('NULL')) return isNot ? 'IS NOT NULL' : 'IS NULL';
    throw reader.wrong(reader.take(), 'NULL');
  }
  throw reader.wrong(reader.take(), 'a comparison (=, !=, <, <=, >, >=, LIKE, ILIKE, IN, NOT IN, IS NULL, IS NOT NULL)');
}

const stringOf = (reader: Reader): string => {
  const word = reader.take();
  if (word?.is === 'string' && word.quote !== '`') return word.text;
  throw reader.wrong(word, "a text in quotes ('…')");
};

function textsOf(reader: Reader): string[] {
  if (!reader.took('(')) throw reader.wrong(reader.take(), "a list ('…', '…')");
  const found = [stringOf(reader)];
  while (reader.took(',')) {
    if (reader.took(')')) return found; // ('a',) as Python writes it
    found.push(stringOf(reader));
  }
  if (!reader.took(')')) throw reader.wrong(reader.take(), "',' or ')'");
  return found;
}

function clauseOf(reader: Reader, vocabulary: Vocabulary): Clause {
  const word = reader.take();
  const isName = word?.is === 'name' || (word?.is === 'string' && word.quote !== "'"); // `run name`
  if (!isName) throw reader.wrong(word, "a name such as metrics.loss, params.kind or tags.'a b'");
  const subject = subjectOf(word.text, vocabulary);
  const is = comparisonOf(reader);
  const isNumber = subject.kind === 'metric' || (subject.kind === 'attribute' && vocabulary.attributes[subject.key] === 'number');
  const allowed = isNumber ? numeric : subject.kind === 'param' || subject.kind === 'tag' ? optional : textual;
  if (!allowed.includes(is))
    throw invalid(`Invalid comparator '${is}' for ${subject.kind} '${subject.key}': not one of ${quotedList(allowed)}.`);
  if (is === 'IS NULL' || is === 'IS NOT NULL') return { ...subject, is, value: undefined };
  if (is === 'IN' || is === 'NOT IN') return { ...subject, is, value: textsOf(reader) };
  if (!isNumber) return { ...subject, is, value: stringOf(reader) };
  const value = reader.take();
  if (value?.is !== 'number') throw reader.wrong(value, `a number for ${subject.kind} '${subject.key}'`);
  return { ...subject, is, value: Number(value.text) };
}

/** The clauses of a filter, which all have to hold. Errors: INVALID_PARAMETER_VALUE with the place. */
export function parseFilter(filter: string | null | undefined, vocabulary: Vocabulary): Clause[] {
  const reader = new Reader(filter ?? '');
  const clauses: Clause[] = [];
  if (reader.isDone) return clauses;
  for (;;) {
    clauses.push(clauseOf(reader, vocabulary));
    if (reader.isDone) return clauses;
    if (!reader.took('AND')) throw reader.wrong(reader.take(), 'AND (this language has no OR and no brackets: search twice)');
  }
}

/** One of `order_by`: 'metrics.loss DESC'. Errors: INVALID_PARAMETER_VALUE. */
export function parseOrder(order: string, vocabulary: Vocabulary): Subject & { readonly isAscending: boolean } {
  const reader = new Reader(order);
  const word = reader.take();
  if (word === undefined || (word.is !== 'name' && word.is !== 'string')) throw reader.wrong(word, 'a name to sort by');
  const subject = subjectOf(word.text, vocabulary);
  const isDescending = reader.took('DESC');
  if (!isDescending) reader.took('ASC');
  if (!reader.isDone) throw reader.wrong(reader.take(), 'ASC or DESC');
  return { ...subject, isAscending: !isDescending };
}
