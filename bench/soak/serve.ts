// Servers under good and hostile traffic at once, while models come and go and an alias moves: every answer has to be right, and memory flat.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { dense, input, sequential, tensor } from '../../packages/core/src/index.ts';
import { registry } from '../../packages/stratus/src/registry/index.ts';
import { openWorkspace } from '../../packages/stratus/src/workspace/index.ts';
import { rightInput } from '../../packages/stratus/test/hostile-inputs.ts';
import type { Place } from '../../packages/stratus/test/hostile-requests.ts';
import {
  bytesOf,
  type Failure,
  type HostileReport,
  sendHostile,
  toldFailures,
} from '../../packages/stratus/test/hostile-send.ts';
import { startTargets, type Targets } from '../../packages/stratus/test/hostile-targets.ts';
import { Pipelined } from '../../packages/stratus/test/pipelined.ts';
import type { Result, Run } from '../result.ts';
import { Memory } from '../shared/memory.ts';

/** Of the cycles of loading and putting away, so many more come before memory is looked at. */
const firstShare = 0.2;
/** So much of the time is for warming up: histograms, captures, pools and compiled code come to be. */
const warmUpShare = 0.2;
/** How things stand is said so often. */
const saidMs = 60_000;
/** Right requests come at this rate, beside those among what is hostile. */
const rightPerSecond = 20;

const residentMb = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;

/** A registry with a model whose two versions answer with one and two times what they get. */
async function withTwoVersions(folder: string): Promise<void> {
  const workspace = await openWorkspace({ folder });
  try {
    for (const factor of [1, 2]) {
      const net = sequential([input({ shape: [1], name: 'x' }), dense({ units: 1, name: 'y' })]);
      await net.setWeights({ 'y/kernel': tensor([[factor]]), 'y/bias': tensor([0]) });
      await registry(workspace).register('swap', await net.toBytes());
    }
    await registry(workspace).promote('swap:1', 'production');
  } finally {
    await workspace.close();
  }
}

const tensorBody = (data: readonly number[]): string =>
  JSON.stringify({ inputs: [{ name: 'x', shape: [1, data.length], datatype: 'FP32', data }] });

/** Asks one server, on a connection that is made anew where the server has closed it in the meantime. */
function asker(to: Place, { ports, key }: Targets) {
  const pipe = new Pipelined(ports[to]);
  return async (method: string, path: string, text: string): Promise<{ readonly status: number; readonly text: string }> => {
    const headers = { 'content-type': 'application/json' };
    const requests = [{ bytes: bytesOf({ to, method, path, headers, body: Buffer.from(text) }, key) }];
    const [got = (await pipe.ask(requests))[0]] = await pipe.ask(requests);
    if (got === undefined) throw new Error(`${method} ${path}: the connection was closed twice without an answer`);
    return { status: got.status, text: got.body.toString() };
  };
}

/** Loads a model of a megabyte, asks it and puts it away; its answer has to stay the same, bit for bit. */
function cycling(targets: Targets): () => Promise<string | undefined> {
  const ask = asker('folder', targets);
  const row = tensorBody(Array.from({ length: 512 }, (_, i) => i / 512));
  let first: string | undefined;
  return async () => {
    const loaded = await ask('POST', '/v2/repository/models/cycled/load', '{}');
    const answer = await ask('POST', '/v2/models/cycled/infer', row);
    // What is hostile loads it and puts it away too: it may be gone again.
    const isAway = answer.status === 404 || answer.status === 503;
    if (answer.status === 200) first ??= answer.text;
    const unloaded = await ask('POST', '/v2/repository/models/cycled/unload', '{}');
    if (loaded.status !== 200 || (!isAway && answer.text !== first) || ![200, 404].includes(unloaded.status))
      return `load ${loaded.status}, answer ${answer.status} ${answer.text.slice(0, 200)}, unload ${unloaded.status}`;
    return undefined;
  };
}

