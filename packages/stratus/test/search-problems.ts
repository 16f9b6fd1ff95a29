// Functions whose least values are known; golden/tpe.py has the same ones for Optuna.
import { choice, int, logUniform, type Parameters, type Space, uniform, when } from '../src/search/index.ts';

export interface Problem {
  readonly space: Space;
  f(parameters: Parameters): number;
}

/** Least value 0.397887. */
export const branin: Problem = {
  space: { x: uniform(-5, 10), y: uniform(0, 15) },
  f(p) {
    const [x, y] = [p['x'] as number, p['y'] as number];
    return (
      (y - (5.1 / (4 * Math.PI ** 2)) * x * x + (5 / Math.PI) * x - 6) ** 2 + 10 * (1 - 1 / (8 * Math.PI)) * Math.cos(x) + 10
    );
  },
};

const a = [
  [10, 3, 17, 3.5, 1.7, 8],
  [0.05, 10, 17, 0.1, 8, 14],
  [3, 3.5, 1.7, 10, 17, 8],
  [17, 8, 0.05, 10, 0.1, 14],
];
const p = [
  [1312, 1696, 5569, 124, 8283, 5886],
  [2329, 4135, 8307, 3736, 1004, 9991],
  [2348, 1451, 3522, 2883, 3047, 6650],
  [4047, 8828, 8732, 5743, 1091, 381],
];
const alpha = [1, 1.2, 3, 3.2];
const six = [0, 1, 2, 3, 4, 5];

/** Least value -3.32237. */
export const hartmann6: Problem = {
  space: Object.fromEntries(six.map((i) => [`x${i}`, uniform(0, 1)])),
  f: (q) =>
    -alpha.reduce(
      (sum, w, row) =>
        sum + w * Math.exp(-six.reduce((s, i) => s + a[row]![i]! * ((q[`x${i}`] as number) - 1e-4 * p[row]![i]!) ** 2, 0)),
      0,
    ),
};

/** A training, simplified: optimizers with good learning rates of their own, one with a momentum. Least value 0. */
export const mixed: Problem = {
  space: {
    optimizer: choice('adam', 'sgd', 'rmsprop'),
    learningRate: logUniform(1e-5, 1),
    units: int(8, 512, { log: true }),
    momentum: when({ optimizer: 'sgd' }, uniform(0, 1)),
  },
  f({ optimizer, learningRate, units, momentum }) {
    const rate = Math.log10(learningRate as number);
    const loss = 0.1 * (Math.log2(units as number) - 7) ** 2;
    if (optimizer === 'adam') return loss + (rate + 3) ** 2 + 0.05;
    if (optimizer === 'sgd') return loss + (rate + 1) ** 2 + 4 * ((momentum as number) - 0.9) ** 2;
    return loss + (rate + 3.5) ** 2 + 0.5;
  },
};
