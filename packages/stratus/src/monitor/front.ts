import { StratusError } from '@stratus/core';
import pico from 'picocolors';
import { type RequestRecord, type ServingObserver, type ServingTraces, setFront } from '../serve/index.ts';
import { Capture, type CaptureOptions } from './capture/capture.ts';
import { jsonLine, type LogForm, textLine } from './log-line.ts';
import { RequestLog, type WriteLine } from './request-log.ts';
import { isRequestId, type RequestScope, requestScope, withScope } from './request-scope.ts';
import type { WatchedModel } from './watched-model.ts';

/** What a process does besides counting for the requests that it answers itself. */
export interface FrontOptions {
  /** The log of requests; 'none' unless told. */
  readonly log?: LogForm | undefined;
  /** Where its lines go: standard error unless told. */
  readonly writeLog?: WriteLine | undefined;
  /** Lines of the form 'text' in colours; false unless told. */
  readonly logColors?: boolean | undefined;
  /** Keeps what is asked and answered; nothing unless told. */
  readonly capture?: CaptureOptions | undefined;
  /** Spans of OpenTelemetry, where the program has registered an SDK; true unless told. */
  readonly traces?: boolean | undefined;
}

/** The path in a URL, which the server has read before: to parse it again takes longer than all counting. */
export function pathOf(url: string): string {
  const start = url.indexOf('/', url.indexOf('//') + 2);
  if (start < 0) return '/';
  const end = url.slice(start).search(/[?#]/);
  return end < 0 ? url.slice(start) : url.slice(start, start + end);
}

/** Answers one request. */
export type Answer = (request: Request) => Response | Promise<Response>;

/** How a request finds its scope. */
export interface ScopeOptions {
  /** Who answers passes on what the request carries, as `serveApp` does. Unless told, it is found wherever the answer is made, which costs more. */
  readonly carries?: boolean | undefined;
}

/** The requests of one process: their ids, lines, spans, and what of them is kept. */
export class Front {
  /** Before and after those who count: the scope has the record first. */
  readonly before: ServingObserver;
  readonly after: readonly (ServingObserver | undefined)[];
  /** What follows requests through a data plane; undefined where it is left out. */
  readonly traces: ServingTraces | undefined;
  readonly #log: RequestLog | undefined;
  readonly #capture: Capture | undefined;

  constructor(
    { log = 'none', writeLog, logColors = false, capture }: FrontOptions,
    {
      traces,
      about,
      report,
    }: {
      readonly traces: ServingTraces | undefined;
      readonly about: (model: string, version: string) => WatchedModel | undefined;
      readonly report: (error: unknown) => void;
    },
  ) {
    this.traces = traces;
    this.#capture = capture && new Capture({ report, ...capture }, about);
    const colors = pico.createColors(logColors);
    if (log !== 'none')
      this.#log = new RequestLog(
        log === 'json' ? jsonLine : (entry) => textLine(entry, colors),
        writeLog ?? ((lines) => void process.stderr.write(lines)),
      );
    this.before = {
      request(record: RequestRecord) {
        const scope = requestScope(record);
        if (scope) scope.record = record;
      },
    };
    this.after = [this.#log, this.#capture];
  }

  /** How many requests were captured, and how many were to be and were not. */
  get captured(): Capture['counts'] | undefined {
    return this.#capture?.counts;
  }

  /** True where every request has a line in the log: then whoever answers one says when it is over. */
  get logs(): boolean {
    return this.#log !== undefined;
  }

  /** The scope of a request that says this is its id. */
  open(given: string | null): RequestScope {
    return { requestId: given !== null && isRequestId(given) ? given : crypto.randomUUID() };
  }

  /** Answers a request within its scope. */
  async within(request: Request, answer: Answer, { carries = false }: ScopeOptions = {}): Promise<Response> {
    const scope = this.open(request.headers.get('x-request-id'));
    const start = performance.now();
    if (carries) setFront(request, scope);
    const response = await (carries ? answer(request) : withScope(scope, () => answer(request)));
    if (!response.headers.has('x-hono-already-sent')) response.headers.set('x-request-id', scope.requestId);
    if (this.#log) {
      this.#log.ended(scope, {
        method: request.method,
        path: pathOf(request.url),
        status: response.status,
        ms: performance.now() - start,
      });
    }
    return response;
  }

  /** Writes what waits. */
  async close(): Promise<void> {
    this.#log?.flush();
    await this.#capture?.close();
  }
}

/** Writes to standard error. Ours say what happened and why; of what nobody has foreseen it is said where, too. */
export const writeReport = (e: unknown): void => void process.stderr.write(`${told(e)}\n`);

function told(e: unknown): string {
  if (!(e instanceof Error)) return String(e);
  if (StratusError.is(e)) return e.message;
  return StratusError.is(e.cause) ? `${e.message}: ${e.cause.message}` : (e.stack ?? e.message);
}

/** Spans, where they are wanted. */
export const tracesOf = async ({ traces = true }: FrontOptions): Promise<ServingTraces | undefined> =>
  traces ? await (await import('./traces.ts')).requestTraces() : undefined;
