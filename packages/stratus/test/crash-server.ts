// A real `stratus serve` that is killed, and a client of its REST API that keeps what it was told. For crash-rounds.ts.
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { StratusError } from '@stratus/core';
import { type Client, connect } from '../src/client/index.ts';
import type { Store } from '../src/store/index.ts';
import type { Workspace } from '../src/workspace/index.ts';
import { freePort } from './postgres-server.ts';

const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));

/** What a server ends with that began, or goes on, without its database. */
export const withoutDatabase = /failed: .*(Check|try again)/;

export interface CrashServer {
  /** Kills it with -9; another one follows, as service managers do it. False where none runs just now. */
  kill(): Promise<boolean>;
  /** How much the client was told that it is kept. */
  readonly acknowledged: number;
  /** What of it is not there, or not as it was said. `work`: looks at the store, until it answers. */
  missing(work: <T>(look: () => Promise<T>) => Promise<T>, workspace: Workspace): Promise<string[]>;
  /** Ends the client, then the server. */
  stop(): Promise<void>;
}

/** `ended`: told of a server that ended by itself. */
export async function crashServer(
  { cwd, env }: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
  ended: (how: string) => void,
): Promise<CrashServer> {
  const port = await freePort();
  let child: ChildProcess;
  let isOver = false;
  const begin = (): void => {
    child = spawn(process.execPath, [main, 'serve', '--port', String(port)], { cwd, env, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-1000)));
    child.on('close', (code, killedBy) => {
      if (isOver) return;
      if (killedBy !== 'SIGKILL' && !withoutDatabase.test(said)) ended(`the server ended with ${code}: ${said}`);
      setTimeout(begin, 50);
    });
  };
  begin();
  const client = restClient(`http://127.0.0.1:${port}`, () => isOver);
  const work = client.work().catch((e: Error) => ended(`the client of the server: ${e.message}`));
  return {
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return false;
      const closed = once(child, 'close');
      child.kill('SIGKILL');
      await closed;
      return true;
    },
    get acknowledged() {
      return client.acknowledged();
    },
    missing: client.missing,
    async stop() {
      isOver = true;
      await work;
      const closed = child.exitCode === null && child.signalCode === null ? once(child, 'close') : undefined;
      child.kill('SIGTERM');
      await closed;
    },
  };
}

/** Nobody answered, or what answered had no database: it is asked again. */
const passes = (e: unknown): boolean =>
  StratusError.is(e) && ['request-failed', 'database-failed', 'busy', 'aborted'].includes(e.code);

function restClient(url: string, isOver: () => boolean) {
  // The client sends what may be sent twice again by itself, for longer than a server takes to come back.
  const client: Client = connect({ url, retries: 30 });
  const run = 'over-rest';
  const points: number[] = [];
  const versions = new Map<number, string>();
  const moves = new Map<number, number>();
  const contents = new Map<string, Uint8Array>();

  /** What must not be sent twice: without an answer nobody knows, and nothing is acknowledged. */
  const once = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (e) {
      if (!passes(e)) throw e;
    }
  };
  const work = async (): Promise<void> => {
    // With a key of its own a run is asked for but once by the client: it might be somebody else's.
    for (let isMade = false; !isMade && !isOver(); await sleep(50))
      isMade = await client.runs.create({ key: run }).then(
        () => true,
        (e: unknown) => {
          if (passes(e)) return false;
          if (StratusError.is(e) && e.code === 'conflict') return true; // it was made, and the answer was lost
          throw e;
        },
      );
    for (let step = 0; !isOver(); step++) {
      const value = Math.sin(step);
      await client.metrics.append(run, [{ name: 'sent', step, value }]);
      points.push(value);
      if (step % 8 === 7) {
        const bytes = randomBytes(200);
        const { digest } = await client.blobs.put(bytes);
        contents.set(digest, bytes);
        await once(async () => {
          const { number } = await client.models.register('rest', { digest, run });
          versions.set(number, digest);
          const move = await client.aliases.move('rest', 'staging', number, { reason: `step ${step}` });
          moves.set(move.number, number);
        });
      }
      await sleep(5);
    }
  };

  const missing = async (look: <T>(work: () => Promise<T>) => Promise<T>, { store, blobs }: Workspace): Promise<string[]> => {
    // What is acknowledged by now; what is said while the store is looked at is not asked for.
    const [told, known, moved] = [points.length, [...versions], [...moves]];
    const found: string[] = [];
    if (told > 0) {
      const kept = await look(() => store.metrics.history(run, 'sent', { limit: 1e6 }));
      // Each once, in order: the client sent what was not answered again, and the server knew it. One more may be on its way.
      if (kept.length < told) found.push(`over REST: ${told - kept.length} points`);
      for (const [i, { step, value }] of kept.entries())
        if (step !== i || value !== Math.sin(i)) found.push(`over REST: point ${i} is step ${step}, ${value}`);
    }
    found.push(...(await lost(look, store, known, moved)));
    for (const [, digest] of known.slice(-5)) {
      const bytes = await blobs.read(digest);
      if (
        `sha256:${createHash('sha256').update(bytes).digest('hex')}` !== digest ||
        Buffer.compare(bytes, contents.get(digest)!) !== 0
      )
        found.push(`over REST: the blob ${digest}`);
    }
    return found;
  };
  return { work, missing, acknowledged: () => points.length + versions.size + moves.size };
}

async function lost(
  look: <T>(work: () => Promise<T>) => Promise<T>,
  store: Store,
  versions: readonly (readonly [number, string])[],
  moves: readonly (readonly [number, number])[],
): Promise<string[]> {
  if (versions.length === 0) return [];
  const kept = new Map((await look(() => store.models.versions('rest', { limit: 1e6 }))).map((one) => [one.number, one.digest]));
  const gap = Array.from({ length: kept.size }, (_, i) => i + 1).find((number) => !kept.has(number));
  const history = moves.length === 0 ? [] : await look(() => store.aliases.history('rest', 'staging'));
  const moved = new Map(history.map((one) => [one.number, one.version]));
  return [
    ...(gap === undefined ? [] : [`over REST: no version ${gap}`]),
    ...versions.filter(([number, digest]) => kept.get(number) !== digest).map(([number]) => `over REST: version ${number}`),
    ...moves.filter(([number, to]) => moved.get(number) !== to).map(([number]) => `over REST: move ${number}`),
  ];
}
