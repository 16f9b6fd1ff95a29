// A client of HTTP/1.1 that sends requests in a row on one connection, without waiting for answers, byte by byte as they are given.
import { connect, type Socket } from 'node:net';

/** What came back to one request. */
export interface RawAnswer {
  readonly status: number;
  /** The line of the status and the headers, as they came. */
  readonly head: string;
  readonly body: Buffer;
}

/** One request in bytes. */
export interface RawRequest {
  readonly bytes: Buffer;
  /** The answer to HEAD has no body, whatever it says of its length. */
  readonly isHead?: boolean;
}

/** The body in chunks that begins at `at`, and where it ends; undefined where it is not whole yet. */
function unchunked(bytes: Buffer, at: number): { readonly body: Buffer; readonly end: number } | undefined {
  const parts: Buffer[] = [];
  for (let from = at; ; ) {
    const line = bytes.indexOf('\r\n', from);
    if (line < 0) return undefined;
    const size = Number.parseInt(bytes.toString('latin1', from, line), 16);
    if (Number.isNaN(size)) throw new Error('a chunk without a size');
    const begin = line + 2;
    if (bytes.length < begin + size + 2) return undefined;
    parts.push(bytes.subarray(begin, begin + size));
    from = begin + size + 2;
    if (size === 0) return { body: Buffer.concat(parts), end: from };
  }
}

/** The first answer in some bytes, and where it ends; undefined where it is not whole yet. Errors: for what is no answer. */
export function readAnswer(bytes: Buffer, isHead = false): { readonly answer: RawAnswer; readonly end: number } | undefined {
  const split = bytes.indexOf('\r\n\r\n');
  if (split < 0) return undefined;
  const head = bytes.toString('latin1', 0, split);
  const [, code] = /^HTTP\/1\.1 (\d{3}) /.exec(head) ?? [];
  if (code === undefined) throw new Error(`no answer: ${head.slice(0, 100)}`);
  const [status, start] = [Number(code), split + 4];
  if (isHead || status === 204 || status === 304 || status < 200)
    return { answer: { status, head, body: Buffer.alloc(0) }, end: start };
  if (/^transfer-encoding: chunked$/im.test(head)) {
    const whole = unchunked(bytes, start);
    return whole && { answer: { status, head, body: whole.body }, end: whole.end };
  }
  const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? Number.NaN);
  if (Number.isNaN(length)) throw new Error(`an answer without a length: ${head}`);
  if (bytes.length < start + length) return undefined;
  return { answer: { status, head, body: bytes.subarray(start, start + length) }, end: start + length };
}

/** A connection that is kept for as long as the server keeps it. */
export class Pipelined {
  readonly #port: number;
  #socket: Socket | undefined;

  constructor(port: number) {
    this.#port = port;
  }

  /** The answers in their order: fewer than there are requests where the server has closed before the others. Errors: where nothing comes for so long. */
  ask(requests: readonly RawRequest[], limitMs = 60_000): Promise<RawAnswer[]> {
    this.#socket ??= connect(this.#port, '127.0.0.1').setNoDelay();
    const socket = this.#socket;
    const answers: RawAnswer[] = [];
    let rest: Buffer = Buffer.alloc(0);
    return new Promise((resolve, reject) => {
      const over = (settle: () => void, keeps = false): void => {
        clearTimeout(timer);
        socket.removeAllListeners('data').removeAllListeners('close').removeAllListeners('error');
        socket.on('error', () => {});
        if (!keeps) this.close();
        settle();
      };
      const timer = setTimeout(
        () =>
          over(() =>
            reject(new Error(`nothing came for ${limitMs / 1000} s, after ${answers.length} of ${requests.length} answers`)),
          ),
        limitMs,
      );
      const read = (part: Buffer): void => {
        rest = rest.length === 0 ? part : Buffer.concat([rest, part]);
        for (;;) {
          const found = readAnswer(rest, requests[answers.length]?.isHead);
          if (!found) return;
          rest = rest.subarray(found.end);
          if (found.answer.status < 200) continue;
          answers.push(found.answer);
          if (/^connection: close$/im.test(found.answer.head)) return over(() => resolve(answers));
          if (answers.length === requests.length) return over(() => resolve(answers), rest.length === 0);
        }
      };
      socket.on('data', (part: Buffer) => {
        try {
          read(part);
        } catch (e) {
          over(() => reject(e as Error));
        }
      });
      socket.on('error', () => {}); // it closes then
      socket.on('close', () => over(() => resolve(answers)));
      socket.write(Buffer.concat(requests.map(({ bytes }) => bytes)));
    });
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }
}
