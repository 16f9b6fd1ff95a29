import type { RequestRecord, ServingObserver } from '../serve/index.ts';
import type { LogEntry } from './log-line.ts';
import { type RequestScope, requestScope } from './request-scope.ts';

/** Where lines go: standard error, a file. */
export type WriteLine = (line: string) => void;

/** What waits for its turn to be written, at most; a burst beyond it is counted instead. */
const mostWaiting = 10_000;

const levelOf = (code: string | undefined, status = 200): LogEntry['level'] => {
  if (status >= 500 && status !== 503) return 'error';
  return status >= 400 || (code !== undefined && code !== 'ok') ? 'warn' : 'info';
};

/** One line for each request. They are written together once a turn of the event loop, so that no request waits for its line. */
export class RequestLog implements ServingObserver {
  readonly #write: WriteLine;
  readonly #line: (entry: LogEntry) => string;
  #waiting: LogEntry[] = [];
  #dropped = 0;
  #scheduled = false;

  /** `line`: how an entry is written. */
  constructor(line: (entry: LogEntry) => string, write: WriteLine) {
    this.#line = line;
    this.#write = write;
  }

  /** Of requests that came over HTTP the front tells when they are over; others are told at once. */
  request(record: RequestRecord): void {
    if (requestScope(record) === undefined) this.#add(entryOf(record, { requestId: record.requestId, ms: record.totalMs }));
  }

  /** A request over HTTP is over. */
  ended({ record, requestId }: RequestScope, answer: { method: string; path: string; status: number; ms: number }): void {
    this.#add(entryOf(record, { requestId: record?.requestId ?? requestId, ...answer }));
  }

  #add(entry: LogEntry): void {
    if (this.#waiting.length >= mostWaiting) {
      this.#dropped++;
      return;
    }
    this.#waiting.push(entry);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.flush());
  }

  /** Writes what waits. */
  flush(): void {
    const [entries, dropped] = [this.#waiting, this.#dropped];
    this.#waiting = [];
    this.#dropped = 0;
    this.#scheduled = false;
    if (entries.length === 0) return;
    const lines = entries.map(this.#line);
    if (dropped > 0)
      lines.push(JSON.stringify({ time: new Date().toISOString(), level: 'warn', message: 'lines left out', count: dropped }));
    this.#write(`${lines.join('\n')}\n`);
  }
}

interface Front {
  readonly requestId: string | undefined;
  readonly ms: number;
  readonly method?: string;
  readonly path?: string;
  readonly status?: number;
}

const entryOf = (record: RequestRecord | undefined, { requestId, ms, method, path, status }: Front): LogEntry => ({
  time: new Date(),
  level: levelOf(record?.code, status),
  requestId,
  method,
  path,
  status,
  model: record?.model,
  version: record?.version,
  protocol: record?.protocol,
  client: record?.client,
  rows: record?.rows,
  code: record?.code,
  ms,
  queueMs: record?.queueMs,
  runMs: record?.runMs,
});
