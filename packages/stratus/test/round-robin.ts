// The simplest balancer there is: each request goes to the next server, whoever asked.
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Balancer {
  readonly url: string;
  stop(): Promise<void>;
}

/** A balancer before servers on the loopback. A server that does not answer makes 502: nothing is tried again. */
export async function roundRobin(urls: readonly string[]): Promise<Balancer> {
  const agent = new Agent({ keepAlive: true });
  let turn = 0;
  const server = createServer((client, answer) => {
    const { method, url, headers } = client;
    const target = new URL(url!, urls[turn++ % urls.length]);
    const asked = request(target, { method, headers, agent }, (response) => {
      answer.writeHead(response.statusCode!, response.headers);
      response.pipe(answer);
    });
    asked.on('error', () => answer.headersSent || answer.writeHead(502).end());
    client.pipe(asked);
  });
  server.keepAliveTimeout = 0; // a client that stands still for a while finds its connection again
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      agent.destroy();
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
