// A training that says in a file what the store has acknowledged, a JSON a line, and is killed at any moment. Run as `stratus train` by crash-rounds.ts.

import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { adam, dense, dropout, input, openWorkspace, StratusError, sequential } from 'stratus';

const key = process.env.STRATUS_RUN;
const [out = `${key}.onnx`] = process.argv.slice(2);
const acknowledge = (line) => appendFileSync(`${out}.acks`, `${JSON.stringify(line)}\n`);

// Nobody else may do the same now: whoever began before must be gone.
const startOf = (pid) =>
  existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1].split(' ')[19] : undefined;
const isAlive = ([pid, start]) => startOf(pid) === start && !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
const alive = `${out}.alive`;
try {
  if (existsSync(alive) && isAlive(readFileSync(alive, 'utf8').split(' '))) acknowledge({ double: process.pid });
} catch {
  // It ended while it was looked at.
}
writeFileSync(alive, `${process.pid} ${startOf(process.pid)}`);

/** The database may be down: nothing is acknowledged until it is up again. */
const surely = async (work) => {
  for (;;) {
    try {
      return await work();
    } catch (e) {
      if (!StratusError.is(e) || e.code !== 'database-failed') throw e;
      await sleep(50);
    }
  }
};
const { store } = await surely(() => openWorkspace());
await surely(() => store.runs.create({ key })).catch((e) => {
  if (e.code !== 'conflict') throw e; // an earlier attempt, or an answer that was lost
});

const x = Array.from({ length: 256 }, (_, i) => Array.from({ length: 8 }, (_, j) => Math.sin(i * 8 + j)));
const y = x.map((row) => [row[0] * row[1] - row[2]]);
const model = sequential([
  input({ shape: [8] }),
  dense({ units: 32, activation: 'relu' }),
  dropout({ rate: 0.3 }),
  dense({ units: 1 }),
]);
model.compile({ optimizer: adam(), loss: 'meanSquaredError' });
const callbacks = [
  {
    async onBatchEnd({ step }, logs) {
      const point = { name: 'acknowledged', step, value: logs.loss };
      await surely(() => store.metrics.append(key, [point]));
      acknowledge({ step, value: logs.loss });
    },
    async onEpochEnd({ epoch }, logs) {
      const digest = `sha256:${createHash('sha256').update(`${key} ${epoch} ${logs.loss}`).digest('hex')}`;
      const { number } = await surely(() => store.models.register('net', { digest, bytes: epoch, run: key }));
      acknowledge({ version: number, digest });
      const move = await surely(() => store.aliases.move('net', 'production', number));
      acknowledge({ move: move.number, to: number });
    },
  },
];
await model.fit(x, y, { epochs: 6, batchSize: 16, callbacks, verbose: 0 });
await model.save(out);
await store.close();
