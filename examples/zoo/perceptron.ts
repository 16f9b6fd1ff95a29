// One layer and nothing else: a perceptron with as many outputs as classes on iris and on 8 by 8 digits, and linear regression, whose
// best weights are known from the normal equations.
import { adam, dense, digits, input, iris, type Model, type ModelOptions, sequential, type Tabular, Tensor } from 'stratus';
import { runAsScript, type TrainOptions } from './script.ts';

/** What can be changed, besides what every example has. */
export interface PerceptronOptions extends TrainOptions {
  readonly data?: { readonly iris: Tabular; readonly digits: Tabular } | undefined;
  readonly epochs?: number;
  readonly batchSize?: number;
  readonly learningRate?: number;
}

/** The model: `width` numbers to the probabilities of the classes. */
export const buildPerceptron = (width: number, classes: number, options: ModelOptions = {}): Model =>
  sequential([input({ shape: [width] }), dense({ units: classes, activation: 'softmax' })], { name: 'perceptron', ...options });

/** The model of linear regression: `width` numbers to their weighted sum. */
export const buildRegression = (width: number, options: ModelOptions = {}): Model =>
  sequential([input({ shape: [width] }), dense({ units: 1, name: 'sum' })], { name: 'regression', ...options });

interface Settings extends Pick<TrainOptions, 'verbose' | 'signal'> {
  readonly seed: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
}

/** Rows in the order of `shuffle(0)`, features brought to mean 0 and deviation 1 by the mean and deviation of the first four fifths. */
function standardised({ data }: Tabular) {
  const { features, label } = data.shuffle(0);
  const [rows, width] = features.shape as [number, number];
  const cut = Math.floor(rows * 0.8);
  const scaled = new Float32Array(features.data);
  for (let j = 0; j < width; j++) {
    let [sum, squares] = [0, 0];
    for (let i = 0; i < cut; i++) {
      sum += scaled[i * width + j]!;
      squares += scaled[i * width + j]! ** 2;
    }
    const mean = sum / cut;
    const deviation = Math.sqrt(squares / cut - mean ** 2) || 1; // a pixel that never has ink
    for (let i = 0; i < rows; i++) scaled[i * width + j] = (scaled[i * width + j]! - mean) / deviation;
  }
  const part = (from: number, to: number) => ({
    x: new Tensor('float32', [to - from, width], scaled.slice(from * width, to * width)),
    y: new Tensor('uint8', [to - from], label.data.slice(from, to)),
  });
  return { train: part(0, cut), test: part(cut, rows) };
}

/** Trains on four fifths of a table and gives the accuracy on the last fifth. */
async function classify(table: Tabular, { seed, epochs, batchSize, learningRate, verbose, signal }: Settings): Promise<number> {
  const { train, test } = standardised(table);
  const model = buildPerceptron(train.x.shape[1]!, table.classes.length, { seed });
  model.compile({ optimizer: adam({ learningRate }), loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
  await model.fit(train.x, train.y, { epochs, batchSize, verbose: verbose ? 'auto' : 0, signal });
  const { accuracy } = await model.evaluate(test.x, test.y, { signal });
  await model.release();
  return accuracy as number;
}

/** 200 made-up rows `[5]`, and a weighted sum of each with noise. */
function madeUp() {
  const [rows, width] = [200, 5];
  const x = Float32Array.from({ length: rows * width }, (_, i) => Math.sin(12.9898 * (i + 1)) + Math.cos(4.1414 * i * i));
  const y = Float32Array.from({ length: rows }, (_, i) => {
    const row = x.subarray(i * width, (i + 1) * width);
    return row.reduce((sum, v, j) => sum + (j - 1.5) * v, 0.7 + 0.1 * Math.sin(78.233 * i));
  });
  return { rows, width, x, y };
}

/** The weights with the least squares, the bias last: solves X'X w = X'y by Gauss's elimination. */
function closedForm({ rows, width, x, y }: ReturnType<typeof madeUp>): number[] {
  const n = width + 1;
  const row = (i: number): number[] => [...x.subarray(i * width, (i + 1) * width), 1];
  const m = Array.from({ length: n }, () => new Array<number>(n + 1).fill(0));
  for (let i = 0; i < rows; i++) {
    const v = [...row(i), y[i]!];
    for (let a = 0; a < n; a++) for (let b = 0; b <= n; b++) m[a]![b]! += v[a]! * v[b]!;
  }
  for (let a = 0; a < n; a++)
    for (let b = 0; b < n; b++) {
      if (a === b) continue;
      const factor = m[b]![a]! / m[a]![a]!;
      for (let c = a; c <= n; c++) m[b]![c]! -= factor * m[a]![c]!;
    }
  return m.map((equation, a) => equation[n]! / equation[a]!);
}

/** Trains on all rows, and gives the largest difference of a weight from the closed form. */
async function regress({ seed, verbose, signal }: Settings, epochs: number): Promise<number> {
  const data = madeUp();
  const model = buildRegression(data.width, { seed });
  model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
  const x = new Tensor('float32', [data.rows, data.width], data.x);
  const y = new Tensor('float32', [data.rows, 1], data.y);
  await model.fit(x, y, { epochs, batchSize: data.rows, shuffle: false, verbose: verbose ? 'auto' : 0, signal });
  const weights = await model.getWeights();
  await model.release();
  const learnt = [...(weights['sum/kernel']!.data as Float32Array), ...(weights['sum/bias']!.data as Float32Array)];
  return Math.max(...closedForm(data).map((weight, i) => Math.abs(weight - learnt[i]!)));
}

/** Accuracies on the last fifth of each table, and how far the regression is from its closed form. */
export async function train({
  data,
  seed = 0,
  quick = false,
  verbose = false,
  signal,
  epochs = quick ? 2 : 60,
  batchSize = 16,
  learningRate = 0.02,
}: PerceptronOptions = {}) {
  const tables = data ?? { iris: await iris({ signal }), digits: await digits({ signal }) };
  const settings = { seed, epochs, batchSize, learningRate, verbose, signal };
  return {
    iris: await classify(tables.iris, settings),
    digits: await classify(tables.digits, { ...settings, learningRate: learningRate / 10 }),
    weightError: await regress(settings, quick ? 5 : 1500),
  };
}

await runAsScript(import.meta, train);
