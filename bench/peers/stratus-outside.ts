// The share of a step that is not in a kernel. Arguments: threads, name of the model, rounds, steps a round. One line of JSON.
// fit's steps and the same step under ONNX Runtime's profiler take turns; what a kernel takes is the profiler's word.
import { createExecutor } from '@stratus/core';
import { kernels } from '../shared/kernels.ts';
import { recorder } from '../shared/recorder.ts';
import { type StepModelName, stepModels } from '../shared/step-models.ts';
import { timedSteps } from '../shared/timed-steps.ts';

const [threads = '1', name = '', rounds = '3', steps = '2'] = process.argv.slice(2);
const { stepModel } = await stepModels[name as StepModelName]();
// Without kernels of our own: the same model runs in onnxruntime-node's session, which has none.
const executor = await createExecutor({ threads: Number(threads), kernels: false });
const record = recorder(executor);
const data = stepModel.data();
const timing = timedSteps(record.executor, async (recorded) => ({
  model: stepModel.build(recorded, data),
  ...stepModel.feeds(data),
  batchSize: stepModel.batchSize,
}));
const count = Number(steps);
await timing.run({ variant: 'fit', count });
const [fit, inside]: [number[], number[]] = [[], []];
for (let round = 0; round < Number(rounds); round++) {
  const { ms, steps: made } = await timing.run({ variant: 'fit', count });
  const { inside: us } = await kernels(record.last(), { threads: Number(threads), steps: count + 1 });
  fit.push(ms / made);
  inside.push(us / 1000);
}
process.stdout.write(`${JSON.stringify({ fit, inside })}\n`);
process.exit(0);
