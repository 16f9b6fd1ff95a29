// Ten times as many requests as the server can answer, for a minute: they are due at fixed times, whatever the server does. The model is BERT-mini (4
// layers of 256, 128 tokens): ten times what a server of a smaller one can answer is more than a client on the same machine can send.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Run } from '../result.ts';
import { keep } from '../shared/keep.ts';
import { load } from '../shared/load.ts';
import { quick } from '../shared/quick.ts';
import { requestFile, servedModel, verify } from '../shared/served-models.ts';
import { startServerProcess } from '../shared/server-process.ts';
import { ownServer } from '../shared/serving-lineup.ts';
import { median } from '../shared/statistics.ts';

const deadlineMs = 500;
const [capacityMs, overloadMs, sampleMs] = quick ? [1500, 3000, 100] : [10_000, 60_000, 500];

export const run: Run = async (context) => {
  const { root, signal, log } = context;
  const folder = await mkdtemp(join(tmpdir(), 'stratus-serve-'));
  try {
    const model = await servedModel('bert-mini', folder);
    const way = ownServer(root, model);
    const server = await startServerProcess(way, { signal });
    const memory: number[] = [];
    let timer: NodeJS.Timeout | undefined;
    try {
      await verify(model, { url: `http://127.0.0.1:${server.port}${way.path}`, form: way.form });
      const common = { port: server.port, goodMs: deadlineMs };
      const calm = await requestFile(model, { form: 'binary', path: way.path, folder });
      const capacity = await load(
        root,
        { ...common, request: calm, connections: 64, warmUpMs: quick ? 500 : 5000, ms: capacityMs },
        signal,
      );
      log(`capacity: ${capacity.perSecond.toFixed(0)} answers a second`);
      const request = await requestFile(model, { form: 'binary', path: way.path, folder, deadlineMs });
      const rate = 10 * capacity.perSecond;
      timer = setInterval(() => memory.push(server.memoryMb()), sampleMs);
      const over = await load(
        root,
        { ...common, request, rate, connections: 256, mostConnections: 2048, warmUpMs: 1000, ms: overloadMs },
        signal,
      );
      clearInterval(timer);
      await verify(model, { url: `http://127.0.0.1:${server.port}${way.path}`, form: way.form }); // it is there, and says the same
      const { statuses, failed, skipped, due } = over;
      const strange = Object.entries(statuses).filter(([status]) => !['200', '503', '504'].includes(status));
      const tenth = Math.ceil(memory.length / 6);
      const [early, late] = [median(memory.slice(tenth, 2 * tenth)), median(memory.slice(-tenth))];
      const about = `${(due / over.seconds).toFixed(0)} requests a second were due, ${skipped} of ${due} could not be sent; answers by status: ${JSON.stringify(statuses)}; the client took ${over.processor.toFixed(2)} of a processor`;
      return await keep(context, 'serve-overload', {
        results: [
          {
            name: 'Ten times overload: broken connections, and answers that are neither 200, 503 nor 504',
            reached: failed + strange.reduce((n, [, count]) => n + count, 0),
            target: 0,
            better: 'lower',
            unit: 'requests',
            detail: about,
          },
          {
            name: 'Ten times overload: answers in time, of the capacity',
            reached: over.goodPerSecond / capacity.perSecond,
            target: 0.8,
            better: 'higher',
            unit: 'ratio',
            detail: `${over.goodPerSecond.toFixed(0)} of ${capacity.perSecond.toFixed(0)} a second, within ${deadlineMs} ms from when they were due`,
          },
          {
            name: `Ten times overload: p99 of what was answered, with a deadline of ${deadlineMs} ms`,
            reached: over.p99,
            target: deadlineMs,
            better: 'lower',
            unit: 'ms',
            detail: `as the client sees it; p50 ${over.p50?.toFixed(0)} ms`,
          },
          {
            name: 'Ten times overload: memory at the end of the minute, of what it was after ten seconds',
            reached: late / early,
            target: 1.05,
            better: 'lower',
            unit: 'ratio',
            detail: `resident: ${early.toFixed(0)} MB, then ${late.toFixed(0)} MB`,
          },
        ],
        capacity,
        over,
        memoryMb: memory.map((mb) => Math.round(mb)),
      });
    } finally {
      clearInterval(timer);
      await server.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
