// An alias moves, and a canary begins and ends, a hundred times each, by the REST API, while 16 clients ask without a pause: no request may fail.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Result, Run } from '../result.ts';
import { keep } from '../shared/keep.ts';
import { holdLoad, type Load } from '../shared/load.ts';
import { quick } from '../shared/quick.ts';
import { bodyOf, requestFile, type ServedModel, servedModel } from '../shared/served-models.ts';
import { startServerProcess } from '../shared/server-process.ts';

const times = quick ? 3 : 100;
const path = '/v2/models/net/infer';

/** The version that answers one request. */
async function versionAt(url: string, model: ServedModel): Promise<string> {
  const { body, headers } = bodyOf(model, 'binary');
  const response = await fetch(`${url}${path}`, { method: 'POST', body: new Uint8Array(body), headers });
  const text = await response.text();
  return /"model_version":"([^"]*)"/.exec(text)?.[1] ?? `status ${response.status}`;
}

/** Waits until requests are answered by a version. */
async function until(url: string, model: ServedModel, wanted: string): Promise<void> {
  const end = performance.now() + 30_000;
  for (let got = ''; got !== wanted; got = await versionAt(url, model)) {
    if (performance.now() > end) throw new Error(`Version ${got} answers, and not ${wanted}.`);
    if (got !== '') await pause(2);
  }
}

export const run: Run = async (context) => {
  const { root, signal, log } = context;
  const folder = await mkdtemp(join(tmpdir(), 'stratus-serve-'));
  const dist = join(root, 'packages/stratus/dist');
  try {
    const model = await servedModel('mnist', folder);
    for (const _ of [1, 2])
      await promisify(execFile)(
        process.execPath,
        [join(dist, 'cli/main.js'), 'models', 'register', model.file, '--name', 'net'],
        {
          cwd: folder,
          signal,
        },
      );
    const server = await startServerProcess(
      {
        file: process.execPath,
        args: (port) => [join(root, 'bench/peers/serve-registry.mjs'), join(dist, 'index.js'), String(port)],
        cwd: folder,
        readyPath: '/v2/models/net/ready',
      },
      { signal },
    );
    try {
      const url = `http://127.0.0.1:${server.port}`;
      const call = async (method: string, about: string, body?: object): Promise<void> => {
        const response = await fetch(`${url}/api/v1/projects/default/models/net/${about}`, {
          method,
          ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
        });
        const text = await response.text();
        if (!response.ok) throw new Error(`${method} ${about}: ${response.status} ${text}`);
      };
      const request = await requestFile(model, { form: 'binary', path, folder });
      const load = { port: server.port, request, connections: 16, warmUpMs: 500 };
      const underLoad = async (change: (i: number) => Promise<void>): Promise<Load> => {
        const held = holdLoad(root, load, signal);
        await held.counting;
        for (let i = 0; i < times; i++) {
          signal.throwIfAborted();
          await change(i);
        }
        return await held.end();
      };
      const move = (version: string) => call('PUT', 'aliases/production', { version: Number(version), reason: 'measured' });
      const moved = await underLoad(async (i) => {
        const version = String(1 + (i % 2));
        await move(version);
        await until(url, model, version);
      });
      log(`aliases: ${moved.answered} answers`);
      await move('1');
      await until(url, model, '1');
      const canaried = await underLoad(async () => {
        const routes = [
          { version: '1', weight: 1 },
          { version: '2', weight: 1 },
        ];
        await call('PUT', 'traffic', { routes });
        await until(url, model, '2');
        await call('DELETE', 'traffic');
        for (let calm = 0; calm < 6; calm++) if ((await versionAt(url, model)) !== '1') calm = -1; // the rule is over
      });
      const result = (name: string, { statuses, failed, answered, versions, seconds, errors }: Load): Result => ({
        name,
        reached: failed + Object.entries(statuses).reduce((n, [status, count]) => n + (status === '200' ? 0 : count), 0),
        target: 0,
        better: 'lower',
        unit: 'requests',
        detail: `${answered} answers in ${seconds.toFixed(0)} s, by version ${JSON.stringify(versions)}; each change was seen in answers before the next${errors.length > 0 ? `; ${errors.join('; ')}` : ''}`,
      });
      return await keep(context, 'serve-switch', {
        results: [
          result(`An alias moves ${times} times under load: failed requests`, moved),
          result(`A canary begins and ends ${times} times under load: failed requests`, canaried),
        ],
        moved,
        canaried,
      });
    } finally {
      await server.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
