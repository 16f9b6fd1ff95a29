import { randomNumbers, type Template } from './template.ts';

const train = `// Trains on texts with labels: npm run train, or npm run train -- -- yours.jsonl text-field label-field
import { adam, dense, dropout, earlyStopping, embedding, globalAveragePooling1d, jsonl, preprocessing, sequential, steps } from 'stratus';

const [file = 'reviews.jsonl', text = 'text', label = 'label'] = process.argv.slice(2);
const records = jsonl<Record<string, unknown>>(file); // or csv(file), parquet(file)

const [training, test] = records.split([0.8, 0.2], { seed: 1, stratify: label });
const prep = await preprocessing({
  features: { [text]: [steps.cleanText(), steps.tokenize({ numWords: 20_000, oovToken: '<unknown>' }), steps.pad({ maxLength: 200 })] },
  target: { [label]: [steps.classes()] },
}).fit(training);

const words = prep.inputs.input!.size!;
const model = sequential([
  prep.input(),
  embedding({ inputDim: words, outputDim: 32, maskZero: true }),
  globalAveragePooling1d(),
  dense({ units: 32, activation: 'relu' }),
  dropout({ rate: 0.3 }),
  dense({ units: prep.labels()!.length, activation: 'softmax', name: 'prediction' }),
]).preprocess(prep);
model.compile({ optimizer: adam({ learningRate: 0.005 }), loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });

await model.fit(training.shuffle(1), {
  epochs: 15,
  batchSize: 32,
  validationData: test,
  callbacks: [earlyStopping({ patience: 3, restoreBestWeights: true })],
});

await model.save('model.onnx');
console.log('Saved model.onnx: it takes texts as they are. Next: npm run predict, or npm run deploy');
`;

/** What people say about films, put together from a few words. */
function reviews(): string {
  const random = randomNumbers(11);
  const pick = (list: readonly string[]): string => list[Math.floor(random() * list.length)]!;
  const things = ['film', 'plot', 'cast', 'music', 'ending', 'story', 'dialogue', 'camera work'];
  const openings = ['I think', 'Honestly,', 'We all agreed:', 'After two hours:', 'In the end'];
  const words = {
    good: ['wonderful', 'moving', 'brilliant', 'funny', 'fresh', 'great', 'a joy'],
    bad: ['dull', 'awful', 'boring', 'clumsy', 'a mess', 'too long', 'forgettable'],
  } as const;
  const lines = Array.from({ length: 400 }, (_, i) => {
    const label = i % 2 === 0 ? 'good' : 'bad';
    const other = label === 'good' ? 'bad' : 'good';
    const text =
      `${pick(openings)} the ${pick(things)} is ${pick(words[label])} and the ${pick(things)} is ${pick(words[label])}` +
      (random() < 0.3 ? `, though the ${pick(things)} is ${pick(words[other])}.` : '.');
    return JSON.stringify({ text, label });
  });
  return `${lines.join('\n')}\n`;
}

/** Texts with labels. */
export const text: Template = {
  about: 'texts with labels (JSONL): which kind of text it is',
  purpose: 'A network that tells what kind of text it reads',
  train,
  scripts: {
    evaluate: 'stratus evaluate model.onnx --data reviews.jsonl',
    predict: "stratus predict model.onnx 'The plot is brilliant and the music is moving.'",
  },
  commands: [
    ['npm run train -- -- yours.jsonl text label', 'trains on your texts, lines of JSON with the fields `text` and `label`'],
    ['npm run evaluate', 'measures `model.onnx` on a file of texts'],
    ['npm run predict', 'asks it about one text'],
  ],
  own: '`reviews.jsonl` is made up, to begin with. Name your own file in its place; nothing else has to change.',
  data: async () => [['reviews.jsonl', reviews()]],
};
