// Trainings under two supervisors and a server, and in every round one process is killed at a random moment: a trainer, a supervisor, the server, or the database. After each
// round nothing that was acknowledged may be missing, to a script, to a client of the server, or by a checkpoint; in the end the weights are those of a training that nobody disturbed. Long in bench/soak/crash.ts, short in crash.test.ts.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { decodeArtifact } from '@stratus/core';
import type { Store } from '../src/store/index.ts';
import { openWorkspace } from '../src/workspace/index.ts';
import { crashServer, withoutDatabase } from './crash-server.ts';
import { differs, unrecorded } from './crash-tracked.ts';
import type { PostgresServer } from './postgres-server.ts';

const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const script = fileURLToPath(new URL('crash-train.mjs', import.meta.url));

export type Victim = 'trainer' | 'supervisor' | 'server' | 'database';

export interface CrashOptions {
  /** An empty folder. */
  readonly folder: string;
  readonly rounds: number;
  /** The store is on this server, which is killed as well; else it is a file. */
  readonly server?: PostgresServer;
  /** How many trainings go on at once. */
  readonly trainings?: number;
  /** From 0 to 1. */
  random(): number;
  /** Who is killed in the first round; anybody where it is left out. */
  readonly first?: Victim;
  log(line: string): void;
  readonly signal?: AbortSignal;
}

/** What was done, and what was found. */
export interface CrashReport {
  readonly rounds: number;
  readonly kills: Readonly<Record<Victim, number>>;
  readonly attempts: number;
  /** Trainings that went to their end, and those of them whose weights are not the undisturbed one's. */
  readonly trainings: number;
  readonly different: number;
  readonly acknowledged: number;
  /** To the client of the server. */
  readonly posted: number;
  /** What was acknowledged and is not there, or not as it was said. */
  readonly lost: readonly string[];
  /** Trainings that found another process at the same one. */
  readonly doubles: number;
}

interface Ack {
  readonly step?: number;
  readonly value?: number;
  readonly version?: number;
  readonly digest?: string;
  readonly move?: number;
  readonly to?: number;
  readonly double?: number;
}

/** What a training said; a line that was cut off was not said. */
function acksOf(file: string): Ack[] {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Ack);
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** The weights of a model, as one text. */
const weightsOf = async (file: string): Promise<string> => {
  const { weights } = await decodeArtifact(readFileSync(file), file);
  return JSON.stringify(Object.entries(weights).map(([name, { data }]) => [name, [...(data as Float32Array)]]));
};

/** Until it works: the database may be down. */
async function surely<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await work();
    } catch (e) {
      if (tries > 200) throw e;
      await sleep(50);
    }
  }
}

/** What a run, its model and the alias lack of what was acknowledged. */
async function missing(store: Store, job: string, acks: readonly Ack[]): Promise<string[]> {
  const points = acks.some(({ step }) => step !== undefined)
    ? await store.metrics.history(job, 'acknowledged', { limit: 1e6 })
    : [];
  const values = new Map(points.map(({ step, value }) => [step, value]));
  const isBuilt = acks.some(({ version }) => version !== undefined);
  const versions = new Map(
    (isBuilt ? await store.models.versions('net', { limit: 1e6 }) : []).map((one) => [one.number, one.digest]),
  );
  const moves = new Map(
    (isBuilt ? await store.aliases.history('net', 'production') : []).map((one) => [one.number, one.version]),
  );
  const gap = [...versions.keys()].find((number) => number > 1 && !versions.has(number - 1));
  return [
    ...(gap === undefined ? [] : [`no version before ${gap}`]),
    ...points.filter(({ step, value }) => !same(values.get(step), value)).map(({ step }) => `${job}: two values of step ${step}`),
    ...acks.flatMap(({ step, value, version, digest, move, to }) => {
      if (step !== undefined && !same(values.get(step), value)) return [`${job}: step ${step}`];
      if (version !== undefined && versions.get(version) !== digest) return [`${job}: version ${version}`];
      return move !== undefined && moves.get(move) !== to ? [`${job}: move ${move}`] : [];
    }),
  ];
}

