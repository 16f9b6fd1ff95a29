// Spans of real servers, over HTTP and gRPC, by the real SDK: what goes on from where, and what is active while models run.
import { AsyncLocalStorage } from 'node:async_hooks';
import { type Context, type ContextManager, context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { BasicTracerProvider, InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { createExecutor, type Executor } from '@stratus/core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Deployment, type DeployOptions, deploy } from '../src/deploy.ts';
import { GrpcClient } from './grpc-client.ts';
import { inferBody, lookUpModel, smallBytes } from './serving.ts';

/** As the SDK for Node has it. Source: @opentelemetry/context-async-hooks. */
class Contexts implements ContextManager {
  readonly #storage = new AsyncLocalStorage<Context>();
  active = (): Context => this.#storage.getStore() ?? ROOT_CONTEXT;
  with: ContextManager['with'] = (own, work, self, ...args) => this.#storage.run(own, () => work.apply(self as never, args));
  bind: ContextManager['bind'] = (own, target) =>
    typeof target === 'function' ? ((...args: unknown[]) => this.with(own, () => (target as (...all: unknown[]) => unknown)(...args))) as typeof target : target; // biome-ignore format: one line
  enable = (): this => this;
  disable = (): this => this;
}

let exporter: InMemorySpanExporter;
let provider: BasicTracerProvider;
beforeEach(() => {
  exporter = new InMemorySpanExporter();
  provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new Contexts());
});

const running: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of running.splice(0)) await one.stop();
  trace.disable();
  context.disable();
  propagation.disable();
  await provider.shutdown();
});

const start = async (model: Uint8Array, options: DeployOptions = {}): Promise<Deployment> => {
  const server = await deploy(model, { port: 0, name: 'm', stopOn: [], report: () => {}, ...options });
  running.push(server);
  return server;
};
const parent = (letter: string, flags = '01'): string => `00-${letter.repeat(32)}-${letter.repeat(16)}-${flags}`;
const ask = async (
  { url }: Deployment,
  headers: Record<string, string> = {},
  body = inferBody([1, 2, 3], [1, 3]),
): Promise<number> => {
  const response = await fetch(`${url}/v2/models/m/infer`, { method: 'POST', body, headers });
  await response.text();
  return response.status;
};
const spans = (): readonly ReadableSpan[] => exporter.getFinishedSpans();
const named = (name: string, traceId?: string): ReadableSpan[] =>
  spans().filter((span) => span.name === name && (traceId === undefined || span.spanContext().traceId === traceId));
const msOf = ([seconds, nanoseconds]: readonly [number, number]): number => seconds * 1e3 + nanoseconds / 1e6;

/** An executor whose programs tell what is active when they run, and can be held. */
async function watchedExecutor(): Promise<{
  executor: Executor;
  active: (string | undefined)[];
  hold: { until: Promise<void> | undefined };
}> {
  const real = await createExecutor({ threads: 1 });
  const active: (string | undefined)[] = [];
  const hold: { until: Promise<void> | undefined } = { until: undefined };
  const executor: Executor = new Proxy(real, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      if (name !== 'compile') return value.bind(target);
      return async (...args: unknown[]) => {
        const program = await (value as (...all: unknown[]) => Promise<object>).apply(target, args);
        return new Proxy(program, {
          get(own, key) {
            const member: unknown = Reflect.get(own, key, own);
            if (typeof member !== 'function') return member;
            if (key !== 'run') return member.bind(own);
            return async (...given: unknown[]) => {
              active.push(trace.getSpan(context.active())?.spanContext().spanId);
              await hold.until;
              return (member as (...all: unknown[]) => unknown).apply(own, given);
            };
          },
        });
      };
    },
  });
  return { executor, active, hold };
}

it('has spans of request, queue and run that go on where the caller began, over HTTP and gRPC', async () => {
  const server = await start(await smallBytes(), { grpcPort: 0 });
  expect(await ask(server, { traceparent: parent('a'), 'x-request-id': 'r-1' })).toBe(200);
  const client = new GrpcClient(server.grpc!);
  await client.ask(
    'ModelInfer',
    { model_name: 'm', inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 3], contents: { fp32_contents: [1, 2, 3] } }] },
    { metadata: { traceparent: parent('b') } },
  );
  client.client.close();
  for (const [letter, protocol] of [
    ['a', 'oip-http'],
    ['b', 'oip-grpc'],
  ] as const) {
    // biome-ignore format: a table
    const id = letter.repeat(32);
    const [whole] = named('infer m', id);
    expect(whole!.parentSpanContext).toMatchObject({ spanId: letter.repeat(16), isRemote: true });
    expect(whole!.attributes).toMatchObject({
      'stratus.model': 'm',
      'stratus.version': '1',
      'stratus.protocol': protocol,
      'stratus.rows': 1,
    });
    const [[queue], [run]] = [named('queue', id), named('run', id)];
    for (const child of [queue!, run!]) expect(child.parentSpanContext!.spanId).toBe(whole!.spanContext().spanId);
    expect(msOf(queue!.endTime)).toBeLessThanOrEqual(msOf(run!.startTime) + 1);
    expect(msOf(run!.endTime)).toBeLessThanOrEqual(msOf(whole!.endTime) + 1);
    expect(run!.links).toEqual([]);
  }
  expect(named('infer m', 'a'.repeat(32))[0]!.attributes['stratus.request_id']).toBe('r-1');
  expect(spans()).toHaveLength(6);
});

