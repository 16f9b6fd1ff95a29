// The mission's CNN on CIFAR-10: as accurate as PyTorch with the same settings, in the same run; else as TensorFlow was.
import { cifar10 } from 'stratus';
import { train } from '../../examples/zoo/cifar-cnn.ts';
import type { Result, Run } from '../result.ts';
import { overSeeds, row } from '../shared/over-seeds.ts';
import { trainPeer } from '../shared/peer-training.ts';
import { median } from '../shared/statistics.ts';

const seeds = [1, 2, 3];
/** TensorFlow 2.21 with these settings: what counts where no peer is installed. */
const recorded = [0.641, 0.67];

export const run: Run = async (context) => {
  const data = await cifar10({ signal: context.signal });
  const runs = await overSeeds((options) => train({ ...options, data }), seeds, context);
  const { train: learn, test } = data;
  const arrays = { x: learn.image, y: learn.label, testX: test.image, testY: test.label };
  const peer = await trainPeer(context, { model: 'cifar-cnn', arrays, seeds, epochs: 10 });
  const own = row(runs, { name: 'cifar-cnn: test accuracy', figure: 'accuracy', target: 0.65, detail: '10 epochs' });
  const theirs = peer?.accuracies ?? recorded;
  // Better than the peer is no miss, so that the difference counts in one direction only.
  const behind: Result = {
    name: `cifar-cnn: behind ${peer?.name ?? 'TensorFlow 2.21 as recorded'}`,
    reached: Math.max(0, median(theirs) - own.reached),
    target: 0.015,
    better: 'lower',
    unit: 'accuracy',
    detail: `medians; theirs: ${theirs.map((accuracy) => accuracy.toFixed(4)).join(' ')}`,
  };
  return [own, behind];
};
