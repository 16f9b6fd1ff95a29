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
  /** No more are begun when this says so. */
  readonly isOver?: () => boolean;
  /** Is told of every input that is answered. */
  readonly onSent?: () => void;
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

/** What happened to one input: the answer in a word, and what is wrong with it. */
interface Verdict {
  readonly answer: string;
  readonly wrong?: string | undefined;
}

/** One client with its connections. */
class HostileClient {
  readonly #targets: Targets;
  readonly #pipes: Readonly<Record<Place, Pipelined>>;
  #session: ClientHttp2Session | undefined;

  constructor(targets: Targets) {
    this.#targets = targets;
    const { folder, single, api } = targets.ports;
    this.#pipes = { folder: new Pipelined(folder), single: new Pipelined(single), api: new Pipelined(api) };
  }

  close(): void {
    for (const pipe of Object.values(this.#pipes)) pipe.close();
    this.#session?.destroy();
  }

  /** Requests that HTTP has nothing against, in a row. What stood behind one after which the server has closed is sent again. */
  async http(inputs: readonly Numbered<Of<'http'>>[], tell: (index: number, verdict: Verdict) => void): Promise<void> {
    let rest = inputs;
    while (rest.length > 0) {
      const row = rest.slice(0, inARow);
      const requests: RawRequest[] = row.map(({ input: { request } }) => ({
        bytes: bytesOf(request, this.#targets.key),
        isHead: request.method === 'HEAD',
      }));
      const pipe = this.#pipes[row[0]!.input.request.to];
      let answers: RawAnswer[];
      try {
        answers = await pipe.ask(requests, limitMs);
        if (answers.length === 0) answers = await pipe.ask(requests.slice(0, 1), limitMs); // a connection that was kept too long
      } catch (e) {
        // Somebody in this row is not answered: who, is found by asking one by one.
        if (row.length === 1) tell(row[0]!.index, { answer: 'none', wrong: (e as Error).message });
        else for (const one of row) await this.http([one], tell);
        rest = rest.slice(row.length);
        continue;
      }
      if (answers.length === 0) tell(row[0]!.index, { answer: 'none', wrong: 'the connection was closed without an answer' });
      answers.forEach((got, i) => {
        tell(row[i]!.index, { answer: String(got.status), wrong: judge(row[i]!.input.request, got) });
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

  async framing({ framing: { bytes, hides } }: Of<'framing'>): Promise<Verdict> {
    const got = await this.#bytes(this.#targets.ports.single, bytes);
    if (got === undefined) return { answer: 'none', wrong: 'the connection is not closed' };
    const codes = statuses(got).filter((code) => code >= 200);
    const answer = String(codes.at(-1) ?? 'closed');
    if (codes.some((code) => code >= 500)) return { answer, wrong: got.slice(0, 500) };
    if (hides && got.includes(heard)) return { answer, wrong: `what is hidden was heard: ${got.slice(0, 500)}` };
    return { answer };
  }

  async frames({ bytes }: Of<'frames'>): Promise<Verdict> {
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

  async grpc({ call }: Of<'grpc'>, tries = 3): Promise<Verdict> {
    let end: Ended;
    try {
      end = await this.#call(call);
    } catch (e) {
      return { answer: 'none', wrong: (e as Error).message };
    }
    const { http, status, message, bytes } = end;
    if (http === undefined) {
      // Its connection was closed because of a neighbour, perhaps.
      if (tries > 1) return await this.grpc({ way: 'grpc', name: '', call }, tries - 1);
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
  const { seed, from = 0, count, clients = 6, isOver = () => false, inputOf = hostileInput, onSent } = options;
  const answers = new Map<string, number>();
  const failures: Failure[] = [];
  let [next, sent, failed] = [from, 0, 0];
  let slowest = { index: -1, name: '', ms: 0 };
  const tell = (index: number, { answer, wrong }: Verdict): void => {
    const input = inputOf(seed, index);
    const seen = `${input.name} ${answer}`;
    sent++;
    onSent?.();
    answers.set(seen, (answers.get(seen) ?? 0) + 1);
    if (wrong === undefined) return;
    failed++;
    if (failures.length < 20) failures.push({ index, name: input.name, why: wrong, sent: shown(input).slice(0, 5000) });
  };
  const one = async (): Promise<void> => {
    const client = new HostileClient(targets);
    while (next < from + count && !isOver()) {
      const begin = next;
      next = Math.min(from + count, begin + 64);
      const all = Array.from({ length: next - begin }, (_, i) => ({ index: begin + i, input: inputOf(seed, begin + i) }));
      const of = <W extends Hostile['way']>(way: W) => all.filter(({ input }) => input.way === way) as Numbered<Of<W>>[];
      const http = grouped(of('http'));
      const began = performance.now();
      const timed = async (index: number, answered: Promise<Verdict>): Promise<void> => {
        tell(index, await answered);
        const ms = performance.now() - began;
        if (ms > slowest.ms) slowest = { index, name: inputOf(seed, index).name, ms };
      };
      await Promise.all([
        ...http.map((list) => client.http(list, tell)),
        ...of('grpc').map(({ index, input }) => timed(index, client.grpc(input))),
        ...of('framing').map(({ index, input }) => timed(index, client.framing(input))),
        ...of('frames').map(({ index, input }) => timed(index, client.frames(input))),
      ]);
    }
    client.close();
  };
  await Promise.all(Array.from({ length: clients }, one));
  return { sent, answers, failures, failed, slowest };
}

const grouped = (inputs: readonly Numbered<Of<'http'>>[]): Numbered<Of<'http'>>[][] =>
  (['folder', 'single', 'api'] as const).map((place) => inputs.filter(({ input }) => input.request.to === place));

/** What is to be printed of failures, with how each is sent again. */
export const toldFailures = (seed: number, { failures, failed }: HostileReport): string =>
  [
    `${failed} inputs were answered wrongly. To send one again: STRATUS_HOSTILE=${seed}:INDEX npx vitest run packages/stratus/test/hostile.test.ts`,
    ...failures.map(({ index, name, why, sent }) => `${seed}:${index} (${name}) ${why}\n  sent: ${sent}`),
  ].join('\n');
