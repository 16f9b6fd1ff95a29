// A wire that breaks: passes TCP on to a server, and cuts connections when it is told to.
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface CutProxy {
  readonly port: number;
  /** Connections that were cut. */
  readonly cuts: number;
  /** Bytes that clients have sent through it. */
  readonly sent: number;
  /** Cuts the connection on which the so-manieth byte from now goes to the server ('up') or comes from it ('down'). Several may be waiting, each counted from when the one before it was met. */
  cutAfter(bytes: number, direction?: 'up' | 'down'): void;
  /** While it is out, connections are refused: those that are open are cut. */
  out(isOut: boolean): void;
  stop(): Promise<void>;
}

export async function cutProxy(target: number): Promise<CutProxy> {
  const open = new Set<Socket>();
  const limits: { left: number; direction: 'up' | 'down' }[] = [];
  let isOut = false;
  let cuts = 0;
  let sent = 0;
  const server = createServer((client) => {
    if (isOut) return client.resetAndDestroy();
    const upstream = connect(target, '127.0.0.1');
    const end = (): void => {
      client.destroy();
      upstream.destroy();
      open.delete(client);
    };
    const cut = (): void => {
      cuts++;
      client.resetAndDestroy();
      upstream.resetAndDestroy();
      open.delete(client);
    };
    const pass = (from: Socket, to: Socket, direction: 'up' | 'down') => (bytes: Buffer) => {
      if (direction === 'up') sent += bytes.length;
      const [limit] = limits;
      if (limit?.direction === direction) {
        limit.left -= bytes.length;
        if (limit.left <= 0) {
          limits.shift();
          to.write(bytes.subarray(0, Math.max(0, bytes.length + limit.left)), cut); // what was before the cut arrives
          from.pause();
          return;
        }
      }
      if (!to.write(bytes)) {
        from.pause();
        to.once('drain', () => from.resume());
      }
    };
    open.add(client);
    client
      .on('data', pass(client, upstream, 'up'))
      .on('error', end)
      .on('close', end);
    upstream
      .on('data', pass(upstream, client, 'down'))
      .on('error', end)
      .on('close', end);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    port: (server.address() as AddressInfo).port,
    get cuts() {
      return cuts;
    },
    get sent() {
      return sent;
    },
    cutAfter: (bytes, direction = 'up') => void limits.push({ left: bytes, direction }),
    out(value) {
      isOut = value;
      if (!value) return;
      for (const socket of open) socket.resetAndDestroy();
      open.clear();
    },
    async stop() {
      for (const socket of open) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}
