/** How the log of requests is written: lines of JSON, lines for people, or not at all. */
export type LogForm = 'json' | 'text' | 'none';

/** What became of a request, for a log. Times in milliseconds. */
export interface LogEntry {
  readonly time: Date;
  readonly level: 'info' | 'warn' | 'error';
  readonly requestId?: string | undefined;
  readonly method?: string | undefined;
  readonly path?: string | undefined;
  readonly status?: number | undefined;
  readonly model?: string | undefined;
  readonly version?: string | undefined;
  readonly protocol?: string | undefined;
  readonly client?: string | undefined;
  readonly rows?: number | undefined;
  readonly code?: string | undefined;
  readonly ms: number;
  readonly queueMs?: number | undefined;
  readonly runMs?: number | undefined;
}

const rounded = (ms: number): number => Math.round(ms * 1000) / 1000;

/** Control characters of a client could write lines of their own, or steer a terminal. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const plain = (text: string): string => text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, '�').slice(0, 300);

/** A line of JSON, without its end. Written in one literal: what is undefined is left out by JSON itself. */
export const jsonLine = (entry: LogEntry): string =>
  JSON.stringify({
    time: entry.time.toISOString(),
    level: entry.level,
    message: 'request',
    requestId: entry.requestId,
    method: entry.method,
    path: entry.path,
    status: entry.status,
    model: entry.model,
    version: entry.version,
    protocol: entry.protocol,
    client: entry.client,
    rows: entry.rows,
    code: entry.code,
    ms: rounded(entry.ms),
    queueMs: entry.queueMs === undefined ? undefined : rounded(entry.queueMs),
    runMs: entry.runMs === undefined ? undefined : rounded(entry.runMs),
  });

/** What a line is painted with. */
export interface LogColors {
  dim(text: string): string;
  red(text: string): string;
  yellow(text: string): string;
  green(text: string): string;
}

/** A line for people, without its end. */
export function textLine(entry: LogEntry, { dim, red, yellow, green }: LogColors): string {
  const { time, level, model, version, code, status, ms, rows, method, path, requestId, protocol } = entry;
  const paint = level === 'error' ? red : level === 'warn' ? yellow : green;
  const clock = time.toTimeString().slice(0, 8);
  const what = model === undefined ? `${method ?? ''} ${plain(path ?? '')}`.trim() : `${plain(model)}:${plain(version ?? '')}`;
  const outcome = code ?? (status === undefined ? '' : String(status));
  const parts = [
    dim(clock),
    paint(outcome.padEnd(11)),
    `${ms < 10 ? ms.toFixed(2) : ms.toFixed(0)} ms`.padStart(9),
    what,
    ...(rows === undefined ? [] : [dim(`${rows} ${rows === 1 ? 'row' : 'rows'}`)]),
    ...(protocol === undefined ? [] : [dim(protocol)]),
    ...(requestId === undefined ? [] : [dim(plain(requestId))]),
  ];
  return parts.join('  ');
}
