// Where the time of a training step of the zoo goes: `node --import ./tools/typescript-loader.mjs bench/profile-model.ts cifar-cnn [threads] [steps]`,
// built. The models are those of bench/shared/step-models.ts.
import { createExecutor, lookUp } from '@stratus/core';
import { kernels, printKernels } from './shared/kernels.ts';
import { recorder } from './shared/recorder.ts';
import { median } from './shared/statistics.ts';
import { stepModels } from './shared/step-models.ts';

const [name = '', threads = '1', steps = '10'] = process.argv.slice(2);
const { stepModel } = await lookUp('model', stepModels, name)();
const record = recorder(await createExecutor({ threads: Number(threads), driver: 'capi' }));
const data = stepModel.data();
const model = stepModel.build(record.executor, data);
const { x, y } = stepModel.feeds(data);
const rows = <T extends object>(set: T): T =>
  'rows' in set && typeof set.rows === 'function'
    ? (set.rows(0, stepModel.batchSize) as T)
    : (Object.fromEntries(Object.entries(set).map(([key, part]) => [key, rows(part as object)])) as T);
await model.trainOnBatch(rows(x), rows(y));
const { program, feeds, options } = record.last();
const times: number[] = [];
for (let i = 0; i < Number(steps); i++) {
  const start = performance.now();
  await program.run(feeds, options);
  times.push(performance.now() - start);
}
console.log(`${stepModel.title}: ${median(times).toFixed(2)} ms a step, ${threads} thread${threads === '1' ? '' : 's'}`);
printKernels(await kernels(record.last(), { steps: Number(steps) }));
await model.release();
process.exit(0);
