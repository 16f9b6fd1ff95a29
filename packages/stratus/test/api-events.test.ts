import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { idOf, positionOf } from '../src/api/follow.ts';
import { countsOf, Seat, Watches } from '../src/api/watch.ts';
import { type Client, connect, type RunEvent } from '../src/client/index.ts';
import { openStore, type Store } from '../src/store/index.ts';
import { type TestServer, testServer } from './api-harness.ts';

let server: TestServer;
let stratus: Client;
let store: Store;
beforeAll(async () => {
  server = await testServer({ heartbeatMs: 100 });
  stratus = connect({ url: server.url });
  store = await openStore(server.store);
}, 60_000);
afterAll(async () => {
  await store?.close();
  await server?.end();
});

const write = async (key: string, count: number): Promise<void> => {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'api-child.mjs'), server.store, key, String(count)], {
    stdio: 'inherit',
  });
  const [code] = await once(child, 'exit');
  expect(code).toBe(0);
};

/** All that was heard until the end. */
async function heard(events: AsyncIterable<RunEvent>) {
  const steps: number[] = [];
  const rates: number[] = [];
  let text = '';
  const states: string[] = [];
  for await (const event of events) {
    if (event.type === 'run') states.push(event.run.status);
    if (event.type === 'logs') text += event.pieces.map((piece) => piece.text).join('');
    if (event.type === 'end') states.push(`end: ${event.status}`);
    if (event.type === 'metrics')
      for (const { name, step, value } of event.points) {
        (name === 'loss' ? steps : rates).push(step);
        if (name === 'loss' ? value !== step : !Number.isNaN(value)) throw new Error(`${name} ${step} is ${value}`);
      }
  }
  return { steps, rates, text, states };
}

const all = (count: number) => ({
  steps: Array.from({ length: 10 * count }, (_, i) => i),
  rates: Array.from({ length: count }, (_, i) => i),
  text: Array.from({ length: count }, (_, i) => `epoch ${i}\n`).join(''),
});

it('tells what another process writes, to everybody who listens, each thing once and in order', async () => {
  const { key } = await stratus.runs.create();
  await write(key, 3).then(() => store.runs.seen(key)); // some of it lies there already, and it goes on
  await store.runs.remove(key);
  await store.runs.create({ key });
  const listeners = Array.from({ length: 8 }, () => heard(stratus.events(key)));
  const told = await Promise.all([...listeners, write(key, 40)]);
  for (const one of told.slice(0, 8)) expect(one).toMatchObject(all(40));
  const { states } = told[0]!;
  expect([states[0], states.at(-2), states.at(-1)]).toEqual(['running', 'finished', 'end: finished']);
  expect(await heard(stratus.events(key))).toMatchObject({ ...all(40), states: ['finished', 'end: finished'] }); // afterwards too
  expect(await heard(stratus.events(key, { from: 'now' }))).toMatchObject({
    steps: [],
    text: '',
    states: ['finished', 'end: finished'],
  });
});

it('goes on where a connection broke off', async () => {
  const { key } = await stratus.runs.create();
  let connections = 0;
  const breaking: typeof fetch = async (...args) => {
    const response = await fetch(...args);
    if (!response.body || ++connections > 12) return response;
    let left = 3000; // bytes, in the middle of anything
    const cut = new TransformStream<Uint8Array, Uint8Array>({
      transform(piece, controller) {
        controller.enqueue(piece.subarray(0, left));
        left -= piece.length;
        if (left <= 0) controller.error(new Error('the network is gone'));
      },
    });
    return new Response(response.body.pipeThrough(cut), response);
  };
  const patient = connect({ url: server.url, fetch: breaking });
  const [told] = await Promise.all([heard(patient.events(key)), write(key, 30)]);
  expect(told).toMatchObject(all(30));
  expect(connections).toBeGreaterThan(2);
});