it('links a run to all the requests that it answers, and is active while the model runs', async () => {
  const { executor, active, hold } = await watchedExecutor();
  const seen: (string | undefined)[] = [];
  const now = (): string | undefined => trace.getSpan(context.active())?.spanContext().spanId;
  const server = await start(await smallBytes(), {
    executor,
    observer: { request: () => void seen.push(now()), batch: () => void seen.push(now()) },
  });
  active.length = 0; // of trying it out
  let go = (): void => {};
  hold.until = new Promise((resolve) => (go = resolve));
  const first = ask(server, { traceparent: parent('1') });
  await expect.poll(() => active.length, { timeout: 20_000 }).toBe(1);
  // These wait for the first, and go together; one of them is not to be recorded.
  const waiting = [ask(server, { traceparent: parent('2') }), ask(server, { traceparent: parent('3') }), ask(server, { traceparent: parent('4', '00') })]; // biome-ignore format: one line
  const metrics = async (): Promise<string> => await (await fetch(`${server.url}/metrics`)).text();
  await expect.poll(metrics, { timeout: 20_000 }).toMatch(/stratus_queue_requests\{model="m",version="1"\} 3/);
  go();
  expect(await Promise.all([first, ...waiting])).toEqual([200, 200, 200, 200]);
  const ids = ['1', '2', '3'].map((letter) => named('infer m', letter.repeat(32))[0]!.spanContext());
  expect(spans().some((span) => span.spanContext().traceId === '4'.repeat(32))).toBe(false);
  const runs = named('run');
  expect(runs).toHaveLength(3);
  const batch = runs.find((span) => span.attributes['stratus.batch.requests'] === 3)!;
  expect(batch.attributes).toMatchObject({ 'stratus.batch.rows': 3, 'stratus.model': 'm' });
  expect(batch.links).toHaveLength(3);
  expect(batch.links.map((link) => link.context.traceId).sort()).toEqual(['2', '3', '4'].map((letter) => letter.repeat(32)));
  const [, host, other] = ids;
  expect([host!.traceId, other!.traceId]).toContain(batch.spanContext().traceId);
  const linked = runs.find((span) => span !== batch && span.attributes['stratus.batch.requests'] === undefined)!;
  expect(linked.links.map((link) => link.context.spanId)).toEqual([batch.spanContext().spanId]);
  expect(linked.spanContext().traceId).not.toBe(batch.spanContext().traceId);
  expect(named('queue')).toHaveLength(3);
  // The executor saw the runs; observers the runs, then the requests.
  const alone = runs.find((span) => span.spanContext().traceId === '1'.repeat(32))!.spanContext().spanId;
  expect(active).toEqual([alone, batch.spanContext().spanId]);
  expect(seen).toEqual(expect.arrayContaining([alone, batch.spanContext().spanId, ...ids.map(({ spanId }) => spanId)]));
  expect(seen).toHaveLength(6);
});

it('goes on from the span that is active, or from what the propagators of the program read', async () => {
  propagation.setGlobalPropagator({
    inject: () => {},
    fields: () => ['x-own'],
    extract: (own, carrier, { get }) => {
      const id = get(carrier, 'x-own');
      return typeof id === 'string'
        ? trace.setSpanContext(own, { traceId: id.repeat(32), spanId: id.repeat(16), traceFlags: 1, isRemote: true })
        : own;
    },
  });
  const server = await start(await smallBytes());
  expect(await ask(server, { 'x-own': 'c' })).toBe(200);
  expect(await ask(server, { traceparent: parent('d') })).toBe(200); // the form of W3C is read where nobody else reads it
  expect(named('infer m').map((span) => span.parentSpanContext!.spanId)).toEqual(['c'.repeat(16), 'd'.repeat(16)]);
});

it('begins a trace of its own where the header is none, and makes none where it is not wanted', async () => {
  const server = await start(await smallBytes());
  for (const bad of ['x', '00-0-0-0', `00-${'0'.repeat(32)}-${'b2'.repeat(8)}-01`, `ff-${'a1'.repeat(16)}-${'b2'.repeat(8)}-01`])
    expect(await ask(server, { traceparent: bad })).toBe(200);
  expect(named('infer m')).toHaveLength(4);
  expect(named('infer m').every((span) => span.parentSpanContext === undefined)).toBe(true);
  exporter.reset();
  expect(await ask(server, { traceparent: parent('a', '00') })).toBe(200);
  expect(await ask(await start(await smallBytes(), { monitor: { traces: false } }))).toBe(200);
  trace.disable();
  expect(await ask(await start(await smallBytes()))).toBe(200); // the program has no SDK
  expect(spans()).toEqual([]);
});

it('says what failed, and where', async () => {
  const server = await start(lookUpModel());
  const body = (index: number): string =>
    JSON.stringify({ inputs: [{ name: 'x', shape: [1], datatype: 'INT64', data: [index] }] });
  expect(await ask(server, { traceparent: parent('e') }, body(99))).toBe(400);
  const [whole] = named('infer m');
  expect(whole!.status).toMatchObject({ code: 2, message: 'bad-request' });
  expect(whole!.attributes['error.type']).toBe('bad-request');
  expect(named('run')[0]!.status.code).toBe(2);
  exporter.reset();
  expect(await ask(server, {}, body(1))).toBe(200);
  expect(named('infer m')[0]!.status.code).toBe(0);
});
