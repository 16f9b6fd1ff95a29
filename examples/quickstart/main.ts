// From nothing to a served prediction: train on MNIST, save one ONNX file, serve it, ask it over HTTP.
import { dense, deploy, flatten, input, load, mnist, rescaling, sequential, sgd } from 'stratus';

const file = 'tmp/quickstart.onnx';

const { train, test } = await mnist();
const model = sequential([
  input({ shape: [28, 28], dtype: 'uint8', name: 'image' }),
  rescaling({ scale: 1 / 255 }),
  flatten(),
  dense({ units: 128, activation: 'relu' }),
  dense({ units: 128, activation: 'relu' }),
  dense({ units: 10, activation: 'softmax', name: 'digit' }),
]);
console.log(model.summary());

model.compile({
  optimizer: sgd({ learningRate: 0.01, momentum: 0.9 }),
  loss: 'sparseCategoricalCrossentropy',
  metrics: ['accuracy'],
});
await model.fit(train.image, train.label, { batchSize: 128, epochs: 10, validationData: [test.image, test.label] });
const { accuracy } = await model.evaluate(test.image, test.label);
await model.save(file, { labels: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'] });

const server = await deploy(await load(file), { host: '127.0.0.1', port: 0, name: 'mnist' });
const image = test.image.rows(0, 1);
const response = await fetch(`${server.url}/v2/models/mnist/infer`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ inputs: [{ name: 'image', shape: image.shape, datatype: 'UINT8', data: [...image.data] }] }),
});
const answer = (await response.json()) as { outputs: [{ data: number[] }] };
const scores = answer.outputs[0].data;
console.log(`The first test image is a ${test.label.data[0]}; the server says ${scores.indexOf(Math.max(...scores))}.`);
console.log(`Try: curl ${server.url}/v2/models/mnist`);
console.log(`quickstart: ok accuracy=${(accuracy as number).toFixed(4)} url=${server.url}`);

if (process.env['CI'] === 'true') await server.stop();
