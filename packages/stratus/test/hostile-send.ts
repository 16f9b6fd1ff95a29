// Sends the inputs of hostile-inputs.ts to servers, many at a time, and says what was wrong with the answers.
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { heard } from './hostile-framing.ts';
import type { GrpcCall } from './hostile-grpc.ts';
import { type Hostile, hostileInput } from './hostile-inputs.ts';
import { insides, judge } from './hostile-judge.ts';
import type { HttpRequest, Place } from './hostile-requests.ts';
import type { Targets } from './hostile-targets.ts';
import { Pipelined, type RawAnswer, type RawRequest } from './pipelined.ts';
import { type Ended, ending } from './raw-grpc.ts';
import { statuses } from './raw-socket.ts';

/** So many go on one connection without waiting. */
const inARow = 16;
/** So many of these one client has on their way at a time: a call each on the same connection, and connections of their own. */
const atOnce = { grpc: 8, framing: 8, frames: 8 } as const;
/** So many inputs wait in each line. */
const mostWaiting = 64;
/** Whoever is not answered for so long is not answered. Generous: machines stand still now and then. */
const limitMs = 120_000;

/** What was wrong with the answer to one input. */
export interface Failure {
  readonly index: number;
  readonly name: string;
  readonly why: string;
  /** What was sent, for people: a JSON text with everything that is not plain as an escape. */
  readonly sent: string;
}

/** What became of many inputs. */
export interface HostileReport {
  readonly sent: number;
  /** How often which answer came: 'oip-json 400'. */
  readonly answers: ReadonlyMap<string, number>;
  /** The first ones. */
  readonly failures: readonly Failure[];
  readonly failed: number;
  /** What took longest. */
  readonly slowest: { readonly index: number; readonly name: string; readonly ms: number };
}

/** Options of {@link sendHostile}. */
export interface HostileOptions {
  readonly seed: number;
  /** The first index; 0 unless told. */
  readonly from?: number;
  readonly count: number;
  /** So many clients at a time; 6 unless told. */
  readonly clients?: number;
  /** So many are begun a second; as many as are answered unless told. */
  readonly perSecond?: number;
  /** No more are begun when this says so. */
  readonly isOver?: () => boolean;
  /** Is told of every input that is answered, and of the first that were answered wrongly. */
  readonly onSent?: () => void;
  readonly onFailure?: (failure: Failure) => void;
  /** What the inputs are: those of `hostileInput` unless told. */
  readonly inputOf?: typeof hostileInput;
}

