import { randomNumbers, type Template } from './template.ts';

const train = `// Trains on images in folders, one folder a class: npm run train, or npm run train -- -- yours
import {
  activation, adam, augment, batchNormalization, conv2d, dense, dropout, earlyStopping, flatten, imageFolder, maxPooling2d,
  preprocessing, randomFlip, randomTranslation, rescaling, sequential, steps,
} from 'stratus';

const [folder = 'shapes'] = process.argv.slice(2);
const size = [64, 64] as const;
const { data, classes } = await imageFolder(folder, { size });

const [training, test] = data.split([0.8, 0.2], { seed: 1 });
const prep = await preprocessing({
  features: { image: [steps.image({ size })] }, // photos come decoded from the folder; those that the model is asked about are decoded here
  target: { label: [] },
}).fit(training.take(1));

const change = augment(randomFlip({ mode: 'horizontal' }), randomTranslation({ heightFactor: 0.1, widthFactor: 0.1 }));
const augmented = training.shuffle(1).map((record, _, key) => ({ ...record, image: change(record.image, key) }));

const model = sequential([
  prep.input(),
  rescaling({ scale: 1 / 255 }),
  ...[16, 32, 64].flatMap((filters) => [
    conv2d({ filters, kernelSize: 3, padding: 'same', useBias: false }),
    batchNormalization({ momentum: 0.9 }),
    activation({ activation: 'relu' }),
    maxPooling2d({ poolSize: 2 }),
  ]),
  flatten(),
  dropout({ rate: 0.3 }),
  dense({ units: classes.length, activation: 'softmax', name: 'prediction' }),
]).preprocess(prep);
model.compile({ optimizer: adam({ learningRate: 0.001 }), loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });

await model.fit(augmented, {
  epochs: 20,
  batchSize: 32,
  validationData: test,
  callbacks: [earlyStopping({ patience: 8, restoreBestWeights: true })],
});

await model.save('model.onnx', { labels: classes });
console.log('Saved model.onnx: it takes photos as they are. Next: npm run predict, or npm run deploy');
`;

/** Shapes of any colour and size on any ground. */
async function shapes(): Promise<(readonly [string, Uint8Array])[]> {
  const { default: sharp } = await import('sharp');
  const random = randomNumbers(3);
  const colour = (lightness: number): string =>
    `hsl(${Math.floor(random() * 360)} ${40 + Math.floor(random() * 60)}% ${lightness + Math.floor(random() * 15)}%)`;
  `hsl(${Math.floor(random() * 360)} ${40 + Math.floor(random() * 60)}% ${25 + Math.floor(random() * 50)}%)`;
  const drawings: Readonly<Record<string, (x: number, y: number, r: number, fill: string) => string>> = {
    circle: (x, y, r, fill) => `<circle cx="${x}" cy="${y}" r="${r}" fill="${fill}"/>`,
    square: (x, y, r, fill) => `<rect x="${x - r}" y="${y - r}" width="${2 * r}" height="${2 * r}" fill="${fill}"/>`,
    triangle: (x, y, r, fill) => `<path d="M${x} ${y - r}l${r} ${2 * r}h${-2 * r}z" fill="${fill}"/>`,
  };
  const made: Promise<readonly [string, Uint8Array]>[] = [];
  for (const [name, draw] of Object.entries(drawings))
    for (let i = 0; i < 60; i++) {
      const [x, y, r] = [35 + random() * 26, 35 + random() * 26, 14 + random() * 14].map(Math.round) as [number, number, number];
      const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="96" height="96"><rect width="96" height="96" fill="${colour(80)}"/>${draw(x, y, r, colour(25))}</svg>`;
      made.push(
        sharp(Buffer.from(svg))
          .png()
          .toBuffer()
          .then((bytes) => [`shapes/${name}/${i}.png`, bytes] as const),
      );
    }
  return Promise.all(made);
}

/** Images in folders. */
export const image: Template = {
  about: 'images in folders, one folder a class: which class a photo is of',
  purpose: 'A network that tells what a photo shows',
  train,
  scripts: { predict: 'stratus predict model.onnx @shapes/circle/0.png' },
  commands: [
    ['npm run train -- -- yours', 'trains on your photos: `yours/cat/1.jpg`, `yours/dog/2.jpg`, …'],
    ['npm run predict', 'asks it about one photo'],
  ],
  own: '`shapes` is drawn, to begin with. Name your own folder in its place; nothing else has to change.',
  data: shapes,
};
