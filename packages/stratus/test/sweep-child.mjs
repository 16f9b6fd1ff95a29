// A process that runs a sweep and says on standard output when each trial begins. Run by sweep.test.ts, which kills it, as plain JavaScript, which is there soonest.
import { asha, diskBlobs, int, logUniform, openStore, sweep, tpe } from '../dist/index.js';

const [address = '', blobs = '', name = '', trials = '1', pauseMs = '0', resume = ''] = process.argv.slice(2);
const store = await openStore(address);
const { best, stopped } = await sweep({
  name,
  space: { learningRate: logUniform(1e-5, 1), units: int(4, 64) },
  search: tpe({ startTrials: 3 }),
  scheduler: asha(),
  trials: Number(trials),
  seed: 11,
  workspace: { store, blobs: diskBlobs(blobs) },
  resume: resume === 'resume',
  async objective({ learningRate, units }, trial) {
    process.stdout.write(`${trial.number} ${learningRate} ${units}\n`);
    let loss = 0;
    for (let step = 1; step <= 3; step++) {
      await new Promise((done) => setTimeout(done, Number(pauseMs)));
      loss = (Math.log10(learningRate) + 2) ** 2 + (units - 40) ** 2 / 400 + 1 / step;
      await trial.report(step, loss);
    }
    return loss;
  },
});
process.stdout.write(`${JSON.stringify({ best: best?.number, stopped })}\n`);
await store.close();