/** The bytes of a request; the server with keys is sent one, where the request has none of its own. */
export function bytesOf({ to, method, path, headers, body }: HttpRequest, key?: string): Buffer {
  const all: Record<string, string> = {
    host: '127.0.0.1',
    ...(to === 'folder' && key !== undefined && { authorization: `Bearer ${key}` }),
    ...headers,
    ...((body.length > 0 || method === 'POST') && { 'content-length': String(body.length) }),
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1'), body]);
}

type Of<W extends Hostile['way']> = Extract<Hostile, { readonly way: W }>;
interface Numbered<H> {
  readonly index: number;
  readonly input: H;
}

/** What waits for one of several workers. Whoever puts something in waits while there is much of it. */
class Line<T> {
  readonly #items: T[] = [];
  readonly #takers: (() => void)[] = [];
  #room: (() => void) | undefined;
  #isOver = false;

  /** For one at a time. */
  async put(item: T): Promise<void> {
    this.#items.push(item);
    this.#takers.shift()?.();
    if (this.#items.length >= mostWaiting) await new Promise<void>((resolve) => void (this.#room = resolve));
  }

  /** At most so many; none when no more will come. */
  async take(most: number): Promise<T[]> {
    while (this.#items.length === 0 && !this.#isOver) await new Promise<void>((resolve) => this.#takers.push(resolve));
    const taken = this.#items.splice(0, most);
    if (this.#items.length < mostWaiting) this.#room?.();
    return taken;
  }

  end(): void {
    this.#isOver = true;
    for (const taker of this.#takers) taker();
  }
}

/** The lines of inputs: HTTP's by server, the others by way. */
type Lines = { readonly [P in Place]: Line<Numbered<Of<'http'>>> } & {
  readonly [W in Exclude<Hostile['way'], 'http'>]: Line<Numbered<Of<W>>>;
};

type Tell = (one: Numbered<Hostile>, verdict: Verdict) => void;

/** What happened to one input: the answer in a word, and what is wrong with it. */
interface Verdict {
  readonly answer: string;
  readonly wrong?: string | undefined;
}

/** One client with its connections. */
class HostileClient {
  readonly #targets: Targets;
  readonly #tell: Tell;
  #session: ClientHttp2Session | undefined;

  constructor(targets: Targets, tell: Tell) {
    this.#targets = targets;
    this.#tell = tell;
  }

  /** Takes inputs from all lines until they end. */
  async work(lines: Lines): Promise<void> {
    const places = (['folder', 'single', 'api'] as const).map(async (place) => {
      const pipe = new Pipelined(this.#targets.ports[place]);
      for (let row = await lines[place].take(inARow); row.length > 0; row = await lines[place].take(inARow))
        await this.#http(pipe, row);
      pipe.close();
    });
    const each = <W extends 'grpc' | 'framing' | 'frames'>(way: W, act: (input: Of<W>) => Promise<Verdict>) =>
      Array.from({ length: atOnce[way] }, async () => {
        const line = lines[way] as Line<Numbered<Of<W>>>;
        for (let [one] = await line.take(1); one !== undefined; [one] = await line.take(1)) this.#tell(one, await act(one.input));
      });
    await Promise.all([
      ...places,
      ...each('grpc', (input) => this.#grpc(input)),
      ...each('framing', (input) => this.#framing(input)),
      ...each('frames', (input) => this.#frames(input)),
    ]);
    this.#session?.destroy();
  }

  /** Requests that HTTP has nothing against, in a row. What stood behind one after which the server has closed is sent again. */
  async #http(pipe: Pipelined, row: readonly Numbered<Of<'http'>>[]): Promise<void> {
    for (let rest = row; rest.length > 0; ) {
      const requests: RawRequest[] = rest.map(({ input: { request } }) => ({
        bytes: bytesOf(request, this.#targets.key),
        isHead: request.method === 'HEAD',
      }));
      let answers: RawAnswer[];
      try {
        answers = await pipe.ask(requests, limitMs);
        if (answers.length === 0) answers = await pipe.ask(requests.slice(0, 1), limitMs); // a connection that was kept too long
      } catch (e) {
        // Somebody in this row is not answered: who, is found by asking one by one.
        if (rest.length === 1) this.#tell(rest[0]!, { answer: 'none', wrong: (e as Error).message });
        else for (const one of rest) await this.#http(pipe, [one]);
        return;
      }
      if (answers.length === 0) this.#tell(rest[0]!, { answer: 'none', wrong: 'the connection was closed without an answer' });
      answers.forEach((got, i) => {
        const one = rest[i]!;
        this.#tell(one, { answer: String(got.status), wrong: judge(one.input.request, got) });
      });
      rest = rest.slice(Math.max(1, answers.length));
    }
  }

  /** Bytes on a connection of their own, whose end is closed behind them: what comes back until the server closes too, or has said `until`. */
  #bytes(port: number, bytes: Buffer, until?: (got: Buffer) => boolean): Promise<string | undefined> {
    return new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.end(bytes));
      const parts: Buffer[] = [];
      const timer = setTimeout(() => {
        resolve(undefined);
        socket.destroy();
      }, limitMs);
      socket.on('data', (part: Buffer) => {
        parts.push(part);
        if (until?.(Buffer.concat(parts))) socket.destroy();
      });
      socket.on('error', () => {});
      socket.on('close', () => {
        clearTimeout(timer);
        resolve(Buffer.concat(parts).toString('latin1'));
      });
    });
  }

  async #framing({ framing: { bytes, hides } }: Of<'framing'>): Promise<Verdict> {
    const got = await this.#bytes(this.#targets.ports.single, bytes);
    if (got === undefined) return { answer: 'none', wrong: 'the connection is not closed' };
    const codes = statuses(got).filter((code) => code >= 200);
    const answer = String(codes.at(-1) ?? 'closed');
    if (codes.some((code) => code >= 500)) return { answer, wrong: got.slice(0, 500) };
    if (hides && got.includes(heard)) return { answer, wrong: `what is hidden was heard: ${got.slice(0, 500)}` };
    return { answer };
  }

  async #frames({ bytes }: Of<'frames'>): Promise<Verdict> {
    // After an error of the protocol Node says so and reads no more; it sees that the client is gone by a ping that is not answered, a minute later.
    const got = await this.#bytes(this.#targets.grpcPort, bytes, isGoodbye);
    return got === undefined ? { answer: 'none', wrong: 'the connection is not closed' } : { answer: 'closed' };
  }

  #connected(): ClientHttp2Session {
    if (this.#session && !this.#session.closed && !this.#session.destroyed) return this.#session;
    const session = connectHttp2(`http://127.0.0.1:${this.#targets.grpcPort}`);
    session.on('error', () => {});
    this.#session = session;
    return session;
  }

  async #call({ headers, body }: GrpcCall): Promise<Ended> {
    const key = headers['authorization'] === undefined ? { authorization: `Bearer ${this.#targets.key}` } : {};
    const stream = this.#connected().request({ ...headers, ...key });
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      stream.destroy();
    }, limitMs);
    stream.end(body);
    const end = await ending(stream);
    clearTimeout(timer);
    if (isLate) throw new Error(`nothing came for ${limitMs / 1000} s`);
    return end;
  }

  async #grpc({ call }: Of<'grpc'>, tries = 3): Promise<Verdict> {
    let end: Ended;
    try {
      end = await this.#call(call);
    } catch (e) {
      return { answer: 'none', wrong: (e as Error).message };
    }
    const { http, status, message, bytes } = end;
    if (http === undefined) {
      // Its connection was closed because of a neighbour, perhaps.
      if (tries > 1) return await this.#grpc({ way: 'grpc', name: '', call }, tries - 1);
      return { answer: 'none', wrong: 'the call was cut off' };
    }
    const answer = status === undefined ? `http ${http}` : String(status);
    if (insides.test(message)) return { answer, wrong: message };
    if (call.wanted) return { answer, wrong: status === 0 ? call.wanted(bytes) : `status ${status}: ${message}` };
    const isFine =
      status === undefined ? [400, 404, 405, 415, 431].includes(http) : [0, 1, 3, 4, 5, 7, 8, 12, 16].includes(status);
    return { answer, wrong: isFine ? undefined : `HTTP ${http}, status ${status}: ${message}` };
  }
}

