import type { Template } from './template.ts';

const train = `// Trains a network on handwritten digits: npm run train
import { adam, dense, dropout, flatten, input, mnist, rescaling, sequential } from 'stratus';

const { train, test } = await mnist();

const model = sequential([
  input({ shape: [28, 28], dtype: 'uint8', name: 'image' }),
  rescaling({ scale: 1 / 255 }),
  flatten(),
  dense({ units: 128, activation: 'relu' }),
  dropout({ rate: 0.2 }),
  dense({ units: 10, activation: 'softmax', name: 'digit' }),
]);
model.compile({ optimizer: adam(), loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });

await model.fit(train.image, train.label, {
  epochs: 5,
  batchSize: 128,
  validationData: [test.image, test.label],
});

await model.save('model.onnx', { labels: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'] });
console.log('Saved model.onnx. Next: npm run predict, or npm run deploy');
`;

/** Handwritten digits: the smallest whole example. */
export const digits: Template = {
  about: 'handwritten digits (MNIST), with a network of dense layers',
  purpose: 'A network that reads handwritten digits',
  train,
  scripts: {
    evaluate: 'stratus evaluate model.onnx --data mnist',
    predict: 'stratus predict model.onnx --data mnist --index 0',
  },
  commands: [
    ['npm run evaluate', 'measures `model.onnx` on the test digits'],
    ['npm run predict', 'asks it for one of them'],
  ],
};
