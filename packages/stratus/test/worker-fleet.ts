// Servers of several processes, and clients that reach all of them.
import { Agent, request } from 'node:http';
import type { WorkerStatus } from '../src/workers/index.ts';
import { type Running, type StartOptions, start } from './cli-process.ts';

/** A server of several processes. */
export interface Fleet {
  readonly server: Running;
  readonly url: string;
  readonly grpc: string | undefined;
}

const started: Running[] = [];

/** Starts a command that serves; `endFleets` ends it. */
export async function startFleet(args: readonly string[], options?: StartOptions): Promise<Fleet> {
  const server = start([...args, '--port', '0', '--json'], options);
  started.push(server);
  const [line] = await server.until(/\{"type":"serving".*\}/);
  const { url, grpc } = JSON.parse(line) as { url: string; grpc?: string };
  return { server, url, grpc };
}

/** Ends all, and their workers by that. */
export async function endFleets(): Promise<void> {
  for (const one of started) one.kill('SIGKILL');
  await Promise.all(started.map(({ ended }) => ended));
}

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** One request over the agent's connection. */
export const call = (
  url: string,
  {
    agent = false,
    method = 'GET',
    body,
    headers = {},
  }: { agent?: Agent | false; method?: string; body?: string; headers?: Record<string, string> } = {},
): Promise<Answered> =>
  new Promise((resolve, reject) => {
    const client = request(url, { method, agent, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, text }));
      response.on('error', reject);
    });
    client.on('error', reject);
    client.end(body);
  });

/** Connections that stay open: of so many, each worker has some. */
export class Connections {
  readonly agents: readonly Agent[];

  constructor(count: number) {
    this.agents = Array.from({ length: count }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
  }

  /** The same question over each of them, at once. */
  all(url: string, options: Omit<NonNullable<Parameters<typeof call>[1]>, 'agent'> = {}): Promise<Answered[]> {
    return Promise.all(this.agents.map((agent) => call(url, { ...options, agent })));
  }

  close(): void {
    for (const agent of this.agents) agent.destroy();
  }
}

export const workersOf = async (url: string): Promise<readonly WorkerStatus[]> =>
  (JSON.parse((await call(`${url}/workers`)).text) as { workers: WorkerStatus[] }).workers;

export const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
};
