import { setMaxListeners } from 'node:events';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { fail, StratusError } from '@stratus/core';
import { didYouMean, type Refusal } from '../serve/index.ts';
import { decode } from './decode.ts';
import { encode } from './encode.ts';
import { encodings, type Memory } from './frames.ts';
import { type Ending, endingOf, Reply } from './reply.ts';
import { Requests } from './requests.ts';
import type { Asked, Method } from './service.ts';
import { grpcCodes, grpcNameOf } from './status.ts';

/** What all calls of a server share. */
export interface Calling {
  /** By path. */
  readonly methods: ReadonlyMap<string, Method>;
  readonly messageLimitBytes: number;
  readonly requestTimeoutMs: number;
  readonly memory: Memory;
  /** Who asks. Errors: `not-authorized`, `forbidden`. */
  readonly authorize?:
    | ((headers: Headers, access: 'asks' | 'changes') => Promise<Pick<Asked, 'client' | 'checkModel'>>)
    | undefined;
  readonly stopping: AbortSignal;
  readonly report: (error: unknown) => void;
  /** Is told of calls that have failed and that nobody else tells of. */
  readonly refused: (refusal: Refusal) => void;
}

const ok: Ending = { status: grpcCodes.ok, message: '' };
const goesAway: Ending = {
  status: grpcCodes.unavailable,
  message: 'The server is about to stop. Ask again; another one will answer.',
};

const unitsMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };
/** The longest time of a timer: some 24 days. */
const longestMs = 2 ** 31 - 1;

/** `100m` -> 100. Errors: `bad-request`. */
function timeoutOf(headers: IncomingHttpHeaders): number | undefined {
  const text = headers['grpc-timeout'];
  if (text === undefined) return undefined;
  const [, digits, unit] = /^(\d{1,8})([HMSmun])$/.exec(String(text)) ?? [];
  if (digits === undefined) {
    const got = JSON.stringify(String(text).slice(0, 32));
    throw fail('bad-request', { reason: `grpc-timeout is ${got}; it takes up to 8 digits and one of H, M, S, m, u, n.` });
  }
  return Math.min(Number(digits) * unitsMs[unit!]!, longestMs);
}

/** Headers as the web has them; what HTTP/2 calls the authority is the host. */
function webHeaders(headers: IncomingHttpHeaders): Headers {
  const all = new Headers();
  for (const [name, value] of Object.entries(headers))
    if (!name.startsWith(':') && typeof value === 'string') all.set(name, value);
  const { ':authority': authority } = headers;
  if (authority !== undefined) all.set('host', authority);
  return all;
}

/** What is said before gRPC begins: the HTTP status of what is no call at all. */
function refusal(headers: IncomingHttpHeaders): number | undefined {
  if (headers[':method'] !== 'POST') return 405;
  return /^application\/grpc(\+proto)?(;|$)/.test(headers['content-type'] ?? '') ? undefined : 415;
}

/** One call: finds out what is asked, by whom and until when, and answers it. */
class Call {
  readonly #stream: ServerHttp2Stream;
  readonly #headers: IncomingHttpHeaders;
  readonly #calling: Calling;
  readonly #reply: Reply;
  readonly #gone = new AbortController();
  #isTold = false;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, calling: Calling) {
    this.#stream = stream;
    this.#headers = headers;
    this.#calling = calling;
    this.#reply = new Reply(stream);
    setMaxListeners(0, this.#gone.signal); // a stream asks models many times
  }

