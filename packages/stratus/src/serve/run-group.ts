import { joinRows, type Tensor } from '@stratus/core';
import type { Entry } from './entry.ts';
import type { Group } from './group.ts';
import type { Servable, Tensors } from './servable.ts';

type Observe = (requests: number, rows: number, runMs: number) => void;

/** The requests of a group one below the other. */
const stackedByName = ([first, ...rest]: readonly Entry[]): Tensors =>
  Object.fromEntries(
    Object.keys(first!.tensors).map((name) => [
      name,
      joinRows([first!.tensors[name]!, ...rest.map(({ tensors }) => tensors[name]!)]),
    ]),
  );

async function runAlone(servable: Servable, entry: Entry, observe: Observe): Promise<void> {
  if (entry.gone) return;
  const start = performance.now();
  try {
    const outputs = await servable.infer(entry.tensors, { signal: entry.leave.signal });
    const runMs = performance.now() - start;
    observe(1, entry.rows ?? 1, runMs);
    entry.resolve({ outputs, queueMs: start - entry.arrivedAt, runMs });
  } catch (e) {
    entry.reject(e);
  }
}

/** Answers the requests of a group. False when what comes out cannot be told apart, so that requests of this model can never be merged. */
export async function runGroup(servable: Servable, { entries, beganAt }: Group, observe: Observe): Promise<boolean> {
  if (entries.length === 1) {
    await runAlone(servable, entries[0]!, observe);
    return true;
  }
  const nobody = new AbortController();
  const check = (): void => {
    if (entries.every((entry) => entry.gone)) nobody.abort();
  };
  for (const { leave } of entries) leave.signal.addEventListener('abort', check, { once: true });
  const rows = entries.reduce((n, entry) => n + entry.rows!, 0);
  let outputs: Record<string, Tensor> | undefined;
  let splits = true;
  try {
    outputs = await servable.infer(stackedByName(entries), { signal: nobody.signal });
    splits = Object.values(outputs).every((tensor) => tensor.shape[0] === rows);
  } catch {
    // One of them may be to blame, an index out of range for instance: each gets its own answer.
  }
  if (!outputs || !splits) {
    for (const entry of entries) await runAlone(servable, entry, observe);
    return splits;
  }
  const runMs = performance.now() - beganAt;
  observe(entries.length, rows, runMs);
  let start = 0;
  for (const entry of entries) {
    const end = start + entry.rows!;
    const own = Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, tensor.rows(start, end)]));
    entry.resolve({ outputs: own, queueMs: beganAt - entry.arrivedAt, runMs });
    start = end;
  }
  return true;
}
