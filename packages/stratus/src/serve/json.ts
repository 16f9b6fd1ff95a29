import { fail } from '@stratus/core';
import { giveTurn } from './give-turn.ts';
import type { InferResponse, RequestParameters, ResponseOutput } from './protocol.ts';

/** Shorter texts are parsed at once: about a millisecond. Also the size of the pieces of longer ones. */
const piece = 65536;
const deepest = 32;
/** An inference request has a handful; a body of nothing but objects would take many times its size in memory. */
const mostObjects = 10_000;

/** A whole number that a double may not hold. In a text there may be one that only looks so; that does no harm. */
const longInteger = /(?:^|[[,:\s])-?\d{16,}(?:[\]},\s]|$)/;

const broken = (reason: string, cause?: unknown) =>
  fail('bad-request', { reason: `The body is not valid JSON: ${reason}.` }, cause);

const native = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (e) {
    throw broken((e as Error).message, e);
  }
};

/** A number, exactly: whole ones that no double holds as bigint, as far as any datatype has so many digits. */
const exactNumber = (token: string): number | bigint => {
  const value = native(token) as number;
  return !Number.isSafeInteger(value) && /^\s*-?\d{1,20}\s*$/.test(token) ? BigInt(token) : value;
};

/** How JSON is read. */
export interface JsonReading {
  /** Takes NaN, Infinity and -Infinity, which are no JSON, as numbers: TensorFlow Serving has them. */
  readonly nonFinite?: boolean;
}

const words: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
};
const anyWord = /NaN|Infinity/;

/** A word as a text, which nothing else is where it is used. */
const quotedWord = (token: string): string => (Object.hasOwn(words, token) ? `"${token}"` : token);

/** The numbers of such texts, in nested lists too. */
const numberOfWord = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(numberOfWord);
  return typeof value === 'string' ? words[value] : value;
};

/**
 * JSON as values: whole numbers beyond 2^53 as bigint, all else as `JSON.parse` has it. Long texts are read in pieces, so that the
 * event loop turns.
 *
 * Errors: `bad-request`, also for more than 32 levels or 10,000 objects in a long text.
 */
export async function readJson(text: string, { nonFinite = false }: JsonReading = {}): Promise<unknown> {
  const isPlain = text.length <= piece && !longInteger.test(text) && !(nonFinite && anyWord.test(text));
  return isPlain ? native(text) : new JsonReader(text, nonFinite).read();
}

interface OpenList {
  readonly list: unknown[];
}
interface OpenObject {
  readonly object: Record<string, unknown>;
  key: string;
}

class JsonReader {
  readonly #text: string;
  readonly #nonFinite: boolean;
  #at = 0;
  #objects = 0;
  #whole: unknown;
  /** What is not closed yet, outermost first. */
  readonly #open: (OpenList | OpenObject)[] = [];

  constructor(text: string, nonFinite: boolean) {
    this.#text = text;
    this.#nonFinite = nonFinite;
  }

  async read(): Promise<unknown> {
    let turnedAt = 0;
    for (let steps = 1; ; steps++) {
      if (steps % 1024 === 0 || this.#at - turnedAt > piece) {
        await giveTurn();
        turnedAt = this.#at;
      }
      const parent = this.#open.at(-1);
      if (parent && 'list' in parent && this.#takeMany(parent.list)) {
        await giveTurn();
        if (this.#text[this.#at - 1] === ',') continue;
        this.#at--; // the end of the list
        if (this.#close(parent)) return this.#whole;
        continue;
      }
      const first = this.#peek();
      let value: unknown;
      if (first === '{' || first === '[') {
        this.#at++;
        if (this.#begin(first)) continue;
        value = first === '{' ? {} : [];
      } else {
        value = this.#scalar(first);
      }
      if (this.#place(value)) return this.#whole;
    }
  }

  /** Begins an object or a list; false when it is empty, and then it is over. */
  #begin(mark: '{' | '['): boolean {
    if (this.#open.length >= deepest) throw this.#tooDeep();
    if (mark === '{' && ++this.#objects > mostObjects) throw broken(`it has more than ${mostObjects} objects`);
    if (this.#peek() === (mark === '{' ? '}' : ']')) {
      this.#at++;
      return false;
    }
    this.#open.push(mark === '{' ? { object: {}, key: this.#key() } : { list: [] });
    return true;
  }

  /** Puts a value where it belongs, and goes on to the next; true when all is over. */
  #place(value: unknown): boolean {
    const parent = this.#open.at(-1);
    if (!parent) {
      if (this.#peek() !== '') throw broken(`something follows its end at position ${this.#at}`);
      this.#whole = value;
      return true;
    }
    if ('list' in parent) parent.list.push(value);
    else Object.defineProperty(parent.object, parent.key, { value, writable: true, enumerable: true, configurable: true });
    return this.#close(parent);
  }

  /** Goes past the mark behind a value; true when all is over. */
  #close(parent: OpenList | OpenObject): boolean {
    const isList = 'list' in parent;
    const mark = this.#peek();
    if (mark === ',') {
      this.#at++;
      if (!isList) parent.key = this.#key();
      return false;
    }
    if (mark !== (isList ? ']' : '}')) throw this.#unexpected(mark, isList ? "',' or ']'" : "',' or '}'");
    this.#at++;
    this.#open.pop();
    return this.#place(isList ? parent.list : parent.object);
  }

  #tooDeep() {
    return broken(`it nests deeper than ${deepest} levels`);
  }

  #unexpected(found: string, wanted: string) {
    return broken(`expected ${wanted} at position ${this.#at}, got ${found === '' ? 'the end' : `'${found}'`}`);
  }

  /** The next character that is not white space, and goes there; '' at the end. */
  #peek(): string {
    for (; this.#at < this.#text.length; this.#at++) {
      const c = this.#text[this.#at]!;
      if (c !== ' ' && c !== '\n' && c !== '\r' && c !== '\t') return c;
    }
    return '';
  }

  #key(): string {
    const first = this.#peek();
    if (first !== '"') throw this.#unexpected(first, 'a name in quotes');
    const key = this.#string();
    const colon = this.#peek();
    if (colon !== ':') throw this.#unexpected(colon, "':'");
    this.#at++;
    return key;
  }

