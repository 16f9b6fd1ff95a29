// What it takes to make the session of a model's training step, with kernels of our own, beside onnxruntime-node's of the same step in ONNX's ops. Arguments: threads, name of the model, rounds. One line of JSON.
import { createExecutor, type Executor } from '@stratus/core';
import { ort, sessionOptions } from '../shared/ort.ts';
import { recorder } from '../shared/recorder.ts';
import { type StepModelName, stepModels } from '../shared/step-models.ts';
import { rowsOf } from '../shared/timed-steps.ts';

const [threads = '1', name = '', rounds = '3'] = process.argv.slice(2);
const { stepModel } = await stepModels[name as StepModelName]();
const megabytes = (): number => process.memoryUsage.rss() / 2 ** 20;

/** The model of a step as it is made for an executor, and what its session added to memory. */
async function stepFor(executor: Executor): Promise<{ readonly model: Uint8Array; readonly added: number }> {
  const compile = executor.compile.bind(executor);
  let added = 0;
  executor.compile = async (...args) => {
    const before = megabytes();
    const program = await compile(...args);
    added = megabytes() - before;
    return program;
  };
  const record = recorder(executor);
  const data = stepModel.data();
  const { x, y } = stepModel.feeds(data);
  const net = stepModel.build(record.executor, data);
  await net.trainOnBatch(rowsOf(x, stepModel.batchSize), y.rows(0, stepModel.batchSize));
  const { model } = record.last();
  executor.compile = compile;
  await net.release();
  return { model, added };
}

const executor = await createExecutor({ threads: Number(threads) });
const { model, added } = await stepFor(executor);
// The same step in ONNX's ops alone, which is all that onnxruntime-node has.
const plain = await createExecutor({ threads: Number(threads), kernels: false });
const { model: inOnnx } = await stepFor(plain);
await plain.release();
globalThis.gc?.();

const clock = async <T>(work: () => Promise<T>): Promise<[number, T]> => {
  const start = performance.now();
  const made = await work();
  return [performance.now() - start, made];
};
const samples = { own: [] as number[], raw: [] as number[] };
for (let round = 0; round < Number(rounds); round++) {
  const [own, program] = await clock(() => executor.compile(model));
  await program.release();
  const [raw, session] = await clock(() => ort.InferenceSession.create(inOnnx, sessionOptions(Number(threads))));
  await session.release();
  samples.own.push(own);
  samples.raw.push(raw);
}
process.stdout.write(`${JSON.stringify({ bytes: model.byteLength, megabytes: added, ...samples })}\n`);
process.exit(0);
