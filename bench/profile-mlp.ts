// Where the time of a training step goes: `node --import ./tools/typescript-loader.mjs bench/profile-mlp.ts [threads] [shuffle]`, built.
// Kernels as ONNX Runtime's own profiler sees them, and what lies around them as four clocks see it, from the outside in.
import { type Callback, createExecutor, tensor } from '@stratus/core';
import { kernels, printKernels, table } from './shared/kernels.ts';
import { batchSize, mlp, sizes } from './shared/mlp.ts';
import { recorder } from './shared/recorder.ts';
import { median } from './shared/statistics.ts';

const threads = Number(process.argv[2] ?? 1);
const shuffle = process.argv[3] === 'shuffle';
const rounds = 15;
const steps = 128;

const record = recorder(await createExecutor({ threads, driver: 'capi' }));
const model = mlp({ executor: record.executor });
const [features, , , classes] = sizes;
const x = tensor(
  Float32Array.from({ length: steps * batchSize * features }, (_, i) => Math.abs(Math.sin(i))),
  { shape: [steps * batchSize, features] },
);
const y = tensor(Int32Array.from({ length: steps * batchSize }, (_, i) => (i * 7) % classes));

/** Microseconds a step, by round. */
const clocks = { fit: [] as number[], fitNative: [] as number[], step: [] as number[], stepNative: [] as number[] };
/** Milliseconds that the step's program has spent in the engine since the last call. */
let taken = 0;
const take = (): number => {
  const { engineMs = Number.NaN } = record.last().program;
  const since = engineMs - taken;
  taken = engineMs;
  return since;
};
for (let round = -2; round < rounds; round++) {
  let [start, end] = [0, 0];
  const clock: Callback = {
    onTrainBegin: () => void (start = performance.now()),
    onTrainEnd: () => void (end = performance.now()),
  };
  await model.fit(x, y, { batchSize, shuffle, callbacks: [clock], verbose: 0 });
  const fit = [end - start, take()] as const;
  const { program, feeds, options } = record.last();
  start = performance.now();
  for (let i = 0; i < steps; i++) await program.run(feeds, options);
  const step = [performance.now() - start, take()] as const;
  if (round < 0) continue;
  for (const [name, ms] of [
    ['fit', fit[0]],
    ['fitNative', fit[1]],
    ['step', step[0]],
    ['stepNative', step[1]],
  ] as const)
    clocks[name].push((1000 * ms) / steps);
}
const [fit, fitNative, step, stepNative] = [clocks.fit, clocks.fitNative, clocks.step, clocks.stepNative].map(median) as [
  number,
  number,
  number,
  number,
];
console.log(
  `${threads} thread${threads === 1 ? '' : 's'}; ${rounds} rounds of ${steps} steps; ${record.last().program.inputs.length} inputs, ${record.last().program.outputs.length} outputs`,
);
table(
  'Clocks, from the outside in',
  [
    ['fit', fit],
    ['of which in ONNX Runtime: new data for each step', fitNative],
    ['the step alone (program.run): the same batch again', step],
    ['of which in ONNX Runtime', stepNative],
    ['host: fit less ONNX Runtime', fit - fitNative],
    ['host: the step alone less ONNX Runtime', step - stepNative],
  ],
  fit,
);
printKernels(await kernels(record.last(), { steps: 500 }));
await model.release();
process.exit(0);
