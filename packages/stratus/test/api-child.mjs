// A process that trains, as far as a store can see: it writes points, logs and the end of a run. Run by api-events.test.ts, as plain JavaScript, which is there soonest.
import { openStore } from '../dist/store/index.js';

const [address, key, count] = process.argv.slice(2);
const store = await openStore(address);
for (let i = 0; i < Number(count); i++) {
  const points = Array.from({ length: 10 }, (_, j) => ({ name: 'loss', step: 10 * i + j, value: 10 * i + j }));
  await store.metrics.append(key, [...points, { name: 'rate', step: i, value: Number.NaN }]);
  await store.logs.append(key, 'stdout', `epoch ${i}\n`);
}
await store.runs.finish(key, 'finished');
await store.close();