export async function crashRounds(options: CrashOptions): Promise<CrashReport> {
  const { folder, rounds, server, random, log, signal, trainings = 2 } = options;
  mkdirSync(join(folder, '.stratus'), { recursive: true });
  copyFileSync(script, join(folder, 'train.mjs'));
  const address = server && `postgres://reader:${encodeURIComponent(server.password)}@127.0.0.1:${server.port}/postgres`;
  const env = { ...process.env, STRATUS_STORE: address ?? '' };
  const workspace = await openWorkspace({ folder, ...(address !== undefined && { store: address }) });
  const { store } = workspace;
  const names: string[] = [];
  const submit = async (): Promise<void> => {
    const key = `t${names.length}`;
    names.push(key);
    const command = ['stratus', 'train', 'train.mjs', '--quiet', '--', `${key}.onnx`];
    const more = { retries: 1000, backoffMs: 20, cores: 0.5, preemptible: true };
    await surely(() =>
      store.jobs.submit({ key, command, cwd: folder, ...more }).catch((e: Error) => {
        if (!/is there already/.test(e.message)) throw e; // the answer was lost
      }),
    );
  };
  const supervisors: ChildProcess[] = [];
  const lost: string[] = [];
  let isOver = false;
  /** One that is killed, or that began while the database was down, is followed by another, as service managers do. */
  const supervise = (at: number): void => {
    const args = [main, 'jobs', 'run', '--cores', '4', '--lease', '30s'];
    const child = spawn(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe'] });
    supervisors[at] = child;
    let said = '';
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-1000)));
    child.on('close', (code, killedBy) => {
      if (isOver) return;
      if (killedBy !== 'SIGKILL' && !withoutDatabase.test(said)) lost.push(`a supervisor ended with ${code}: ${said}`);
      supervise(at);
    });
  };
  const kills = { trainer: 0, supervisor: 0, server: 0, database: 0 };
  const rest = await crashServer({ cwd: folder, env }, (how) => void lost.push(how));
  let acknowledged = 0;

  const check = async (keys: readonly string[]): Promise<void> => {
    for (const key of keys) {
      const acks = acksOf(join(folder, `${key}.onnx.acks`)); // before the store is looked at: what is said later is not asked for
      lost.push(...(await surely(() => missing(store, key, acks))), ...(await surely(() => unrecorded(store, folder, key))));
    }
    lost.push(...(await rest.missing(surely, workspace)));
  };
  /** Until trainings have said so much more, or nothing for a while: a process that is killed before it began to work loses nothing. */
  const progress = async (keys: readonly string[], more: number): Promise<void> => {
    const said = (): number => keys.reduce((sum, key) => sum + acksOf(join(folder, `${key}.onnx.acks`)).length, 0);
    const [enough, end] = [said() + more, performance.now() + 10_000];
    while (said() < enough && performance.now() < end && !signal?.aborted) await sleep(20);
  };
  /** False where there was nobody to be killed just then. */
  const kill = async (): Promise<boolean> => {
    const targets = ['trainer', 'trainer', 'supervisor', 'server', ...(server ? ['database'] : [])] as Victim[];
    const target = (done === 0 ? options.first : undefined) ?? targets[Math.floor(random() * targets.length)]!;
    if (target === 'supervisor') {
      const victim = supervisors[Math.floor(random() * supervisors.length)]!;
      if (victim.exitCode !== null || victim.signalCode !== null) return false;
      victim.kill('SIGKILL');
      await once(victim, 'close');
    } else if (target === 'server') {
      if (!(await rest.kill())) return false;
    } else if (target === 'database') {
      await server!.crash(random() < 0.5 ? 'immediate' : 'kill');
      await sleep(random() * 300);
      await server!.restart();
    } else {
      const running = await surely(() => store.attempts.running());
      const trainers = running.flatMap(({ pid }) => (pid === undefined ? [] : trainerOf(pid)));
      const victim = trainers[Math.floor(random() * trainers.length)];
      if (victim === undefined) return false;
      // The trainer alone, or with it whoever would have known how it ended.
      process.kill(random() < 0.7 ? victim.pid : -victim.leader, 'SIGKILL');
      await until(async () => trainerOf(victim.leader).length === 0, signal);
    }
    kills[target]++;
    return true;
  };

  let done = 0;
  try {
    for (const at of [0, 1]) supervise(at);
    await submit();
    await until(async () => (await store.jobs.get('t0')).status === 'succeeded', signal); // nobody disturbs the first one
    while (done < rounds && !signal?.aborted) {
      const active = await surely(() => store.jobs.list({ status: ['waiting', 'queued', 'running'] }));
      for (let i = active.length; i < trainings; i++) await submit();
      await progress(names.slice(-trainings), Math.floor(random() * 40));
      await sleep(random() * 200);
      if (!(await kill())) continue;
      done++;
      await check(names.slice(-trainings - 1));
      if (done % 10 === 0)
        log(`round ${done}: ${JSON.stringify(kills)}, ${names.length} trainings, lost: ${lost.join('; ') || 'nothing'}`);
    }
    await until(async () => {
      const jobs = await store.jobs.list({ limit: 10_000 });
      return jobs.every(({ status }) => ['succeeded', 'failed', 'lost'].includes(status));
    }, undefined);
    // What a training could not say any more, since the database was away at its end, supervisors bring home.
    await until(async () => leftBehind(workspace.folder).length === 0, undefined);
    await check(names);
  } finally {
    isOver = true;
    await rest.stop();
    for (const one of supervisors) if (one.kill('SIGTERM')) await once(one, 'close');
  }
  lost.push(...(await rest.missing(surely, workspace)));
  const jobs = await store.jobs.list({ limit: 10_000 });
  const expected = await weightsOf(join(folder, 't0.onnx'));
  let [different, doubles] = [0, 0];
  for (const { key, status, reason } of jobs) {
    const acks = acksOf(join(folder, `${key}.onnx.acks`));
    acknowledged += acks.length;
    doubles += acks.filter((ack) => ack.double !== undefined).length;
    if (status !== 'succeeded') lost.push(`${key} is ${status}: ${reason}`);
    else {
      if ((await weightsOf(join(folder, `${key}.onnx`))) !== expected) different++;
      lost.push(...(await differs(store, key, 't0')));
    }
  }
  await workspace.close();
  const attempts = jobs.reduce((sum, job) => sum + job.attempts, 0);
  const posted = rest.acknowledged;
  return { rounds: done, kills, attempts, trainings: jobs.length, different, acknowledged, posted, lost, doubles };
}

/** The files that trainings have left for whoever comes next. */
const leftBehind = (folder: string): string[] => {
  const notes = join(folder, 'waiting');
  return existsSync(notes) ? readdirSync(notes) : [];
};

/** The command below the shell that leads its group, as long as it runs. */
function trainerOf(leader: number): { readonly leader: number; readonly pid: number }[] {
  try {
    const children = readFileSync(`/proc/${leader}/task/${leader}/children`, 'utf8').trim().split(' ').map(Number);
    // The shell has a child of its own, which is called as it is.
    const pid = children.find((child) => readFileSync(`/proc/${child}/cmdline`, 'utf8').startsWith(`${process.execPath}\0`));
    return pid === undefined ? [] : [{ leader, pid }];
  } catch {
    return []; // it ended while it was looked at
  }
}

async function until(isSo: () => Promise<boolean>, signal: AbortSignal | undefined): Promise<void> {
  const end = performance.now() + 300_000;
  while (!(await surely(isSo)) && !signal?.aborted) {
    if (performance.now() > end) throw new Error('nothing goes on any more');
    await sleep(100);
  }
}
