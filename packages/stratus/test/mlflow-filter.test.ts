import { StratusError } from '@stratus/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Clause, parseFilter, parseOrder, type Vocabulary } from '../src/mlflow/filter.ts';
import { holds, isLike, sortedBy } from '../src/mlflow/filter-match.ts';
import { Problem } from '../src/mlflow/problem.ts';

const vocabulary: Vocabulary = {
  kinds: ['attribute', 'metric', 'param', 'tag', 'dataset'],
  attributes: { status: 'text', start_time: 'number' },
  synonyms: { created: 'start_time' },
};

const key = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
const value = fc.string({ unit: 'binary', maxLength: 20 }).filter((s) => !/\p{Cs}/u.test(s));
const number = fc.double({ noNaN: true, noDefaultInfinity: true });
const comparison = fc.constantFrom('=', '!=', '<', '<=', '>', '>=');
const like = fc.constantFrom('=', '!=', 'LIKE', 'ILIKE');

const clause = fc.oneof(
  fc.record({ kind: fc.constant('metric'), key, is: comparison, value: number }),
  fc.record({ kind: fc.constantFrom('param', 'tag'), key, is: like, value }),
  fc.record({
    kind: fc.constantFrom('param', 'tag'),
    key,
    is: fc.constantFrom('IS NULL', 'IS NOT NULL'),
    value: fc.constant(undefined),
  }),
  fc.record({
    kind: fc.constant('attribute'),
    key: fc.constant('status'),
    is: fc.constantFrom('IN', 'NOT IN'),
    value: fc.array(value, { minLength: 1, maxLength: 4 }),
  }),
  fc.record({ kind: fc.constant('attribute'), key: fc.constant('start_time'), is: comparison, value: fc.integer() }),
  fc.record({ kind: fc.constant('dataset'), key: fc.constantFrom('name', 'digest', 'context'), is: like, value }),
) as fc.Arbitrary<Clause>;

const quoted = (text: string, quote: string): string => `${quote}${text.replaceAll(quote, quote + quote)}${quote}`;

/** A filter as people write it: any quotes, any case, any spaces. */
function written(
  { kind, key, is, value }: Clause,
  style: { readonly key: string; readonly text: string; readonly space: string; readonly isLower: boolean },
): string {
  const name =
    kind === 'attribute' || kind === 'dataset'
      ? kind === 'dataset'
        ? `dataset.${key}`
        : key
      : `${kind}s.${quoted(key, style.key)}`;
  const text = (one: unknown): string => (typeof one === 'number' ? String(one) : quoted(one as string, style.text));
  const word = style.isLower ? is.toLowerCase() : is;
  const shown = value === undefined ? '' : Array.isArray(value) ? `(${value.map(text).join(' ,')})` : text(value);
  return [name, word, shown].join(style.space).trim();
}

const style = fc.record({
  key: fc.constantFrom('"', '`'),
  text: fc.constantFrom("'", '"'),
  space: fc.constantFrom(' ', '  ', '\n\t'),
  isLower: fc.boolean(),
});