/** Moves an alias from one version to the other and asks through it: both answer in their own way, and the new one does soon. */
function switching(targets: Targets): () => Promise<string | undefined> {
  const ask = asker('api', targets);
  let version = 1;
  return async () => {
    version = 3 - version;
    const moved = await ask('PUT', '/api/v1/projects/default/models/swap/aliases/production', JSON.stringify({ version }));
    if (moved.status !== 200) return `the alias does not move: ${moved.status} ${moved.text.slice(0, 200)}`;
    for (const end = performance.now() + 300_000; performance.now() < end; await sleep(50)) {
      const { status, text } = await ask('POST', '/v2/models/swap/infer', tensorBody([7]));
      if (status !== 200) return `answers ${status} ${text.slice(0, 200)}`;
      const { model_version: by, outputs } = JSON.parse(text) as { model_version: string; outputs: { data: number[] }[] };
      if (outputs[0]!.data[0] !== 7 * Number(by)) return `version ${by} answers ${outputs[0]!.data[0]} to 7`;
      if (Number(by) === version) return undefined;
    }
    return `version ${version} does not answer five minutes after the alias was moved`;
  };
}

/** What came of something that was done again and again. */
interface Again {
  readonly done: number;
  readonly wrong: readonly string[];
}

async function again(act: () => Promise<string | undefined>, pauseMs: number, isOver: () => boolean): Promise<Again> {
  const wrong: string[] = [];
  let done = 0;
  for (; !isOver(); await sleep(pauseMs)) {
    const why = await act().catch((e: Error) => `${e.message} ${String(e.cause ?? '')}`);
    done++;
    if (why !== undefined) wrong.push(why);
  }
  return { done, wrong };
}

/** MB an hour, by the least-squares line through samples in MB that were taken at these milliseconds. */
function slope(samples: readonly (readonly [ms: number, mb: number])[]): number {
  const n = samples.length;
  const [x, y] = [0, 1].map((i) => samples.reduce((sum, sample) => sum + sample[i]!, 0) / n) as [number, number];
  const up = samples.reduce((sum, [ms, mb]) => sum + (ms - x) * (mb - y), 0);
  return (up / samples.reduce((sum, [ms]) => sum + (ms - x) ** 2, 0)) * 3_600_000;
}

function memoryOf(name: string, samples: readonly (readonly [number, number])[]): Result {
  const memory = new Memory();
  for (const [, mb] of samples) memory.add(mb);
  const [perHour, hours] = [slope(samples), (samples.at(-1)![0] - samples[0]![0]) / 3_600_000];
  const mean = samples.reduce((sum, [, mb]) => sum + mb, 0) / samples.length;
  return {
    name: `${name}: growth of the resident size, by the line through all samples`,
    reached: (perHour * hours) / mean,
    target: 0.05,
    better: 'lower',
    unit: 'share',
    detail: `${perHour.toFixed(1)} MB an hour over ${(hours * 60).toFixed(1)} minutes; ${memory}`,
  };
}

const none = (name: string, count: number, detail: string): Result => ({
  name,
  reached: count,
  target: 0,
  better: 'lower',
  unit: 'of them',
  detail,
});

const countOf = ({ answers }: HostileReport, pattern: RegExp): number =>
  [...answers].reduce((n, [answer, count]) => n + (pattern.test(answer) ? count : 0), 0);

