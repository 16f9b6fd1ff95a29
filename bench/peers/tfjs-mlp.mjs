// The MLP in TensorFlow.js, with the WebAssembly backend or plain JavaScript. Arguments: folder with the packages, folder with the data, 'wasm' or 'cpu'.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

const [packages, folder, backend = 'wasm'] = process.argv.slice(2);
const require = createRequire(join(packages, 'package.json'));
const answer = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
for (const name of ['log', 'info', 'warn']) console[name] = console.error; // standard output is the channel

const tf = require('@tensorflow/tfjs');
const wasm = require('@tensorflow/tfjs-backend-wasm');
wasm.setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}/`);
await tf.setBackend(backend);
await tf.ready();

const batch = 128;
const bytesOf = (name) => {
  const bytes = readFileSync(join(folder, name));
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
};
const sizes = [784, 128, 128, 10];
const weights = () =>
  sizes
    .slice(1)
    .flatMap((size, i) => [tf.tensor(new Float32Array(bytesOf(`kernel${i}.f32`)), [sizes[i], size]), tf.zeros([size])]);

let batches;
function data() {
  if (batches) return batches;
  const x = new Float32Array(bytesOf('x.f32'));
  const y = new Int32Array(bytesOf('y.i32'));
  return (batches = Array.from({ length: 32 }, (_, i) => ({
    x: tf.tensor2d(x.slice(i * batch * 784, (i + 1) * batch * 784), [batch, 784]),
    labels: tf.tensor1d(Float32Array.from(y.slice(i * batch, (i + 1) * batch))),
    classes: tf.tensor1d(y.slice(i * batch, (i + 1) * batch), 'int32'),
  })));
}

const variants = {
  /** The layers API, as most people write it. */
  trainOnBatch() {
    const dense = (units, activation, more = {}) => tf.layers.dense({ units, activation, ...more });
    const model = tf.sequential({
      layers: [dense(128, 'relu', { inputShape: [784] }), dense(128, 'relu'), dense(10, 'softmax')],
    });
    model.setWeights(weights());
    model.compile({ optimizer: tf.train.momentum(0.01, 0.9), loss: 'sparseCategoricalCrossentropy' });
    return ({ x, labels }) => model.trainOnBatch(x, labels);
  },
  /** A step of one's own. */
  minimize() {
    const [w0, b0, w1, b1, w2, b2] = weights().map((weight) => tf.variable(weight));
    const optimizer = tf.train.momentum(0.01, 0.9);
    const logits = (x) => x.matMul(w0).add(b0).relu().matMul(w1).add(b1).relu().matMul(w2).add(b2);
    return ({ x, classes }) => {
      const loss = optimizer.minimize(() => tf.losses.softmaxCrossEntropy(tf.oneHot(classes, 10), logits(x)), true);
      const value = loss.dataSync()[0];
      loss.dispose();
      return value;
    };
  },
};

const running = new Map();
async function steps({ variant, count }) {
  const all = data();
  if (!running.has(variant)) running.set(variant, { step: variants[variant.split(', ')[0]](), at: 0 });
  const state = running.get(variant);
  let total = 0;
  const start = performance.now();
  for (let i = 0; i < count; i++) total += await state.step(all[state.at++ % all.length]);
  return { ms: performance.now() - start, steps: count, loss: total / count };
}

if (backend === 'cpu') delete variants.trainOnBatch; // plain JavaScript takes its time: one way is enough to see that
answer({
  library: 'TensorFlow.js',
  version: tf.version.tfjs,
  threads: 1,
  variants: Object.keys(variants).map((name) => `${name}, ${backend}`),
});
for await (const line of createInterface({ input: process.stdin })) {
  try {
    answer(await steps(JSON.parse(line)));
  } catch (e) {
    answer({ error: String(e?.message ?? e) });
  }
}
