import type { Context, Span, Tracer } from '@opentelemetry/api';
import { StratusError } from '@stratus/core';
import type { RequestRecord, RequestTrace, ServingTraces, TracedRequest } from '../serve/index.ts';
import { idOf } from './request-scope.ts';

type Api = typeof import('@opentelemetry/api');
type Header = NonNullable<TracedRequest['header']>;

/** `00-<32 hex>-<16 hex>-<2 hex>`; ids of zeros are none. Source: W3C Trace Context, level 1. */
const form = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;

/**
 * Where a trace goes on: from the span that is active, which an instrumentation of HTTP has made; else from the headers, as the program's propagators read them; where it has none, from `traceparent`.
 */
function parentOf({ context, trace, propagation, isSpanContextValid }: Api, header: Header): Context {
  const active = context.active();
  const isTraced = (own: Context): boolean => {
    const found = trace.getSpanContext(own);
    return found !== undefined && isSpanContextValid(found);
  };
  if (isTraced(active)) return active;
  const extracted = propagation.extract(active, header, { get: (carrier, key) => carrier(key), keys: () => [] });
  if (isTraced(extracted)) return extracted;
  const [, traceId, spanId, flags] = form.exec(header('traceparent') ?? '') ?? [];
  if (traceId === undefined) return extracted;
  const traceFlags = Number.parseInt(flags!, 16) & 1;
  return trace.setSpanContext(extracted, { traceId, spanId: spanId!, traceFlags, isRemote: true });
}

/** One request: its span is there from its begin to its end, so that whatever happens in between can go on from it. */
class Trace implements RequestTrace {
  readonly span: Span;
  readonly own: Context;
  readonly #api: Api;
  readonly #tracer: Tracer;
  #queue: Span | undefined;

  constructor(api: Api, tracer: Tracer, span: Span, parent: Context) {
    this.#api = api;
    this.#tracer = tracer;
    this.span = span;
    this.own = api.trace.setSpan(parent, span);
  }

  within<T>(work: () => T): T {
    return this.#api.context.with(this.own, work);
  }

  waits(): void {
    if (this.span.isRecording()) this.#queue = this.#tracer.startSpan('queue', {}, this.own);
  }

  runs(): void {
    this.#queue?.end();
    this.#queue = undefined;
  }

  end(record: RequestRecord): void {
    this.runs(); // where it ran never
    const { rows, code } = record;
    if (this.span.isRecording()) {
      const requestId = idOf(record);
      this.span.setAttribute('stratus.rows', rows);
      if (requestId !== undefined) this.span.setAttribute('stratus.request_id', requestId);
      if (code !== 'ok') {
        this.span.setAttribute('error.type', code);
        this.span.setStatus({ code: this.#api.SpanStatusCode.ERROR, message: code });
      }
    }
    this.span.end();
  }
}

/**
 * Spans of OpenTelemetry for each request to a model: `infer MODEL`, and within it `queue` and `run`. A run that answers several requests is in the trace of the first of them that is recorded, with links to all;
 * the `run` of each of the others links to it. Spans go on from the span that is active, or from the header `traceparent`, and are active while preprocessing, executors and observers work. They go
 * wherever the SDK sends them that the program has registered; without one nothing is made. Give them to a data plane as `traces`.
 *
 * Source: OpenTelemetry API 1; semantic conventions for attributes of errors, and for links of batches in messaging.
 *
 * @example no-run
 * import { BasicTracerProvider, BatchSpanProcessor, ConsoleSpanExporter } from '@opentelemetry/sdk-trace-base';
 * import { trace } from '@opentelemetry/api';
 * import { deploy } from 'stratus';
 * trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(new ConsoleSpanExporter())] }));
 * await deploy('model.onnx');
 */
export async function requestTraces(): Promise<ServingTraces> {
  const api = await import('@opentelemetry/api');
  const { context, trace, SpanKind, SpanStatusCode, ROOT_CONTEXT } = api;
  const tracer = trace.getTracer('stratus');
  const none: Header = () => undefined;
  const nobody = new api.ProxyTracerProvider().getDelegate();
  /** Whether the program has registered an SDK, now: making spans for nobody costs a request five microseconds. */
  const isWanted = (): boolean => {
    const provider = trace.getTracerProvider();
    return !(provider instanceof api.ProxyTracerProvider) || provider.getDelegate() !== nobody;
  };
  return {
    begin({ model, version, protocol, startMs, header = none }) {
      if (!isWanted()) return undefined;
      const parent = parentOf(api, header);
      const span = tracer.startSpan(
        `infer ${model}`,
        {
          kind: SpanKind.SERVER,
          startTime: performance.timeOrigin + startMs,
          attributes: { 'stratus.model': model, 'stratus.version': version, 'stratus.protocol': protocol },
        },
        parent,
      );
      if (!api.isSpanContextValid(span.spanContext())) return undefined;
      return new Trace(api, tracer, span, parent);
    },

    async run({ model, version, rows }, requests, work) {
      const traces = requests.filter((one) => one instanceof Trace);
      for (const one of traces) one.runs();
      const recorded = traces.filter(({ span }) => span.isRecording());
      const [host, ...others] = recorded;
      // Not that of the request that happened to be under way when the run began.
      if (host === undefined) return await context.with(traces[0]?.own ?? ROOT_CONTEXT, work);
      const attributes = {
        'stratus.model': model,
        'stratus.version': version,
        'stratus.batch.rows': rows,
        'stratus.batch.requests': requests.length,
      };
      const links = traces.length > 1 ? traces.map(({ span }) => ({ context: span.spanContext() })) : [];
      const batch = tracer.startSpan('run', { attributes, links }, host.own);
      const linked = { links: [{ context: batch.spanContext() }] };
      const spans = [batch, ...others.map(({ own }) => tracer.startSpan('run', linked, own))];
      try {
        return await context.with(trace.setSpan(host.own, batch), work);
      } catch (e) {
        const message = StratusError.is(e) ? e.code : 'internal';
        for (const span of spans) span.setStatus({ code: SpanStatusCode.ERROR, message });
        throw e;
      } finally {
        for (const span of spans) span.end();
      }
    },
  };
}
