import type { Context, Tracer } from '@opentelemetry/api';
import type { RequestRecord, ServingObserver } from '../serve/index.ts';
import { idOf, requestScope } from './request-scope.ts';

type Api = typeof import('@opentelemetry/api');

/** `00-<32 hex>-<16 hex>-<2 hex>`; ids of zeros are none. Source: W3C Trace Context, level 1. */
const form = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;

/** Where a trace goes on that a header tells of. */
function parentOf({ ROOT_CONTEXT, trace }: Api, traceparent: string | undefined): Context {
  const found = traceparent === undefined ? undefined : form.exec(traceparent);
  if (!found) return ROOT_CONTEXT;
  const [, traceId, spanId, flags] = found as unknown as [string, string, string, string];
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true });
}

/**
 * Spans of OpenTelemetry for each request to a model: `infer MODEL`, and within it `queue` and `run`. Spans go on from the header `traceparent`. They go wherever the
 * SDK sends them that the program has registered; without one nothing is made.
 *
 * Source: OpenTelemetry API 1; semantic conventions for attributes of errors.
 *
 * @example no-run
 * import { BasicTracerProvider, BatchSpanProcessor, ConsoleSpanExporter } from '@opentelemetry/sdk-trace-base';
 * import { trace } from '@opentelemetry/api';
 * import { deploy } from 'stratus';
 * trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(new ConsoleSpanExporter())] }));
 * await deploy('model.onnx');
 */
export async function requestTraces(): Promise<ServingObserver> {
  const api = await import('@opentelemetry/api');
  const { trace, SpanKind, SpanStatusCode } = api;
  let tracer: Tracer | undefined;
  const observe = (record: RequestRecord): void => {
    tracer ??= trace.getTracer('stratus');
    const { model, version, protocol, rows, code, queueMs, runMs, totalMs } = record;
    const scope = requestScope();
    const end = performance.timeOrigin + performance.now();
    const start = end - totalMs;
    const requestId = idOf(record);
    const parent = parentOf(api, scope?.traceparent);
    const span = tracer.startSpan(
      `infer ${model}`,
      {
        kind: SpanKind.SERVER,
        startTime: start,
        attributes: {
          'stratus.model': model,
          'stratus.version': version,
          'stratus.protocol': protocol,
          'stratus.rows': rows,
          ...(requestId !== undefined && { 'stratus.request_id': requestId }),
          ...(code !== 'ok' && { 'error.type': code }),
        },
      },
      parent,
    );
    if (span.isRecording()) {
      const own = trace.setSpan(parent, span);
      // The run ends where the answer begins to be written; what came before the queue is the reading of the request.
      const runStart = end - runMs;
      if (runMs > 0) {
        tracer.startSpan('queue', { startTime: Math.max(start, runStart - queueMs) }, own).end(runStart);
        tracer.startSpan('run', { startTime: runStart }, own).end(end);
      }
      if (code !== 'ok') span.setStatus({ code: SpanStatusCode.ERROR, message: code });
    }
    span.end(end);
  };
  return { request: observe };
}