/** Has a GOAWAY with an error. */
function isGoodbye(got: Buffer): boolean {
  for (let at = 0; at + 17 <= got.length; at += 9 + got.readUIntBE(at, 3))
    if (got[at + 3] === 7 && got.readUInt32BE(at + 13) !== 0) return true;
  return false;
}

const readable = (bytes: Buffer): string => JSON.stringify(bytes.toString('latin1'));

/** What is sent, as a person can read it. */
function shown(input: Hostile): string {
  if (input.way === 'http') return `${input.request.to} ${readable(bytesOf(input.request))}`;
  if (input.way === 'grpc') return `${JSON.stringify(input.call.headers)} ${readable(input.call.body)}`;
  return readable(input.way === 'framing' ? input.framing.bytes : input.bytes);
}

/** Sends so many inputs. Nothing of it throws: what is wrong is in the report. */
export async function sendHostile(targets: Targets, options: HostileOptions): Promise<HostileReport> {
  const { seed, from = 0, count, clients = 6, perSecond, isOver = () => false, inputOf = hostileInput } = options;
  const answers = new Map<string, number>();
  const failures: Failure[] = [];
  const begun = new Map<number, number>();
  let [sent, failed] = [0, 0];
  let slowest = { index: -1, name: '', ms: 0 };
  const tell: Tell = ({ index, input }, { answer, wrong }) => {
    const seen = `${input.name} ${answer}`;
    sent++;
    answers.set(seen, (answers.get(seen) ?? 0) + 1);
    const ms = performance.now() - begun.get(index)!;
    begun.delete(index);
    if (ms > slowest.ms) slowest = { index, name: input.name, ms };
    if (wrong !== undefined && ++failed <= 20) {
      const failure = { index, name: input.name, why: wrong, sent: shown(input).slice(0, 5000) };
      failures.push(failure);
      options.onFailure?.(failure);
    }
    options.onSent?.();
  };
  const line = <T>(): Line<T> => new Line<T>();
  const lines: Lines = { folder: line(), single: line(), api: line(), grpc: line(), framing: line(), frames: line() };
  const working = Array.from({ length: clients }, () => new HostileClient(targets, tell).work(lines));
  const start = performance.now();
  for (let index = from; index < from + count && !isOver(); index++) {
    const early = perSecond === undefined ? 0 : start + ((index - from) * 1000) / perSecond - performance.now();
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
    const input = inputOf(seed, index);
    begun.set(index, performance.now());
    await (lines[input.way === 'http' ? input.request.to : input.way] as Line<Numbered<Hostile>>).put({ index, input });
  }
  for (const one of Object.values(lines)) one.end();
  await Promise.all(working);
  return { sent, answers, failures, failed, slowest };
}

/** What is to be printed of failures, with how each is sent again. */
export const toldFailures = (seed: number, { failures, failed }: HostileReport): string =>
  [
    `${failed} inputs were answered wrongly. To send one again: STRATUS_HOSTILE=${seed}:INDEX npx vitest run packages/stratus/test/hostile.test.ts`,
    ...failures.map(({ index, name, why, sent }) => `${seed}:${index} (${name}) ${why}\n  sent: ${sent}`),
  ].join('\n');
