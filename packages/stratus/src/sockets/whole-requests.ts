// Requests that come whole, in one piece, on a connection without TLS are answered without Node's parser, request and response, which take more time than all
// the rest together where the model is small. Only what can be read in one way is read here, and strictly; anything else, be it a request
// in two pieces, goes to Node with the connection and all that comes later on it. So limits of size and time are Node's.
// Source: RFC 9112.
import { type Server, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { type Exchange, plainSize, type Quick } from './exchange.ts';

/** What else has to be known of connections and their requests. */
export interface WholeRequestsOptions {
  readonly quick: Quick;
  /** The first request has to come within so long. */
  readonly headersTimeoutMs: number;
  /** A client that takes nothing of its answer for so long is dropped. */
  readonly stalledMs: number;
  /** So long a connection waits for the next request. */
  readonly keepAliveMs: number;
  readonly maxHeaderBytes: number;
  /** Nothing came on this connection in time. */
  readonly silent: (socket: Socket) => void;
  /** A request has come on this connection, and is answered, or its client is gone, when what comes back is called. */
  readonly began: (socket: Socket) => () => void;
}

const endOfHead = Buffer.from('\r\n\r\n');
const begin = Buffer.from('POST /');
const requestLine = /^POST (\/[\x21-\x7e]*) HTTP\/1\.1$/;
const headerLine = /^([!#$%&'*+.^_`|~\da-z-]+):[ \t]*((?:[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?)?)[ \t]*$/i;
const mostLines = 64;

/** The head of a request. */
interface Head {
  readonly bytes: Buffer;
  readonly url: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly size: number;
}

/** Undefined where it is not as plain as can be. */
function headOf(bytes: Buffer): Head | undefined {
  const [first, ...lines] = bytes.toString('latin1').split('\r\n');
  const url = requestLine.exec(first!)?.[1];
  if (url === undefined || lines.length > mostLines) return undefined;
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name, value] = headerLine.exec(line) ?? [];
    if (name === undefined) return undefined;
    const small = name.toLowerCase();
    if (headers.has(small)) return undefined;
    headers.set(small, value!);
  }
  const connection = headers.get('connection');
  if (connection !== undefined && connection.toLowerCase() !== 'keep-alive') return undefined;
  const size = plainSize((name) => headers.get(name));
  return size === undefined ? undefined : { bytes: Buffer.from(bytes), url, headers, size };
}

let [dateAt, date] = [0, ''];
/** The time as HTTP has it, made once a second. */
function now(): string {
  const second = Math.floor(Date.now() / 1000);
  if (second !== dateAt) [dateAt, date] = [second, new Date(second * 1000).toUTCString()];
  return date;
}

/** One connection, until it ends or goes to Node. */
class Connection {
  readonly #socket: Socket;
  readonly #options: WholeRequestsOptions;
  readonly #toNode: (socket: Socket) => void;
  #head: Head | undefined;
  /** While an answer is due: says that the client has left, and that the request is over. */
  #leave: (() => void) | undefined;
  #isDue = false;
  #isHanded = false;
  #hasSpoken = false;
  #over: (() => void) | undefined;
  /** What came while an answer was due. */
  #next: Buffer[] = [];

  constructor(socket: Socket, options: WholeRequestsOptions, toNode: (socket: Socket) => void) {
    this.#socket = socket;
    this.#options = options;
    this.#toNode = toNode;
    socket.setNoDelay(true);
    socket.setTimeout(options.headersTimeoutMs);
    socket.on('data', this.#onData).on('end', this.#onEnd).on('error', this.#onError);
    socket.on('close', this.#onClose).on('timeout', this.#onTimeout).on('drain', this.#onDrain);
  }

  readonly #onData = (bytes: Buffer): void => {
    if (!this.#isDue) return this.#take(bytes);
    this.#next.push(bytes); // answers go out in the order of their requests
    this.#socket.pause();
  };

  readonly #onEnd = (): void => {
    this.#gone();
    this.#socket.end();
  };

  readonly #onError = (): void => void this.#socket.destroy();

  readonly #onClose = (): void => this.#gone();

  readonly #onDrain = (): void => this.#goOn();

  readonly #onTimeout = (): void => {
    const { stalledMs } = this.#options;
    if (this.#isDue && this.#socket.writableLength === 0)
      this.#socket.setTimeout(stalledMs); // a run may take as long as it takes
    else if (this.#hasSpoken || this.#socket.writableLength > 0) this.#socket.destroy();
    else this.#options.silent(this.#socket);
  };

  #gone(): void {
    this.#leave?.();
    this.#end();
  }

  #end(): void {
    this.#isDue = false;
    this.#leave = undefined;
    this.#over?.();
    this.#over = undefined;
  }

  #take(bytes: Buffer): void {
    const head = this.#headIn(bytes);
    if (!head || bytes.length !== head.bytes.length + endOfHead.length + head.size) return this.#hand(bytes);
    this.#isDue = true;
    if (!this.#options.quick(this.#exchange(head, bytes.subarray(head.bytes.length + endOfHead.length)))) {
      this.#isDue = false;
      return this.#hand(bytes);
    }
    this.#hasSpoken = true;
    this.#over = this.#options.began(this.#socket);
    if (!this.#isDue) this.#end(); // answered already
  }

  /** The head of what came; that of the request before where it is the same again, as it is for most clients. */
  #headIn(bytes: Buffer): Head | undefined {
    if (bytes.length < begin.length || bytes.compare(begin, 0, begin.length, 0, begin.length) !== 0) return undefined;
    const end = bytes.indexOf(endOfHead);
    if (end < 0 || end > this.#options.maxHeaderBytes) return undefined;
    const known = this.#head?.bytes;
    if (known?.length === end && bytes.compare(known, 0, end, 0, end) === 0) return this.#head;
    this.#head = headOf(bytes.subarray(0, end));
    return this.#head;
  }

  #exchange({ url, headers, size }: Head, body: Buffer): Exchange {
    return {
      method: 'POST',
      url,
      size,
      header: (name) => headers.get(name) ?? null,
      body: async () => body,
      onLeave: (leave) => {
        if (this.#socket.destroyed) leave();
        else this.#leave = leave;
        return () => {
          this.#leave = undefined;
        };
      },
      answer: (status, about, answer) => this.#answer(status, about, answer),
    };
  }

  #answer(status: number, headers: Readonly<Record<string, string>>, body: string | Uint8Array): void {
    const socket = this.#socket;
    if (socket.destroyed || socket.writableEnded) return this.#end();
    const isLast = headers['connection'] === 'close';
    let head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n`;
    for (const name in headers) head += `${name}: ${headers[name]}\r\n`;
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
    const kept = isLast
      ? ''
      : `connection: keep-alive\r\nkeep-alive: timeout=${Math.floor(this.#options.keepAliveMs / 1000)}\r\n`;
    head += `date: ${now()}\r\n${kept}content-length: ${length}\r\n\r\n`;
    const whole = Buffer.allocUnsafe(head.length + length);
    whole.write(head, 'latin1');
    if (typeof body === 'string') whole.write(body, head.length);
    else whole.set(body, head.length);
    if (isLast) socket.end(whole);
    else socket.write(whole);
    this.#end();
    if (isLast) return;
    socket.setTimeout(socket.writableLength > 0 ? this.#options.stalledMs : this.#options.keepAliveMs);
    if (!socket.writableNeedDrain) this.#goOn();
    else socket.pause(); // who takes no answers is asked for no requests
  }

  #goOn(): void {
    if (this.#isDue || this.#socket.destroyed) return;
    if (this.#next.length > 0) {
      const bytes = Buffer.concat(this.#next);
      this.#next = [];
      this.#take(bytes);
    }
    if (!this.#isHanded && !this.#isDue) this.#socket.resume();
  }

  /** From here on the connection is Node's. */
  #hand(bytes: Buffer): void {
    const socket = this.#socket;
    this.#isHanded = true;
    socket.off('data', this.#onData).off('end', this.#onEnd).off('error', this.#onError);
    socket.off('close', this.#onClose).off('timeout', this.#onTimeout).off('drain', this.#onDrain);
    socket.setTimeout(0);
    socket.pause();
    const all = this.#next.length === 0 ? bytes : Buffer.concat([bytes, ...this.#next]);
    if (all.length > 0) socket.unshift(all);
    this.#toNode(socket);
    process.nextTick(() => socket.resume());
  }
}

/** Has a server without TLS answer whole requests itself. To be called before anybody else listens for its connections. */
export function answerWholeRequests(server: Server, options: WholeRequestsOptions): void {
  const [node] = server.listeners('connection') as ((this: Server, socket: Socket) => void)[];
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    new Connection(socket, options, (own) => node!.call(server, own));
  });
}
