import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Parameters } from '../search/index.ts';
import type { Store } from '../store/index.ts';
import { identityOf } from './process.ts';
import { reportsOf, tags } from './records.ts';
import type { Trial } from './trial.ts';

/** How trials are run as processes. */
export interface ScriptTrials {
  /** What is started for a trial, for the program node: its file and arguments. */
  readonly argv: (trial: Trial) => readonly string[];
  /** Beside STRATUS_PARAMS and STRATUS_RUN. */
  readonly env: Readonly<Record<string, string>>;
  readonly store: Store;
  readonly metric: string;
  /** Where a trial keeps its checkpoints. They go when it is over; its last model is kept as an artifact where the script kept none. */
  readonly checkpoints: (trial: Trial) => string;
  /** How long a process may take to stop before it is killed; 30 seconds. */
  readonly graceMs?: number;
}

const everyMs = 250;
const tailLength = 4000;

/** The end of what a process said. */
function tailOf(stream: NodeJS.ReadableStream | null): () => string {
  let tail = '';
  stream?.setEncoding('utf8').on('data', (text: string) => {
    tail = (tail + text).slice(-tailLength);
  });
  return () => tail;
}

const leash = new URL('leash.js', import.meta.url).href;

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Resolves when the process is over and everything it said is here. */
const ended = (child: ChildProcess): Promise<Ended> =>
  new Promise((resolve, reject) => {
    child.once('error', reject).once('close', (code, signal) => resolve({ code, signal }));
  });

const pause = (ms: number, over: Promise<unknown>): Promise<unknown> => {
  let timer: NodeJS.Timeout | undefined;
  const rest = new Promise((done) => {
    timer = setTimeout(done, ms);
  });
  return Promise.race([rest, over]).finally(() => clearTimeout(timer));
};

/** Tells the trial what its process has written to its run since it was asked last. */
function listener(trial: Trial & Partial<Hears>, store: Store, metric: string): () => Promise<void> {
  let seen = 0;
  return async () => {
    const run = await store.runs.get(trial.key);
    const points = run.metrics[metric]?.points ?? 0;
    if (points === seen) return;
    seen = points;
    for (const report of await reportsOf(store, run, { metric, steps: 'counted' })) await trial.heard?.(report);
  };
}

/** What a trial of `sweep` can besides. */
interface Hears {
  heard(report: { readonly step: number; readonly value: number }): Promise<void>;
}

/** For a sweep whose steps are counted: an objective that runs a process for each trial, reads its metrics from the store, and stops it by SIGTERM. */
export function scriptTrials(options: ScriptTrials): (parameters: Parameters, trial: Trial) => Promise<undefined> {
  const { argv, env, store, metric, checkpoints, graceMs = 30_000 } = options;
  return async (parameters, trial) => {
    const child = spawn(process.execPath, ['--import', leash, ...argv(trial)], {
      env: { ...process.env, ...env, STRATUS_PARAMS: JSON.stringify(parameters), STRATUS_RUN: trial.key },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      detached: true, // Ctrl-C reaches the sweep alone, which then stops its trials
    });
    const [out, errors] = [tailOf(child.stdout), tailOf(child.stderr)];
    const over = ended(child);
    let killer: NodeJS.Timeout | undefined;
    const stop = (): void => {
      child.kill('SIGTERM');
      killer = setTimeout(() => child.kill('SIGKILL'), graceMs);
    };
    trial.signal.addEventListener('abort', stop, { once: true });
    try {
      if (child.pid !== undefined) await store.runs.change(trial.key, { tags: { [tags.process]: identityOf(child.pid) } });
      if (trial.signal.aborted) stop();
      const listen = listener(trial, store, metric);
      let isOver = false;
      void over.then(
        () => (isOver = true),
        () => (isOver = true),
      );
      while (!isOver) {
        await listen();
        await pause(everyMs, over);
      }
      const { code, signal } = await over;
      await listen(); // what came at the very end
      trial.signal.throwIfAborted();
      if (code !== 0) throw new Error(complaint(code, signal, errors() || out()));
      await keepModel(trial, checkpoints(trial));
      await rm(checkpoints(trial), { recursive: true, force: true });
      return undefined;
    } catch (e) {
      if (trial.signal.aborted && (await store.runs.get(trial.key)).tags[tags.pruned] !== undefined)
        await rm(checkpoints(trial), { recursive: true, force: true }); // nobody goes on from there
      throw e;
    } finally {
      trial.signal.removeEventListener('abort', stop);
      clearTimeout(killer);
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    }
  };
}

function complaint(code: number | null, signal: NodeJS.Signals | null, tail: string): string {
  const lines = tail.trim().split('\n').slice(-12);
  const end = signal === null ? `exit code ${code}` : `the signal ${signal}`;
  // Below the sentence stand the places of its stack.
  const said = lines.findLast((line) => /^error: /.test(line)) ?? lines.findLast((line) => !/^ *at /.test(line)) ?? '';
  const last = said.replace(/^error: /, '').trim();
  if (last === '') return `It ended with ${end}, without a word.`;
  return `${last} (${end})${lines.length > 1 ? `\n${lines.join('\n')}` : ''}`;
}

/** Where the newest checkpoint of a folder has its model. */
async function newestModel(folder: string): Promise<string | undefined> {
  if (!existsSync(folder)) return undefined;
  const latest = await readFile(join(folder, 'LATEST'), 'utf8').catch(() => undefined);
  if (latest === undefined) return undefined;
  const at = join(folder, latest.trim());
  const model = (await readdir(at).catch(() => [])).find((name) => name.endsWith('.onnx'));
  return model === undefined ? undefined : join(at, model);
}

async function keepModel(trial: Trial, folder: string): Promise<void> {
  const artifacts = await trial.store.artifacts.list(trial.key);
  if (artifacts.some(({ path }) => path.endsWith('.onnx'))) return;
  const model = await newestModel(folder);
  if (model !== undefined) await trial.keep('model.onnx', new Uint8Array(await readFile(model)));
}

/** The command line beside this module. */
export const commandLine = (): string => fileURLToPath(new URL('../cli/main.js', import.meta.url));
