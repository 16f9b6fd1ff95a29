// What serving adds to a model: the time of an answer over HTTP, asked by one client of another process, less the time of the bare run.
import { join } from 'node:path';
import { DataPlane, dense, deploy, input, openServable, sequential, tensor } from 'stratus';
import type { Result, Run } from '../result.ts';
import { child } from '../shared/child.ts';
import { keep } from '../shared/keep.ts';
import { quick } from '../shared/quick.ts';
import { quantile } from '../shared/statistics.ts';

const [warmUp, count, rounds] = quick ? [200, 500, 1] : [2000, 5000, 3];
const features = 784;

export const run: Run = async (context) => {
  const { root, log, signal } = context;
  const net = sequential(
    [
      input({ shape: [features], name: 'x' }),
      dense({ units: 512, activation: 'relu' }),
      dense({ units: 256, activation: 'relu' }),
      dense({ units: 10, activation: 'softmax', name: 'y' }),
    ],
    { name: 'mnist' },
  );
  const bytes = await net.toBytes();
  const server = await deploy(bytes, { port: 0, name: 'mnist', stopOn: [] });
  const bare = await openServable(bytes, { name: 'bare' });
  const plane = new DataPlane([await openServable(bytes, { name: 'plane' })]);
  const x = tensor(new Float32Array(features).map((_, i) => ((i * 37) % 97) / 97)).reshape([1, features]);
  const times = { bare: [] as number[], plane: [] as number[], binary: [] as number[], json: [] as number[] };
  const timed = async (ask: () => Promise<unknown>, to: number[]): Promise<void> => {
    for (let i = 0; i < warmUp + count; i++) {
      const start = performance.now();
      await ask();
      if (i >= warmUp) to.push(performance.now() - start);
      if (i % 100 === 0) await new Promise(setImmediate);
    }
  };
  const overHttp = async (type: 'binary' | 'json'): Promise<void> => {
    const args = [server.port, '/v2/models/mnist/infer', features * 4, warmUp, count, type].map(String);
    times[type].push(...(await child<{ times: number[] }>(join(root, 'bench/peers/ask-binary.mjs'), args, signal)).times);
  };
  for (let round = 0; round < rounds; round++) {
    await timed(() => bare.infer({ x }), times.bare);
    await timed(() => plane.compute('plane', { x }), times.plane);
    await overHttp('binary');
    await overHttp('json');
    log(`round ${round + 1} of ${rounds}`);
  }
  await Promise.all([server.stop(), bare.release(), plane.release()]);
  const at = (list: readonly number[], share: number): number => quantile(list, share);
  const all = Object.entries(times).map(
    ([name, list]) => `${name} ${at(list, 0.5).toFixed(3)} / ${at(list, 0.99).toFixed(3)} ms`,
  );
  const over = (name: 'binary' | 'json', share: number, target: number): Result => ({
    name: `MNIST MLP over HTTP less the bare run, ${name === 'json' ? 'JSON' : 'binary tensors'}, p${share * 100}`,
    reached: at(times[name], share) - at(times.bare, share === 0.99 ? 0.5 : share),
    target,
    better: 'lower',
    unit: 'ms',
    detail: `one client of another process, ${rounds * count} answers; p50 / p99: ${all.join(', ')}`,
  });
  return keep(context, 'serve-overhead', {
    results: [over('binary', 0.5, 0.3), over('binary', 0.99, 2), over('json', 0.5, 1)],
    milliseconds: Object.fromEntries(
      Object.entries(times).map(([name, list]) => [name, { p50: at(list, 0.5), p99: at(list, 0.99) }]),
    ),
  });
};
