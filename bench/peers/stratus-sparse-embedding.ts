// A training step with a dense and with a sparse table, in turns. Arguments: threads, rows, width, samples, ids a sample, optimizer, rounds,
// steps a round. One line of JSON: milliseconds of a step by the clock and of processor time, by way and round, and how many rows a batch reads.
import { createExecutor, dense, embedding, globalAveragePooling1d, input, sequential, tensor } from '@stratus/core';

const [threads = '1', rows = '0', width = '0', samples = '0', steps = '0', optimizer = 'sgd', rounds = '7', count = '5'] =
  process.argv.slice(2);
const [size, batch, length] = [Number(rows), Number(samples), Number(steps)];

/** Ids of a text: the rank of a word is distributed as words are (Zipf), and their rows lie anywhere. */
let seed = 1;
const uniform = (): number => {
  seed = (seed * 48271) % 2147483647;
  return seed / 2147483647;
};
const batches = Array.from({ length: 8 }, () =>
  tensor(Int32Array.from({ length: batch * length }, () => (Math.floor(size ** uniform()) * 7919) % size)).reshape([
    batch,
    length,
  ]),
);
const y = tensor(Int32Array.from({ length: batch }, (_, i) => i % 2));

const executor = await createExecutor({ threads: Number(threads) });
const ways = [true, false].map((sparse) => {
  const model = sequential(
    [
      input({ shape: [length], dtype: 'int32' }),
      embedding({ inputDim: size, outputDim: Number(width), sparse }),
      globalAveragePooling1d(),
      dense({ units: 2, activation: 'softmax' }),
    ],
    { seed: 1, executor },
  );
  model.compile({ optimizer: optimizer as 'sgd', loss: 'sparseCategoricalCrossentropy' });
  return { way: sparse ? 'sparse' : 'dense', model, ms: [] as number[], cpuMs: [] as number[] };
});
for (let round = -1; round < Number(rounds); round++)
  for (const { model, ms, cpuMs } of ways) {
    const [before, start] = [process.cpuUsage(), performance.now()];
    for (let i = 0; i < Number(count); i++) await model.trainOnBatch(batches[(i + 8 * Number(count) + round) % 8]!, y);
    const { user, system } = process.cpuUsage(before);
    if (round < 0) continue;
    ms.push((performance.now() - start) / Number(count));
    cpuMs.push((user + system) / 1000 / Number(count));
  }
const read = batches.map(({ data }) => new Set(data as Int32Array).size);
process.stdout.write(`${JSON.stringify({ read, ways: ways.map(({ way, ms, cpuMs }) => ({ way, ms, cpuMs })) })}\n`);
process.exit(0);
