// The share of a step that is not in a kernel. Arguments: threads, name of the model, rounds, steps a round. One line of JSON.
// How long fit's steps were inside of the engine is counted around the engine's call, in the very same steps. How much of that is in no kernel
// is the word of the engine's profiler about the same step.
import { createExecutor } from '@stratus/core';
import { kernels } from '../shared/kernels.ts';
import { recorder } from '../shared/recorder.ts';
import { type StepModelName, stepModels } from '../shared/step-models.ts';
import { timedSteps } from '../shared/timed-steps.ts';

const [threads = '1', name = '', rounds = '3', steps = '2'] = process.argv.slice(2);
const { stepModel } = await stepModels[name as StepModelName]();
const record = recorder(await createExecutor({ threads: Number(threads) }));
const data = stepModel.data();
const timing = timedSteps(record.executor, async (recorded) => ({
  model: stepModel.build(recorded, data),
  ...stepModel.feeds(data),
  batchSize: stepModel.batchSize,
}));
const count = Number(steps);
await timing.run({ variant: 'fit', count });
const engineMs = (): number => record.last().program.engineMs ?? Number.NaN;
const [fit, engine]: [number[], number[]] = [[], []];
for (let round = 0; round < Number(rounds); round++) {
  const before = engineMs();
  const { ms, steps: made } = await timing.run({ variant: 'fit', count });
  fit.push(ms / made);
  engine.push((engineMs() - before) / made);
}
const { inside, step } = await kernels(record.last(), { steps: count });
process.stdout.write(`${JSON.stringify({ fit, engine, profiled: { run: step / 1000, inside: inside / 1000 } })}\n`);
process.exit(0);