  #scalar(first: string): unknown {
    if (first === '"') return this.#string();
    const pattern = /[\w.+-]+/y;
    pattern.lastIndex = this.#at;
    const token = pattern.exec(this.#text)?.[0];
    if (token === undefined) throw this.#unexpected(first, 'a value');
    this.#at += token.length;
    if (this.#nonFinite && Object.hasOwn(words, token)) return words[token];
    return /^-?\d{16,}$/.test(token) ? exactNumber(token) : native(token);
  }

  #string(): string {
    const start = this.#at;
    for (let end = this.#text.indexOf('"', start + 1); end !== -1; end = this.#text.indexOf('"', end + 1)) {
      let slashes = 0;
      while (this.#text[end - 1 - slashes] === '\\') slashes++;
      if (slashes % 2 === 1) continue;
      this.#at = end + 1;
      return native(this.#text.slice(start, end + 1)) as string;
    }
    throw broken(`the text at position ${start} does not end`);
  }

  /**
   * Takes as many elements of a list at once as stand in the next piece, if they hold nothing but numbers and lists, and goes past
   * the mark behind them. False when there are none, or when they have to be taken one by one.
   */
  #takeMany(list: unknown[]): boolean {
    const text = this.#text;
    const last = Math.min(text.length, this.#at + piece);
    let depth = 0;
    let end = -1;
    let isFlat = true;
    for (let at = this.#at; at < last; at++) {
      const c = text.charCodeAt(at);
      if (c === quote || c === brace) break;
      if (c === comma && depth === 0) end = at;
      else if (c === bracket) {
        isFlat = false;
        if (++depth + this.#open.length > deepest) throw this.#tooDeep();
      } else if (c === endBracket && --depth < 0) {
        end = at;
        break;
      }
    }
    if (end === -1) return false;
    const part = text.slice(this.#at, end);
    const isExact = !longInteger.test(part);
    if (!isExact && !isFlat) return false;
    const hasWords = this.#nonFinite && anyWord.test(part);
    const read = native(`[${hasWords ? part.replaceAll(/[\w.+-]+/g, quotedWord) : part}]`) as unknown[];
    const values = hasWords ? read.map(numberOfWord) : read;
    if (values.length === 0) throw broken(`a value is missing at position ${end}`);
    if (isExact) for (const value of values) list.push(value);
    else
      for (const [i, token] of part.split(',').entries())
        list.push(typeof values[i] === 'number' ? exactNumber(token) : values[i]);
    this.#at = end + 1;
    return true;
  }
}

const [quote, brace, bracket, endBracket, comma] = ['"', '{', '[', ']', ','].map((c) => c.charCodeAt(0));

/** A response; an output without data has its numbers behind the text. */
export type WrittenResponse = Omit<InferResponse, 'outputs'> & {
  readonly outputs: readonly (Omit<ResponseOutput, 'data'> & {
    readonly data?: ResponseOutput['data'];
    readonly parameters?: RequestParameters;
  })[];
};

/** A response as JSON text, made in pieces, so that the event loop turns. Whole numbers are written exactly. */
export async function writeResponse({ outputs, ...head }: WrittenResponse): Promise<string> {
  const parts: string[] = [];
  for (const { data, ...about } of outputs) {
    const before = parts.length > 0 ? ',' : '';
    if (data === undefined) {
      parts.push(before + JSON.stringify(about));
      continue;
    }
    parts.push(`${before}${JSON.stringify(about).slice(0, -1)},"data":[`);
    for (let start = 0; start < data.length; start += piece / 8) {
      const part = data.slice(start, start + piece / 8);
      const plain = part.some((x) => typeof x === 'bigint')
        ? part.map((x) => (typeof x === 'bigint' ? x : JSON.stringify(x))).join(',')
        : JSON.stringify(part).slice(1, -1);
      parts.push(start > 0 ? `,${plain}` : plain);
      await giveTurn();
    }
    parts.push(']}');
  }
  const { parameters, ...rest } = head;
  const texts = Object.entries(parameters ?? {}).map(
    ([key, x]) => `${JSON.stringify(key)}:${typeof x === 'bigint' ? x : JSON.stringify(x)}`,
  );
  const start = JSON.stringify(rest).slice(0, -1);
  return `${start}${texts.length > 0 ? `,"parameters":{${texts.join(',')}}` : ''},"outputs":[${parts.join('')}]}`;
}
