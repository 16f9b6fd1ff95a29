// A fresh process: how long it takes to import Stratus and make the first training step of the MLP. Milliseconds as JSON.
const clock = { start: performance.now() };
const { dense, input, sequential, sgd, tensor } = await import('stratus');
clock.imported = performance.now();
const model = sequential([
  input({ shape: [784] }),
  dense({ units: 128, activation: 'relu' }),
  dense({ units: 128, activation: 'relu' }),
  dense({ units: 10, activation: 'softmax' }),
]).compile({ optimizer: sgd({ learningRate: 0.01, momentum: 0.9 }), loss: 'sparseCategoricalCrossentropy' });
const x = tensor(new Float32Array(128 * 784), { shape: [128, 784] });
const y = tensor(new Int32Array(128));
clock.built = performance.now();
await model.trainOnBatch(x, y);
clock.trained = performance.now();
const { start, imported, built, trained } = clock;
console.log(
  JSON.stringify({
    node: start,
    import: imported - start,
    build: built - imported,
    step: trained - built,
    total: trained - start,
  }),
);
process.exit(0);
