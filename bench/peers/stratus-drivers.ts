// A training step with each driver of ONNX Runtime, in turns. Arguments: threads, name of the model, rounds, steps a round. One line of JSON:
// milliseconds a step by the clock and of processor time, by driver and round.
import { createExecutor, type Executor, tensor } from '@stratus/core';
import { batchSize, mlp, sizes } from '../shared/mlp.ts';
import { type StepModelName, stepModels } from '../shared/step-models.ts';
import { type Subject, timedSteps } from '../shared/timed-steps.ts';

const [threads = '1', name = '', rounds = '7', steps = '10'] = process.argv.slice(2);

/** What is trained: the MLP on numbers, or a model that is compared with its peers. */
async function subjects(): Promise<(executor: Executor) => Promise<Subject>> {
  if (name !== 'mlp') {
    const { stepModel } = await stepModels[name as StepModelName]();
    const data = stepModel.data();
    const { batchSize } = stepModel;
    return async (executor) => ({ model: stepModel.build(executor, data), ...stepModel.feeds(data), batchSize });
  }
  const rows = 32 * batchSize;
  const [features, , , classes] = sizes;
  const numbers = Float32Array.from({ length: rows * features }, (_, i) => Math.abs(Math.sin(i)));
  const x = tensor(numbers, { shape: [rows, features] });
  const y = tensor(Int32Array.from({ length: rows }, (_, i) => (i * 7) % classes));
  return async (executor) => ({ model: mlp({ executor }), x, y, batchSize });
}

const make = await subjects();
const ways = [
  { way: 'capi', options: { driver: 'capi' } },
  { way: 'capi, without kernels of our own', options: { driver: 'capi', kernels: false } },
  { way: 'binding', options: { driver: 'binding' } },
] as const;
const running = await Promise.all(
  ways.map(async ({ way, options }) => {
    const executor = await createExecutor({ threads: Number(threads), ...options });
    const timing = timedSteps(executor, make);
    return { way, timing, ms: [] as number[], cpuMs: [] as number[] };
  }),
);
for (let round = -1; round < Number(rounds); round++)
  for (const { timing, ms, cpuMs } of running) {
    const before = process.cpuUsage();
    const timed = await timing.run({ variant: 'fit', count: Number(steps) });
    const { user, system } = process.cpuUsage(before);
    if (round < 0) continue;
    ms.push(timed.ms / timed.steps);
    cpuMs.push((user + system) / 1000 / timed.steps);
  }
process.stdout.write(`${JSON.stringify(running.map(({ way, ms, cpuMs }) => ({ way, ms, cpuMs })))}\n`);
process.exit(0);
