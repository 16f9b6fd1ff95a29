// The mission's two LSTM layers on IMDB. With Adam and early stopping it has a target; with the mission's own SGD it learns next to nothing
// in ten epochs, here as in PyTorch, and what both reach is reported.
import { imdb } from 'stratus';
import { train } from '../../examples/zoo/imdb-lstm.ts';
import { reviews } from '../../examples/zoo/shared/reviews.ts';
import type { Run } from '../result.ts';
import { overSeeds, row } from '../shared/over-seeds.ts';
import { trainPeer } from '../shared/peer-training.ts';

const epochs = 10;

export const run: Run = async (context) => {
  const data = await imdb({ signal: context.signal });
  const runs = await overSeeds((options) => train({ ...options, data }), [1, 2, 3], context);
  const [plain] = await overSeeds((options) => train({ ...options, data, sgd: true, epochs, patience: epochs }), [1], context);
  const { prep, learn, test } = await reviews({ data }, { vocabulary: 20_000, length: 200 });
  const words = async (part: typeof learn) => Object.values(await prep.feeds(part))[0]!;
  const arrays = { x: await words(learn), y: learn.label, testX: await words(test), testY: test.label };
  const peer = await trainPeer(context, { model: 'imdb-lstm', arrays, seeds: [1], epochs });
  const theirs = peer ? `${peer.name} ${peer.accuracies[0]!.toFixed(3)}` : 'PyTorch is not installed';
  const sgd = `with SGD 0.01/0.9, ${epochs} epochs: ${plain!.figures.accuracy.toFixed(3)}, ${theirs}`;
  return [
    row(runs, {
      name: 'imdb-lstm: test accuracy',
      figure: 'accuracy',
      target: 0.855,
      detail: `TensorFlow 2.21: 0.859 in its best epoch; ${sgd}`,
    }),
  ];
};
