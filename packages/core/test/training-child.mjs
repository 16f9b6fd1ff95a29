// A process that trains when it is told to. A line of standard input is what to do for how long, `train 400` or `rest 400`; the answer, a line of
// JSON, is how many steps it made and how much processor time it took. Run by two-trainings.test.ts, as plain JavaScript.
import { createInterface } from 'node:readline';
import { createExecutor, dense, input, sequential, sgd, tensor } from '../dist/node.js';

const executor = await createExecutor({ threads: Number(process.argv[2]) });
const model = sequential([input({ shape: [256] }), dense({ units: 512, activation: 'relu' }), dense({ units: 10 })], {
  executor,
}).compile({
  optimizer: sgd({ learningRate: 0.01, momentum: 0.9 }),
  loss: 'meanSquaredError',
});
const x = tensor(
  Float32Array.from({ length: 256 * 256 }, (_, i) => Math.sin(i)),
  { shape: [256, 256] },
);
const y = tensor(new Float32Array(256 * 10), { shape: [256, 10] });
await model.trainOnBatch(x, y);
console.log('{}');

for await (const line of createInterface({ input: process.stdin })) {
  const [what, ms] = line.split(' ');
  const before = process.cpuUsage();
  const start = performance.now();
  let steps = 0;
  if (what === 'rest') await new Promise((resolve) => setTimeout(resolve, Number(ms)));
  else for (; performance.now() - start < Number(ms); steps++) await model.trainOnBatch(x, y);
  const { user, system } = process.cpuUsage(before);
  console.log(JSON.stringify({ steps, took: performance.now() - start, cpu: (user + system) / 1000 }));
}