describe('filters', () => {
  it('mean what was written, whatever the names, texts, quotes and spaces', () => {
    fc.assert(
      fc.property(fc.array(clause, { maxLength: 5 }), style, (clauses, how) => {
        const filter = clauses.map((one) => written(one, how)).join(how.isLower ? ' and ' : ' AND ');
        expect(parseFilter(filter, vocabulary)).toEqual(
          clauses.map((one) => (Object.is(one.value, -0) ? { ...one, value: 0 } : one)), // it is written '0'
        );
      }),
      { numRuns: 300 },
    );
  });

  it('of any text are parsed or refused with a reason, never anything else', () => {
    const word = fc.constantFrom(
      'metrics.a',
      'params.`b`',
      'AND',
      'OR',
      '<',
      '=',
      'LIKE',
      'IN',
      'NOT',
      'IS',
      'NULL',
      '(',
      ')',
      ',',
      "'x'",
      '"',
      "'",
      '1',
      '-2.5e3',
      '.',
      'status',
      '\\',
      ';',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(word, { maxLength: 12 }).map((words) => words.join(' ')),
    );
    fc.assert(
      fc.property(text, (filter) => {
        for (const parse of [parseFilter, parseOrder] as const)
          try {
            parse(filter, vocabulary);
          } catch (e) {
            expect(e).toBeInstanceOf(Problem);
            expect((e as Problem).code).toBe('INVALID_PARAMETER_VALUE');
            expect((e as Problem).message.length).toBeGreaterThan(10);
            expect(StratusError.is(e)).toBe(false);
          }
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['metrics.loss < 1 OR metrics.b = 2', 'at character 18', 'has no OR'],
    ["params.a = 'x", 'a quote', 'character 12'],
    ['metrics.a LIKE 1', "Invalid comparator 'LIKE'", "'<='"],
    ["statu = 'x'", "Did you mean 'status'", "'start_time'"],
    ["things.a = 'x'", "Invalid entity type 'things'", "'metric'"],
    ['metrics.a =', 'it ends', 'a number'],
    ['status IN ()', 'there is', 'a text in quotes'],
    ['metrics.a = 1 metrics.b = 2', 'AND', 'metrics.b'],
  ])('%s is refused, and it is said where and why', (filter, ...parts) => {
    let message = '';
    try {
      parseFilter(filter, vocabulary);
    } catch (e) {
      message = (e as Error).message;
    }
    for (const part of parts) expect(message).toContain(part);
  });

  it('take the names that MLflow takes', () => {
    expect(
      parseFilter("params.a.b-c/d:e = 'x' AND created > 5 AND parameter.x = \"it's\" AND `status` = 'it''s'", vocabulary),
    ).toEqual([
      { kind: 'param', key: 'a.b-c/d:e', is: '=', value: 'x' },
      { kind: 'attribute', key: 'start_time', is: '>', value: 5 },
      { kind: 'param', key: 'x', is: '=', value: "it's" },
      { kind: 'attribute', key: 'status', is: '=', value: "it's" },
    ]);
    expect(parseOrder('metrics.`a b` desc', vocabulary)).toEqual({ kind: 'metric', key: 'a b', isAscending: false });
    expect(parseOrder('start_time', vocabulary)).toEqual({ kind: 'attribute', key: 'start_time', isAscending: true });
  });
});

describe('LIKE', () => {
  it('is what a pattern of % and _ means', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '.', '\n', '🐋', '%', '_'), maxLength: 8 });
    const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    fc.assert(
      fc.property(letters, letters, (text, pattern) => {
        const source = [...pattern].map((c) => (c === '%' ? '.*' : c === '_' ? '.' : escaped(c))).join('');
        expect(isLike(text, pattern)).toBe(new RegExp(`^${source}$`, 'su').test(text));
      }),
      { numRuns: 2000 },
    );
  });

  it('takes no time with patterns that make others hang', () => {
    const began = performance.now();
    expect(isLike('a'.repeat(5000), `${'%a'.repeat(500)}b`)).toBe(false);
    expect(performance.now() - began).toBeLessThan(2000);
  });

  it('of what is not there is only IS NULL', () => {
    const all = ['=', '!=', 'LIKE', 'ILIKE', 'IS NULL', 'IS NOT NULL'] as const;
    const met = all.filter((is) => holds({ kind: 'tag', key: 'a', is, value: 'x' }, undefined));
    expect(met).toEqual(['IS NULL']);
    expect(holds({ kind: 'tag', key: 'a', is: 'ILIKE', value: 'GRÖ%' }, 'größe')).toBe(true);
  });

  it('is no part of sorting: what is not there, and NaN, comes last whichever way', () => {
    const of = (item: { v?: number }) => item.v;
    const items = [{ v: 2 }, {}, { v: Number.NaN }, { v: 1 }];
    expect(sortedBy(items, [{ of, isAscending: true }]).map(of)).toEqual([1, 2, undefined, Number.NaN]);
    expect(sortedBy(items, [{ of, isAscending: false }]).map(of)).toEqual([2, 1, undefined, Number.NaN]);
  });
});
