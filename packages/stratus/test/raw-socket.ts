// Speaks to a server in bytes, as those do who mean no good.
import { connect, type Socket } from 'node:net';

export interface RawOptions {
  /** Closes our side when all is sent. */
  readonly end?: boolean;
  /** Leaves when this has come. */
  readonly until?: RegExp;
}

/** Sends bytes as they are, and gives all that comes back until the other side closes. */
export function raw(port: number, text: string | Buffer, { end = false, until }: RawOptions = {}): Promise<string> {
  return new Promise((resolve) => {
    const bytes = typeof text === 'string' ? Buffer.from(text, 'latin1') : text;
    const socket = connect(port, '127.0.0.1', () => (end ? socket.end(bytes) : socket.write(bytes)));
    let got = '';
    socket.on('data', (part) => {
      got += part.toString('latin1');
      if (until?.test(got)) socket.destroy();
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(got));
  });
}

/** The status of each answer in what came back. */
export const statuses = (text: string): number[] =>
  [...text.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status]) => Number(status));

/** Resolves when the other side has closed, whatever came. */
export const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    socket.on('error', () => {});
    socket.on('close', () => resolve());
    socket.resume();
  });
