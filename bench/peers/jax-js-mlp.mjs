// The MLP in jax-js, with its WebAssembly backend. Arguments: folder with the packages, folder with the data.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const [packages, folder] = process.argv.slice(2);
const answer = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
for (const name of ['log', 'info', 'warn']) console[name] = console.error; // standard output is the channel

const at = join(packages, 'node_modules/@jax-js/jax');
const about = JSON.parse(readFileSync(join(at, 'package.json'), 'utf8'));
const { defaultDevice, init, jit, nn, numpy, valueAndGrad } = await import(
  pathToFileURL(createRequire(join(packages, 'package.json')).resolve('@jax-js/jax')).href
);
await init('wasm');
defaultDevice('wasm');

const batch = 128;
const bytesOf = (name) => {
  const { buffer, byteOffset, byteLength } = readFileSync(join(folder, name));
  return buffer.slice(byteOffset, byteOffset + byteLength);
};
const sizes = [784, 128, 128, 10];
const weights = () =>
  sizes
    .slice(1)
    .flatMap((size, i) => [
      numpy.array(new Float32Array(bytesOf(`kernel${i}.f32`))).reshape([sizes[i], size]),
      numpy.zeros([size]),
    ]);

/** An array is used up by what takes it; `.ref` keeps it for one more use. */
const lossOf = ([w0, b0, w1, b1, w2, b2], x, wanted) => {
  const first = nn.relu(numpy.dot(x, w0).add(b0));
  const second = nn.relu(numpy.dot(first, w1).add(b1));
  const scores = numpy.dot(second, w2).add(b2);
  return nn
    .logSoftmax(scores)
    .mul(wanted)
    .sum()
    .mul(-1 / batch);
};

/** SGD with a rate of 0.01 and a momentum of 0.9. */
const update = jit((parameters, slots, x, wanted) => {
  const [loss, gradients] = valueAndGrad(lossOf)(
    parameters.map((p) => p.ref),
    x,
    wanted,
  );
  const next = slots.map((slot, i) => slot.mul(0.9).add(gradients[i]));
  const moved = parameters.map((p, i) => p.sub(next[i].ref.mul(0.01)));
  return [moved, next, loss];
});

let batches;
function data() {
  if (batches) return batches;
  const x = new Float32Array(bytesOf('x.f32'));
  const y = new Int32Array(bytesOf('y.i32'));
  return (batches = Array.from({ length: 32 }, (_, i) => {
    const wanted = new Float32Array(batch * 10);
    for (let row = 0; row < batch; row++) wanted[row * 10 + y[i * batch + row]] = 1;
    return {
      x: numpy.array(x.slice(i * batch * 784, (i + 1) * batch * 784)).reshape([batch, 784]),
      wanted: numpy.array(wanted).reshape([batch, 10]),
    };
  }));
}

let state;
async function steps({ count }) {
  const all = data();
  if (!state) {
    const parameters = weights();
    state = { parameters, slots: parameters.map((p) => numpy.zeros(p.shape)), at: 0 };
  }
  let total = 0;
  const start = performance.now();
  for (let i = 0; i < count; i++) {
    const { x, wanted } = all[state.at++ % all.length];
    const [parameters, slots, loss] = update(state.parameters, state.slots, x.ref, wanted.ref);
    Object.assign(state, { parameters, slots });
    total += (await loss.data())[0];
  }
  return { ms: performance.now() - start, steps: count, loss: total / count };
}

answer({ library: 'jax-js', version: about.version, threads: 1, variants: ['jit'] });
for await (const line of createInterface({ input: process.stdin })) {
  try {
    answer(await steps(JSON.parse(line)));
  } catch (e) {
    answer({ error: String(e?.message ?? e) });
  }
}
