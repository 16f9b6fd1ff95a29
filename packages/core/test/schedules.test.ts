import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  cosineDecay,
  cosineDecayRestarts,
  isSchedule,
  learningRateAt,
  oneCycle,
  optimizerFromConfig,
  piecewiseConstantDecay,
  type SavedConfig,
  scheduleFromConfig,
  schedules,
  sgd,
  stepDecay,
  warmUp,
} from '../src/optim/index.ts';

interface Case extends SavedConfig {
  readonly source: string;
  readonly rates: readonly number[];
}
const { cases } = JSON.parse(readFileSync(new URL('../../../golden/schedules.json', import.meta.url), 'utf8')) as {
  cases: Case[];
};
const label = ({ type, config, source }: Case): string => `${type} ${JSON.stringify(config)} is ${source}`;

describe('schedules against PyTorch and Keras', () => {
  it.each(cases.map((c) => [label(c), c] as const))('%s', (_, { type, config, rates }) => {
    const schedule = scheduleFromConfig({ type, config });
    // PyTorch's chained forms and Keras' formulas differ from closed forms by rounding only.
    for (const [step, rate] of rates.entries())
      expect.soft(Math.abs(schedule.at(step) - rate), `step ${step}`).toBeLessThan(1e-12);
  });

  it('covers every schedule', () => {
    expect(new Set(cases.map(({ type }) => type))).toEqual(new Set(Object.keys(schedules)));
  });
});

describe('schedules as configs', () => {
  it.each(cases.map((c) => [label(c), c] as const))('%s survives JSON', (_, { type, config, rates }) => {
    const first = scheduleFromConfig({ type, config });
    const saved = JSON.parse(JSON.stringify({ type: first.type, config: first.config })) as SavedConfig;
    const second = scheduleFromConfig(saved);
    expect(second.config).toEqual(first.config);
    for (const step of rates.keys()) expect(second.at(step)).toBe(first.at(step));
  });

  it('takes part in the config of an optimizer, nested ones too', () => {
    const learningRate = warmUp({ schedule: stepDecay({ initialLearningRate: 0.4, stepSize: 5 }), steps: 3 });
    const { type, config } = sgd({ learningRate });
    const again = optimizerFromConfig(JSON.parse(JSON.stringify({ type, config })) as SavedConfig);
    expect(isSchedule(again.learningRate)).toBe(true);
    expect([0, 1, 3, 8].map((step) => learningRateAt(again, step))).toEqual([0, 1, 3, 8].map((step) => learningRate.at(step)));
  });

  it('lets own schedules in', () => {
    const own = { type: 'inverse', config: {}, at: (step: number) => 1 / (step + 1) };
    expect(learningRateAt(sgd({ learningRate: own }), 3)).toBe(0.25);
  });
});

describe('schedules past their end and at their seams', () => {
  it('stay at the last rate', () => {
    expect(oneCycle({ maxLearningRate: 0.1, totalSteps: 10 }).at(1000)).toBeCloseTo(0.1 / 25 / 1e4, 15);
    expect(cosineDecay({ initialLearningRate: 1, decaySteps: 10, alpha: 0.25 }).at(1000)).toBe(0.25);
    expect(piecewiseConstantDecay({ boundaries: [1], values: [2, 1] }).at(1000)).toBe(1);
  });

  it('are finite when a cycle has no room to rise', () => {
    for (const totalSteps of [1, 2, 3, 4])
      for (const warmupFraction of [0, 0.25, 0.5, 1]) {
        const schedule = oneCycle({ maxLearningRate: 1, totalSteps, warmupFraction });
        for (let step = 0; step <= totalSteps; step++) expect(schedule.at(step)).toSatisfy(Number.isFinite);
      }
  });

  it('restart exactly where a period ends, however long the training', () => {
    for (const tMul of [1, 1.1, 2, 3]) {
      const schedule = cosineDecayRestarts({ initialLearningRate: 1, firstDecaySteps: 10, tMul });
      let start = 0;
      for (let i = 0; i < 30; i++) {
        expect(schedule.at(start + 1e-6 * (start + 1))).toBeGreaterThan(0.99);
        start += 10 * tMul ** i;
        expect(schedule.at(start - 1e-6 * start)).toBeLessThan(0.01);
      }
    }
  });
});

describe('schedules refuse', () => {
  const refused: readonly (readonly [string, () => unknown, string, string])[] = [
    ['a negative rate', () => stepDecay({ initialLearningRate: -1, stepSize: 1 }), 'bad-value', 'initialLearningRate = -1'],
    ['half a step', () => stepDecay({ initialLearningRate: 1, stepSize: 0.5 }), 'bad-value', 'a whole number'],
    [
      'shrinking periods',
      () => cosineDecayRestarts({ initialLearningRate: 1, firstDecaySteps: 1, tMul: 0.5 }),
      'bad-value',
      'tMul',
    ],
    [
      'a warm-up to nowhere',
      () => cosineDecay({ initialLearningRate: 1, decaySteps: 1, warmupSteps: 3 }),
      'bad-value',
      'warmupTarget',
    ],
    ['too few values', () => piecewiseConstantDecay({ boundaries: [1, 2], values: [1, 2] }), 'bad-value', 'one value more'],
    ['falling boundaries', () => piecewiseConstantDecay({ boundaries: [2, 1], values: [1, 2, 3] }), 'bad-value', 'ascending'],
    [
      'an unknown shape',
      () => oneCycle({ maxLearningRate: 1, totalSteps: 9, annealStrategy: 'cosine' as 'cos' }),
      'bad-value',
      'cosine',
    ],
    ['an unknown option', () => scheduleFromConfig({ type: 'stepDecay', config: { stepsize: 1 } }), 'unknown-name', "'stepSize'"],
    ['an unknown name', () => scheduleFromConfig({ type: 'cosinedecay', config: {} }), 'unknown-name', "'cosineDecay'"],
    ['no schedule', () => warmUp({ schedule: 'cosine' as never, steps: 3 }), 'bad-value', 'a schedule or a number'],
  ];
  it.each(refused)('%s', (_, make, code, part) => {
    expect(make).toThrow(expect.objectContaining({ code, message: expect.stringContaining(part) as string }));
  });
});
