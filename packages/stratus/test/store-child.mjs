// A process that writes to a store and says on standard output what was acknowledged, one JSON a line. Run by store-crash.test.ts,
// as plain JavaScript, which is there soonest.
import { openStore } from '../dist/store/index.js';

const [address = '', name = '', count = '0'] = process.argv.slice(2);
const store = await openStore(address, { actor: name });
const say = (line) => void process.stdout.write(`${JSON.stringify(line)}\n`);
const digest = (n) => `sha256:${n.toString(16).padStart(64, '0')}`;

const { key } = await store.runs.create({ key: name, params: { n: 1 } });
say({ run: key });
for (let i = 0; count === '0' || i < Number(count); i++) {
  const points = Array.from({ length: 7 }, (_, j) => ({ name: 'loss', step: 7 * i + j, value: 7 * i + j }));
  await store.metrics.append(key, points);
  await store.metrics.append('shared', [{ name: 'shared', step: i, value: i }]);
  say({ points: 7 * (i + 1), shared: 1 });
  const { number } = await store.models.register('net', { digest: digest(i), bytes: i, run: key });
  say({ version: number });
  const move = await store.aliases.move('net', 'production', number);
  say({ move: move.number, to: number });
}
await store.close();
