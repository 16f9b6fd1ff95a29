// Several real processes behind one port: killed, ended, restarted under load.
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WorkerStatus } from '../src/workers/index.ts';
import { events, type Running, start, stratus } from './cli-process.ts';
import { answer, inferBody, smallBytes } from './serving.ts';

const folder = mkdtempSync(join(tmpdir(), 'stratus-workers-'));
const file = join(folder, 'small.onnx');
const running: Running[] = [];
beforeAll(async () => writeFileSync(file, await smallBytes()));
afterAll(() => {
  for (const one of running) one.kill('SIGKILL'); // its workers end by themselves
  rmSync(folder, { recursive: true });
});

async function serve(...more: readonly string[]): Promise<{ server: Running; url: string }> {
  const server = start(['deploy', file, '--port', '0', '--name', 'm', '--workers', '2', '--json', ...more]);
  running.push(server);
  const [, url] = await server.until(/"url":"([^"]+)"/);
  return { server, url: url! };
}

const body = inferBody([1, 2, 3], [1, 3]);
const workersOf = async (url: string): Promise<readonly WorkerStatus[]> =>
  ((await (await fetch(`${url}/workers`, { headers: { connection: 'close' } })).json()) as { workers: WorkerStatus[] }).workers;

/** Asks once; false where no answer came, or a wrong one. */
const ask = (url: string, agent: Agent | false = false): Promise<boolean> =>
  new Promise((resolve) => {
    const client = request(`${url}/v2/models/m/infer`, { method: 'POST', agent }, (response) => {
      let text = '';
      response.on('data', (part) => (text += String(part)));
      response.on('end', () => {
        const { outputs } = JSON.parse(text) as { outputs?: readonly [{ data: unknown }] };
        resolve(JSON.stringify(outputs?.[0].data) === JSON.stringify(answer([1, 2, 3])));
      });
      response.on('error', () => resolve(false));
    });
    client.on('error', () => resolve(false));
    client.end(body);
  });

/** Clients that ask one request after the other until they are stopped. */
function load(url: string, clients: number, keepAlive: boolean) {
  const counts = { answered: 0, lost: 0 };
  let isOver = false;
  const all = Array.from({ length: clients }, async () => {
    const agent = keepAlive ? new Agent({ keepAlive, maxSockets: 1 }) : false;
    while (!isOver) counts[(await ask(url, agent)) ? 'answered' : 'lost']++;
    if (agent) agent.destroy();
  });
  return {
    counts,
    /** Until so many more have been answered. */
    async answers(more: number): Promise<void> {
      const goal = counts.answered + more;
      while (counts.answered < goal) await new Promise((resolve) => setTimeout(resolve, 5));
    },
    async stop(): Promise<typeof counts> {
      isOver = true;
      await Promise.all(all);
      return counts;
    },
  };
}

const isThere = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
};

describe.skipIf(process.platform === 'win32')('workers', () => {
  it('are ready when it says so, share the connections, and say what memory they have', async () => {
    const { server, url } = await serve();
    const agents = Array.from({ length: 6 }, () => new Agent({ keepAlive: true }));
    await Promise.all(agents.map(async (agent) => expect(await ask(url, agent)).toBe(true)));
    const list = await workersOf(url);
    expect(list.map(({ state }) => state)).toEqual(['ready', 'ready']);
    for (const { connections, residentBytes } of list) {
      expect(connections).toBeGreaterThanOrEqual(3);
      expect(residentBytes).toBeGreaterThan(20e6);
    }
    for (const agent of agents) agent.destroy();
    await until(async () => (await workersOf(url)).reduce((sum, { connections }) => sum + connections, 0) <= 1);
    server.kill('SIGTERM');
    const { code, stdout } = await server.ended;
    expect(code).toBe(0);
    expect(events(stdout).map(({ type }) => type)).toEqual(['worker-ready', 'worker-ready', 'serving', 'stopped']);
    for (const { pid } of list) expect(isThere(pid)).toBe(false);
  });

  it('lose at most what they were answering when they are killed under load, and are replaced', async () => {
    const { server, url } = await serve();
    const clients = load(url, 8, true);
    let most = 0;
    for (let round = 0; round < 4; round++) {
      await clients.answers(100);
      const list = await workersOf(url);
      const victim = list.find(({ state }) => state === 'ready')!;
      most += victim.connections; // a client has one request on its way at most
      process.kill(victim.pid, 'SIGKILL');
      await until(async () => {
        const now = await workersOf(url).catch(() => []);
        return now.length === 2 && now.every(({ pid, state }) => pid !== victim.pid && state === 'ready');
      });
    }
    await clients.answers(100);
    const { lost } = await clients.stop();
    expect(lost).toBeLessThanOrEqual(most);
    server.kill('SIGTERM');
    const { code, stdout } = await server.ended;
    expect(code).toBe(0);
    const ends = events(stdout).filter(({ type }) => type === 'worker-ended');
    expect(ends.map(({ signal }) => signal)).toEqual(['SIGKILL', 'SIGKILL', 'SIGKILL', 'SIGKILL']);
    // Those that end soon after their start are replaced ever more slowly.
    expect(ends.map(({ againInMs }) => againInMs)).toEqual([100, 200, 400, 800]);
  });

  it('lose nothing when one is told to end under load', async () => {
    const { server, url } = await serve();
    const clients = load(url, 4, false);
    await clients.answers(50);
    const [victim] = await workersOf(url);
    process.kill(victim!.pid, 'SIGTERM');
    await until(() => !isThere(victim!.pid));
    await clients.answers(50);
    expect((await clients.stop()).lost).toBe(0);
    server.kill('SIGTERM');
    expect((await server.ended).code).toBe(0);
  });

  it('answer what is open after SIGTERM, and take nothing new', async () => {
    const { server, url } = await serve();
    const client = request(`${url}/v2/models/m/infer`, { method: 'POST', headers: { 'content-length': body.length } });
    client.write(body.slice(0, 10));
    await until(async () => (await workersOf(url)).reduce((sum, { connections }) => sum + connections, 0) >= 2); // that and this one
    await fetch(`${url}/v2/health/live`);
    server.kill('SIGTERM');
    await until(() =>
      fetch(url).then(
        () => false,
        () => true,
      ),
    );
    client.end(body.slice(10));
    const [response] = await once(client, 'response');
    let text = '';
    for await (const part of response) text += String(part);
    expect(JSON.parse(text)).toMatchObject({ outputs: [{ data: answer([1, 2, 3]) }] });
    expect((await server.ended).code).toBe(0);
  });

  it('end by themselves when the process that has the port is killed', async () => {
    const { server, url } = await serve();
    const list = await workersOf(url);
    server.kill('SIGKILL');
    await until(() => list.every(({ pid }) => !isThere(pid)));
  });

  it('say what is wrong with a model or a port as one process does, and are gone', async () => {
    writeFileSync(join(folder, 'none.onnx'), 'no model');
    const [one, several] = await Promise.all(
      [[], ['--workers', '2']].map((more) => stratus(['deploy', join(folder, 'none.onnx'), '--port', '0', ...more])),
    );
    expect(several).toEqual(one);
    expect(several!.code).toBe(1);
    const { server, url } = await serve();
    const taken = await stratus(['deploy', file, '--port', new URL(url).port, '--workers', '2']);
    expect(taken).toMatchObject({ code: 1, stderr: expect.stringContaining('already in use') as string });
    server.kill('SIGTERM');
    await server.ended;
  });
});
