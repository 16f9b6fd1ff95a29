// What a request pays for being watched: everything on, models with the statistics of their training, one sample a request.
import { decodeArtifact, dense, input, monitored, sequential, startMonitor, tensor } from 'stratus';
import type { Run } from '../result.ts';

const [rounds, requests] = [7, 5000];

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

/** Processor time of this process a request, in microseconds, with what happens after the answer. */
async function costOf(answer: (request: Request) => Response | Promise<Response>): Promise<number> {
  const request = new Request('http://localhost/v2/models/m/infer', { headers: { 'x-request-id': 'r-1' } });
  const before = process.cpuUsage();
  for (let i = 0; i < requests; i++) {
    await answer(request);
    if (i % 8 === 7) await new Promise((resolve) => setImmediate(resolve)); // as a server does: requests come a few a turn
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / requests;
}

export const run: Run = async ({ log }) => {
  const width = 784;
  const net = sequential([input({ shape: [width], name: 'x' }), dense({ units: 10, activation: 'softmax', name: 'y' })]);
  net.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
  const pixels = Float32Array.from({ length: 256 * width }, (_, i) => ((i * 7919) % 1000) / 1000);
  const labels = Int32Array.from({ length: 256 }, (_, i) => i % 10);
  await net.fit(tensor(pixels, { shape: [256, width] }), tensor(labels), { verbose: 0 });
  const { manifest } = await decodeArtifact(await net.toBytes());
  const [x, y] = [
    tensor(pixels.slice(0, width), { shape: [1, width] }),
    tensor(new Float32Array(10).fill(0.1), { shape: [1, 10] }),
  ];

  const monitors = {
    usual: await startMonitor(() => [{ name: 'm', version: '1', manifest }]),
    'with a log': await startMonitor(() => [{ name: 'm', version: '1', manifest }], { log: 'json', writeLog: () => {} }),
  };
  const times = { model: 'm', version: '1', rows: 1, runMs: 0.2 };
  const record = { ...times, protocol: 'oip-http', code: 'ok', queueMs: 0.1, totalMs: 0.4, requestId: 'r-1' };
  const response = (): Response => new Response('{}');
  const results = [];
  try {
    for (const [name, monitor] of Object.entries(monitors)) {
      const { observer } = monitor;
      const header = (): undefined => undefined;
      const watched = monitored(monitor, () => {
        const trace = monitor.traces?.begin({ ...record, startMs: performance.now(), header });
        trace?.waits();
        observer.batch({ ...times, requests: 1, closedBy: 'idle' });
        observer.request(record);
        observer.answered(record, { x }, { y });
        trace?.end(record);
        return response();
      });
      const costs: number[] = [];
      for (let round = 0; round < rounds; round++) {
        const bare = await costOf(async () => response());
        const all = await costOf(watched);
        log(`${name}: ${all.toFixed(1)} µs a request, ${bare.toFixed(1)} µs without`);
        costs.push(all - bare);
      }
      results.push({
        name: `Monitoring, ${name}: processor time a request`,
        reached: Number(median(costs).toFixed(2)),
        target: 20,
        better: 'lower' as const,
        unit: 'µs',
        detail: `median of ${rounds} rounds of ${requests} requests of ${width} numbers; bare answers are subtracted`,
      });
    }
  } finally {
    await Promise.all(Object.values(monitors).map((monitor) => monitor.close()));
  }
  return results;
};