export const run: Run = async ({ rounds: cycles = 1000, minutes = 60, inputs = 1_000_000, log, signal }) => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const targets = await startTargets(withTwoVersions);
  const { processes } = targets;
  const found: Result[] = [];
  try {
    const firstCycles = Math.ceil(cycles * firstShare);
    const cycle = cycling(targets);
    const cycled: [number, number][] = [];
    const wrongCycles: string[] = [];
    let saidAt = performance.now();
    for (let i = 0; i < cycles + firstCycles && !signal.aborted; i++) {
      const why = await cycle();
      if (why !== undefined) wrongCycles.push(why);
      if (i >= firstCycles) cycled.push([performance.now(), residentMb(processes.folder.pid)]);
      if (performance.now() - saidAt < saidMs && i + 1 < cycles + firstCycles) continue;
      saidAt = performance.now();
      log(`${i + 1} of ${cycles + firstCycles} cycles of a model: ${residentMb(processes.folder.pid).toFixed(0)} MB resident`);
    }
    found.push({
      name: 'cycles of loading a model of a megabyte, asking it, and putting it away, alone',
      reached: cycled.length,
      target: cycles,
      better: 'higher',
      unit: 'cycles',
    });
    found.push(memoryOf(`these cycles, after ${firstCycles} others`, cycled));

    const start = performance.now();
    let sent = 0;
    const isOver = (): boolean => signal.aborted || (performance.now() - start >= minutes * 60_000 && sent >= inputs);
    const samples: Record<'folder' | 'single' | 'api', [number, number][]> = { folder: [], single: [], api: [] };
    const sampler = setInterval(() => {
      const ms = performance.now() - start;
      for (const [name, list] of Object.entries(samples))
        list.push([ms, residentMb(processes[name as keyof typeof samples].pid)]);
      if (performance.now() - saidAt < saidMs) return;
      saidAt = performance.now();
      const resident = Object.entries(samples).map(([name, list]) => `${name} ${list.at(-1)![1].toFixed(0)} MB`);
      log(
        `${(ms / 60_000).toFixed(1)} of ${minutes} minutes, ${sent} of ${inputs} hostile inputs (${((sent * 1000) / ms).toFixed(0)} a second); resident: ${resident.join(', ')}`,
      );
    }, 1000);
    const onFailure = ({ index, name, why }: Failure): void => log(`WRONG: input ${index} (${name}): ${why}`);
    const common = { count: Number.MAX_SAFE_INTEGER, isOver, onFailure };
    let reports: readonly [HostileReport, HostileReport, Again, Again];
    try {
      reports = await Promise.all([
        sendHostile(targets, { ...common, seed, clients: 3, onSent: () => sent++ }),
        sendHostile(targets, { ...common, seed: seed + 1, clients: 1, perSecond: rightPerSecond, inputOf: rightInput }),
        again(cycle, 500, isOver),
        again(switching(targets), 500, isOver),
      ]);
    } finally {
      clearInterval(sampler);
    }
    const [hostile, good, more, moves] = reports;
    for (const report of [hostile, good]) if (report.failed > 0) log(toldFailures(report === hostile ? seed : seed + 1, report));
    const refused = countOf(hostile, / (4\d\d|http 4\d\d|[3-9]|1\d)$/);
    found.push(
      {
        name: 'traffic',
        reached: (performance.now() - start) / 60_000,
        target: minutes,
        better: 'higher',
        unit: 'minutes',
        detail: `until all inputs were answered; ${good.sent} right requests, ${more.done} cycles and ${moves.done} moves of an alias beside them`,
      },
      {
        name: 'hostile inputs',
        reached: hostile.sent,
        target: inputs,
        better: 'higher',
        unit: 'inputs',
        detail: `seed ${seed}; ${refused} refused, the others right after all, closed, or without a status; the slowest: ${hostile.slowest.ms.toFixed(0)} ms (${hostile.slowest.name} ${hostile.slowest.index})`,
      },
      none('hostile inputs that were answered wrongly, by a 5xx, or not', hostile.failed, hostile.failures[0]?.why ?? ''),
      none('right requests that were answered otherwise', good.failed, good.failures[0]?.why ?? `of ${good.sent}`),
      none(
        'cycles of a model that were answered otherwise',
        wrongCycles.length + more.wrong.length,
        wrongCycles[0] ?? more.wrong[0] ?? `of ${cycles + firstCycles} alone, ${more.done} beside the traffic`,
      ),
      none('moves of an alias with wrong answers', moves.wrong.length, moves.wrong[0] ?? `of ${moves.done}`),
    );
    const warm = (list: readonly [number, number][]) => list.slice(Math.floor(list.length * warmUpShare));
    found.push(
      memoryOf('stratus deploy, eight models', warm(samples.folder)),
      memoryOf('stratus deploy, one model', warm(samples.single)),
      memoryOf('stratus serve', warm(samples.api)),
    );
  } finally {
    const said = await targets.stop();
    if (said !== '') log(said.slice(0, 5000));
    found.push(
      none('lines that servers wrote of errors of their own', said.split('\n').filter(Boolean).length, said.slice(0, 200)),
    );
  }
  return found;
};