it('says in a header where it goes on, and 204 when nothing will come', async () => {
  const { key } = await stratus.runs.create();
  await store.metrics.append(key, [{ name: 'a&b=c ✓', step: 0, value: 1 }]);
  await store.runs.finish(key, 'stopped');
  const url = `${server.url}/api/v1/projects/default/runs/${key}/events`;
  const text = await (await fetch(url)).text();
  expect(text.match(/^event: .*$/gm)).toEqual(['event: run', 'event: metrics', 'event: end']);
  const last = [...text.matchAll(/^id: (.*)$/gm)].at(-1)![1]!;
  expect(positionOf(last)).toEqual({ log: 0, counts: new Map([['a&b=c ✓', 1]]), isEnd: true });
  expect((await fetch(url, { headers: { 'last-event-id': last } })).status).toBe(204);
  for (const id of ['rubbish', '-1?', '5', '99999999999999999999?x=1', '1?x=-4', `1?${'x'.repeat(5000)}`]) {
    const response = await fetch(url, { headers: { 'last-event-id': id } });
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('event: end');
  }
  expect((await fetch(`${url}x`)).status).toBe(404);
  const e: unknown = await heard(stratus.events('nobody')).catch((error: unknown) => error);
  expect(e).toMatchObject({ code: 'unknown-name' });
});

it('gives signs of life, stops looking when nobody listens, and ends for a token that was revoked', async () => {
  const { key } = await stratus.runs.create();
  const abort = new AbortController();
  const url = `${server.url}/api/v1/projects/default/runs/${key}/events`;
  const response = await fetch(url, { signal: abort.signal });
  const reader = response.body!.getReader();
  let text = '';
  while (!text.includes(': still here')) text += new TextDecoder().decode((await reader.read()).value);
  abort.abort();
  const stopped = new AbortController();
  const events = stratus.events(key, { signal: stopped.signal })[Symbol.asyncIterator]();
  expect((await events.next()).value).toMatchObject({ type: 'run' });
  stopped.abort();
  await expect(events.next()).rejects.toMatchObject({ code: 'aborted' });
  const { secret, info } = await store.tokens.create({ name: 'brief', role: 'viewer' });
  const guest = await fetch(url, { headers: { authorization: `Bearer ${secret}` } });
  await store.tokens.revoke(info.key);
  await guest.text(); // ends
});

it('forgets what a listener does not take, and lets it read that from the store', async () => {
  const own = await store.inProject('slow');
  const { key } = await own.runs.create();
  const watches = new Watches();
  const seat = await watches.join(own, key);
  expect(watches.size).toBe(1);
  const { follow } = await import('../src/api/follow.ts');
  const events = follow(own, key, seat, undefined);
  expect((await events.next()).value?.event.type).toBe('run');
  for (let i = 0; i < 6; i++)
    await own.metrics.append(
      key,
      Array.from({ length: 9000 }, (_, j) => ({ name: 'x', step: 9000 * i + j, value: 0 })),
    );
  await own.runs.finish(key, 'finished');
  await expect.poll(async () => (seat.start.run?.status ?? '') === 'finished', { timeout: 20_000 }).toBe(true); // it was told to start again from there
  let count = 0;
  for await (const { event } of events)
    if (event.type === 'metrics') for (const point of event.points) expect(point.step).toBe(count++);
  expect(count).toBe(54_000);
  seat.leave();
  expect(watches.size).toBe(0);
});

it('writes positions that are read back, and leaves out what is too long', () => {
  const counts = new Map(Array.from({ length: 1000 }, (_, i) => [`metric number ${i}`, i]));
  expect(positionOf(idOf({ log: 7, counts }))).toEqual({ log: 7, counts: new Map(), isEnd: false });
  const few = new Map([...counts].slice(0, 50));
  expect(positionOf(idOf({ log: 7, counts: few }))).toEqual({ log: 7, counts: few, isEnd: false });
  expect(countsOf({ metrics: {} } as never)).toEqual(new Map());
  expect(new Seat({ log: 0, counts: few, run: undefined, isWhole: true }, () => {}).start.counts).toBe(few);
});
