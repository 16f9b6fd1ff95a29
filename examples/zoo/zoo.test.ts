import { describe, expect, it } from 'vitest';
import { type Figures, optionsOf, show, type TrainOptions } from './script.ts';
import {
  dataFolder,
  exampleNames,
  givenTo,
  someCifar,
  someFashion,
  someGraph,
  someReviews,
  someSentences,
  someTables,
  someText,
} from './test-data.ts';

interface Example {
  train(options: TrainOptions): Promise<Figures>;
}
const load = async (name: string): Promise<Example> =>
  (await import(/* @vite-ignore */ new URL(`./${name}.ts`, import.meta.url).href)) as Example;

describe('the zoo', () => {
  it.each(exampleNames)('%s trains for a few steps', async (name) => {
    const { train } = await load(name);
    const figures = await train({ quick: true, seed: 1, ...(await givenTo[name]?.()) });
    expect(Object.keys(figures).length).toBeGreaterThan(0);
    for (const [figure, value] of Object.entries(figures))
      expect(typeof value === 'string' ? value.length > 0 : Number.isFinite(value), `${figure} is ${value}`).toBe(true);
  });

  it.each(exampleNames)('%s stops when it is told to', async (name) => {
    const { train } = await load(name);
    const stopped = train({ quick: true, signal: AbortSignal.abort(), ...(await givenTo[name]?.()) });
    await expect(stopped).rejects.toMatchObject({ code: 'aborted' });
  });
});

describe(`test data, ${dataFolder === undefined ? 'stand-ins' : 'of STRATUS_DATA'}`, () => {
  it('pictures', async () => {
    const { train, test } = await someCifar();
    expect([train.image.shape, test.image.shape, test.label.shape]).toEqual([[600, 32, 32, 3], [200, 32, 32, 3], [200]]);
    expect(new Set(train.label.data).size).toBe(10);
    expect((await someFashion()).test.image.shape).toEqual([1000, 28, 28]);
  });

  it('texts of two classes', async () => {
    const { train, test } = await someReviews();
    expect([train.length >= 250, test.length >= 60, (await someSentences()).length >= 250]).toEqual([true, true, true]);
    for (const { label, text } of [train, test]) {
      expect([...new Set(label.data)].sort()).toEqual([0, 1]);
      expect(text.data.every((t) => t.length > 10)).toBe(true);
    }
    expect((await someText()).length).toBeGreaterThan(20_000);
  });

  it('a graph', async () => {
    const { features, labels, edges, train, validation, test } = await someGraph();
    const nodes = labels.size;
    expect(features.shape[0]).toBe(nodes);
    expect(Math.max(...edges.data)).toBeLessThan(nodes);
    expect(edges.shape[1]).toBeGreaterThan(nodes);
    expect(new Set([...train, ...validation, ...test]).size).toBe(train.length + validation.length + test.length);
  });

  it('tables', async () => {
    const { iris, digits } = await someTables();
    expect([iris.data.features.shape, digits.data.features.shape[1]]).toEqual([[150, 4], 64]);
    expect([new Set(iris.data.label.data).size, new Set(digits.data.label.data).size]).toEqual([3, 10]);
    expect(Math.max(...digits.data.features.data)).toBeLessThanOrEqual(16);
  });
});

describe('script', () => {
  it('reads options', () => {
    expect(optionsOf([])).toEqual({});
    expect(optionsOf(['--seed', '3', '--batch-size=64', '--quick', '--learningRate', '1e-3', '--json'])).toEqual({
      seed: 3,
      batchSize: 64,
      quick: true,
      learningRate: 1e-3,
      json: true,
    });
    for (const wrong of [['5'], ['--seed', 'x'], ['--seed='], ['--seed', '1', '2'], ['-q'], ['--']])
      expect(() => optionsOf(wrong)).toThrow(RangeError);
  });

  it('shows figures', () => {
    expect(show({ accuracy: 2 / 3, text: 'a\nb' }, false)).toBe('accuracy: 0.666667\ntext:\na\nb');
    expect(show({ accuracy: 0.5 }, true)).toBe('{"accuracy":0.5}');
  });
});
