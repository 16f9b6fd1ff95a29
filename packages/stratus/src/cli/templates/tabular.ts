import { randomNumbers, type Template } from './template.ts';

const train = `// Trains on a table: npm run train, or npm run train -- -- yours.csv its-target-column
import { adam, csv, dense, dropout, earlyStopping, preprocessing, sequential, suggestSteps } from 'stratus';

const [file = 'flowers.csv', wanted] = process.argv.slice(2);
const records = csv(file); // or tsv(file), parquet(file), jsonl(file)

// What each column is, and so what is done to it. Change what you know better: { ...plan.features, age: [steps.bins()] }.
const plan = await suggestSteps(records, { target: wanted });
for (const [column, reason] of Object.entries(plan.reasons)) console.log(\`\${column}: \${reason}\`);

const [target] = Object.keys(plan.target) as [string];
const isClass = plan.task === 'classification';
const [training, test] = records.split([0.8, 0.2], { seed: 1, ...(isClass && { stratify: target }) });
const prep = await preprocessing(plan).fit(training);

const model = sequential([
  prep.input(),
  dense({ units: 64, activation: 'relu' }),
  dropout({ rate: 0.2 }),
  dense({ units: 32, activation: 'relu' }),
  isClass ? dense({ units: prep.labels()!.length, activation: 'softmax', name: 'prediction' }) : dense({ units: 1, name: 'prediction' }),
]).preprocess(prep);
model.compile({
  optimizer: adam(),
  loss: isClass ? 'sparseCategoricalCrossentropy' : 'meanSquaredError',
  metrics: [isClass ? 'accuracy' : 'meanAbsoluteError'],
});

await model.fit(training.shuffle(1), {
  epochs: 40,
  batchSize: 32,
  validationData: test,
  callbacks: [earlyStopping({ patience: 8, restoreBestWeights: true })],
});

await model.save('model.onnx');
console.log('Saved model.onnx: it takes records as they are in the file. Next: npm run predict, or npm run deploy');
`;

/** Three kinds of flowers by their measures, a few of them missing. */
function flowers(): string {
  const random = randomNumbers(7);
  const bell = (): number => random() + random() + random() - 1.5;
  const kinds = [
    ['daisy', 2.1, 1.2, ['white', 'yellow']],
    ['tulip', 5.8, 3.4, ['red', 'yellow', 'white']],
    ['iris', 4.6, 5.1, ['blue', 'white']],
  ] as const;
  const rows = Array.from({ length: 240 }, (_, i) => {
    const [kind, length, width, colours] = kinds[i % 3]!;
    const month = 3 + Math.floor(random() * 5);
    const day = 1 + Math.floor(random() * 28);
    const petal = random() < 0.05 ? '' : (length + bell()).toFixed(1);
    const colour = colours[Math.floor(random() * colours.length)]!;
    return [petal, (width + bell()).toFixed(1), colour, `2026-0${month}-${String(day).padStart(2, '0')}`, kind].join(',');
  });
  return `petal_length,petal_width,colour,found,kind\n${rows.join('\n')}\n`;
}

/** A table in a file. */
export const tabular: Template = {
  about: 'a table (CSV, Parquet, JSONL): classes or numbers from columns',
  purpose: 'A network that tells a column of a table from the others',
  train,
  scripts: {
    evaluate: 'stratus evaluate model.onnx --data flowers.csv',
    predict: `stratus predict model.onnx --input '{"petal_length":5.5,"petal_width":3.1,"colour":"red","found":"2026-04-02"}'`,
  },
  commands: [
    ['npm run train -- -- yours.csv price', 'trains on your table, to tell the column `price` (the last one unless told)'],
    ['npm run evaluate', 'measures `model.onnx` on a file of records'],
    ['npm run predict', 'asks it about one record'],
  ],
  own: '`flowers.csv` is made up, to begin with. Name your own file in its place; nothing else has to change.',
  data: async () => [['flowers.csv', flowers()]],
};