  async answer(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    this.#stream.once('close', () => {
      clearTimeout(timer);
      this.#gone.abort();
    });
    try {
      const method = this.#method();
      const encoding = this.#encoding();
      if (encoding === undefined) return;
      const deadlineMs = timeoutOf(this.#headers);
      if (deadlineMs !== undefined) timer = setTimeout(() => this.#fail(fail('deadline', { deadlineMs })), deadlineMs);
      if (method) await this.#run(method, encoding, deadlineMs);
    } catch (e) {
      this.#fail(e);
    } finally {
      clearTimeout(timer);
    }
  }

  #fail(e: unknown): void {
    const ending = endingOf(e);
    this.#refused(StratusError.is(e) ? e.code : 'internal', ending.status);
    if (ending.status === grpcCodes.internal && !this.#reply.isDone) this.#calling.report(e);
    this.#reply.end(ending);
    this.#gone.abort(e);
  }

  /** Once a call, unless it has reached what counts by itself. */
  #refused(code: string, status: number): void {
    if (this.#isTold || this.#reply.isDone) return;
    this.#isTold = true;
    this.#calling.refused({ protocol: 'grpc', code, status: grpcNameOf(status) });
  }

  #method(): Method | undefined {
    const { methods } = this.#calling;
    const path = String(this.#headers[':path']);
    const method = methods.get(path);
    if (!method) {
      const near = didYouMean(path.slice(0, 200), [...methods.keys()]);
      const message = `There is no call ${JSON.stringify(path.slice(0, 200))}.${near}`;
      this.#refused('no-path', grpcCodes.unimplemented);
      this.#reply.end({ status: grpcCodes.unimplemented, message });
    }
    return method;
  }

  #encoding(): string | undefined {
    const encoding = String(this.#headers['grpc-encoding'] ?? 'identity');
    if (encodings.includes(encoding)) return encoding;
    const message = `grpc-encoding is ${JSON.stringify(encoding.slice(0, 32))}; known are ${encodings.join(', ')}.`;
    this.#refused('bad-request', grpcCodes.unimplemented);
    this.#reply.end({ status: grpcCodes.unimplemented, message });
    return undefined;
  }

  async #run(method: Method, encoding: string, deadlineMs: number | undefined): Promise<void> {
    const { authorize, memory, messageLimitBytes: limitBytes, requestTimeoutMs: timeoutMs, stopping } = this.#calling;
    const startedAt = performance.now();
    const known = method.access === 'open' || !authorize ? {} : await authorize(webHeaders(this.#headers), method.access);
    const isOne = method.streams !== 'both';
    const requests = new Requests(this.#stream, { limitBytes, memory, encoding, timeoutMs, isOne });
    const asked = (): Asked => ({
      ...known,
      signal: this.#gone.signal,
      header: (name) => {
        const value = this.#headers[name];
        return typeof value === 'string' ? value : undefined;
      },
      takesOver: () => {
        this.#isTold = true;
      },
      stopping,
      ...(deadlineMs !== undefined && { deadlineMs: Math.max(0, deadlineMs - (performance.now() - startedAt)) }),
    });
    try {
      if (method.answerOne) {
        const request = decode(method.request, await requests.only());
        await this.#reply.message(encode(method.response, (await method.answerOne(request, asked())) as object));
        this.#reply.end(ok);
      } else await this.#answerAll(method, requests, asked());
    } finally {
      requests.release();
    }
  }

  async #answerAll(method: Method, requests: Requests, asked: Asked): Promise<void> {
    const { stopping } = this.#calling;
    const isOne = method.streams === 'answers';
    let isCut = false;
    const stop = () => {
      isCut = !requests.isOver;
      requests.stop();
    };
    if (!isOne) stopping.addEventListener('abort', stop, { once: true });
    async function* messages(): AsyncGenerator<unknown> {
      if (isOne) yield decode(method.request, await requests.only());
      else
        for (let bytes = await requests.next(); bytes !== undefined; bytes = await requests.next())
          yield decode(method.request, bytes);
    }
    try {
      for await (const answer of method.answer(messages(), asked)) {
        if (this.#reply.isDone) break;
        await this.#reply.message(encode(method.response, answer as object));
      }
      this.#reply.end(isCut || (stopping.aborted && isOne) ? goesAway : ok);
    } finally {
      stopping.removeEventListener('abort', stop);
    }
  }
}

/** Answers a call, or says why not. Never rejects. */
export async function answerCall(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, calling: Calling): Promise<void> {
  stream.on('error', () => {}); // the client went away, or broke the protocol
  const status = refusal(headers);
  if (status !== undefined) {
    calling.refused({ protocol: 'grpc', code: status === 405 ? 'no-method' : 'bad-request', status: String(status) });
    stream.respond({ ':status': status, ...(status === 405 && { allow: 'POST' }) }, { endStream: true });
    stream.close();
    return;
  }
  try {
    await new Call(stream, headers, calling).answer();
  } catch (e) {
    // A stream that broke while it was answered throws; anything else is a mistake of this file.
    if (!stream.destroyed || StratusError.is(e)) calling.report(e);
    stream.destroy();
  }
}
