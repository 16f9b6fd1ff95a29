import { joinRows, type Tensor } from '@stratus/core';
import type { Entry } from './entry.ts';
import type { Group } from './group.ts';
import type { Servable, Tensors } from './servable.ts';
import type { RequestTrace, ServingTraces } from './traces.ts';

/** Who is told of runs. */
interface Told {
  readonly observe: (requests: number, rows: number, runMs: number) => void;
  readonly traces: ServingTraces | undefined;
}

/** The requests of a group one below the other. */
const stackedByName = ([first, ...rest]: readonly Entry[]): Tensors =>
  Object.fromEntries(
    Object.keys(first!.tensors).map((name) => [
      name,
      joinRows([first!.tensors[name]!, ...rest.map(({ tensors }) => tensors[name]!)]),
    ]),
  );

/** Feeds the model, where traces see it; who observes is told in the same context. */
function run(
  servable: Servable,
  entries: readonly Entry[],
  { observe, traces }: Told,
  infer: () => Promise<Record<string, Tensor>>,
): Promise<{ readonly outputs: Record<string, Tensor>; readonly runMs: number; readonly beganAt: number }> {
  const rows = entries.reduce((n, entry) => n + (entry.rows ?? 1), 0);
  const work = async () => {
    const beganAt = performance.now();
    const outputs = await infer();
    const runMs = performance.now() - beganAt;
    // What cannot be told apart is no run of them all.
    if (entries.length === 1 || splitsInto(outputs, rows)) observe(entries.length, rows, runMs);
    return { outputs, runMs, beganAt };
  };
  if (traces === undefined) return work();
  const traced = entries.map(({ trace }) => trace).filter((trace): trace is RequestTrace => trace !== undefined);
  return traces.run({ model: servable.name, version: servable.version, rows }, traced, work);
}

const splitsInto = (outputs: Readonly<Record<string, Tensor>>, rows: number): boolean =>
  Object.values(outputs).every((tensor) => tensor.shape[0] === rows);

async function runAlone(servable: Servable, entry: Entry, told: Told): Promise<void> {
  if (entry.gone) return;
  const nobody = new AbortController();
  entry.whenGone = () => nobody.abort();
  try {
    const infer = () => servable.infer(entry.tensors, { signal: nobody.signal });
    const { outputs, runMs, beganAt } = await run(servable, [entry], told, infer);
    entry.resolve({ outputs, queueMs: beganAt - entry.arrivedAt, runMs });
  } catch (e) {
    entry.reject(e);
  }
}

/** Answers the requests of a group. False when what comes out cannot be told apart, so that requests of this model can never be merged. */
export async function runGroup(servable: Servable, { entries, beganAt }: Group, told: Told): Promise<boolean> {
  if (entries.length === 1) {
    await runAlone(servable, entries[0]!, told);
    return true;
  }
  const nobody = new AbortController();
  const check = (): void => {
    if (entries.every((entry) => entry.gone)) nobody.abort();
  };
  for (const entry of entries) entry.whenGone = check;
  const rows = entries.reduce((n, entry) => n + entry.rows!, 0);
  let outputs: Record<string, Tensor> | undefined;
  let splits = true;
  try {
    const infer = () => servable.infer(stackedByName(entries), { signal: nobody.signal });
    ({ outputs } = await run(servable, entries, told, infer));
    splits = splitsInto(outputs, rows);
  } catch {
    // One of them may be to blame, an index out of range for instance: each gets its own answer.
  }
  if (!outputs || !splits) {
    for (const entry of entries) await runAlone(servable, entry, told);
    return splits;
  }
  const runMs = performance.now() - beganAt;
  let start = 0;
  for (const entry of entries) {
    const end = start + entry.rows!;
    const own = Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, tensor.rows(start, end)]));
    entry.resolve({ outputs: own, queueMs: beganAt - entry.arrivedAt, runMs });
    start = end;
  }
  return true;
}
