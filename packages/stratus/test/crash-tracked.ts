// What `stratus train` records of a training by itself, looked at while it is killed again and again. For crash-rounds.ts.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Store } from '../src/store/index.ts';
import { entryOf } from '../src/tracking/entry.ts';

const name = 'step/loss';

/** What is in the files of a run, whoever has them just now: one that is taken aside has another name, one that was brought home is gone. */
function waitingLines(folder: string, key: string): readonly string[] {
  try {
    const files = readdirSync(folder).filter((name) => name.startsWith(`run-${key}.jsonl`));
    return files.flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'));
  } catch (e) {
    if ((e as NodeJS.ErrnoException).code !== 'ENOENT' || !existsSync(folder)) return [];
    return waitingLines(folder, key);
  }
}

/** The losses by step that a process has put into the file beside its checkpoints, since the store did not answer. */
function waiting(folder: string, key: string): Map<number, number> {
  const found = new Map<number, number>();
  for (const line of waitingLines(folder, key)) {
    const entry = entryOf(line);
    if (entry?.op !== 'points') continue;
    for (const point of entry.points) if (point.name === name) found.set(point.step, point.value);
  }
  return found;
}

/** How many updates the newest whole checkpoint of a training has behind it; 0 where there is none. */
export function checkpointed(folder: string, key: string): number {
  const file = join(folder, 'checkpoints', key, 'LATEST');
  return existsSync(file) ? Number(/step-(\d+)/.exec(readFileSync(file, 'utf8'))?.[1] ?? 0) : 0;
}

/** What a checkpoint has seen has to be in the store, or beside the checkpoint. */
export async function unrecorded(store: Store, folder: string, key: string): Promise<string[]> {
  const until = checkpointed(folder, key); // what is delivered later is in the file now, or in the store then
  if (until === 0) return [];
  const beside = waiting(join(folder, 'checkpoints', key), key);
  const stored = new Map((await store.metrics.history(key, name, { limit: 1e6 })).map(({ step, value }) => [step, value]));
  const first = Math.min(...stored.keys(), ...beside.keys());
  const gaps = Array.from({ length: until }, (_, i) => first + i).filter((step) => !stored.has(step) && !beside.has(step));
  if (first > 1 || gaps.length > 0)
    return [`${key}: the losses of ${gaps.length || first} updates before its checkpoint at ${until}`];
  return [];
}

/** How the record of a training that is over differs from that of one that nobody disturbed. */
export async function differs(store: Store, key: string, from: string): Promise<string[]> {
  const found: string[] = [];
  const { status } = await store.runs.get(key);
  if (status !== 'finished') found.push(`the run ${key} is ${status}`);
  for (const metric of [name, 'step/learningRate', 'loss']) {
    const [own, wanted] = await Promise.all([key, from].map((one) => store.metrics.history(one, metric, { limit: 1e6 })));
    // A step that was taken again, from the last checkpoint, stands there again: with the same value.
    const values = new Map(own!.map(({ step, value }) => [step, value]));
    const other = own!.filter(({ step, value }) => values.get(step) !== value);
    const lacking = wanted!.filter(({ step, value }) => values.get(step) !== value);
    const more = [...values.keys()].filter((step) => !wanted!.some((point) => point.step === step));
    // A rate is told where it changes, and anew by each process.
    const surplus = metric === 'step/learningRate' ? 0 : more.length;
    if (other.length + lacking.length + surplus > 0)
      found.push(`${key}: ${metric} has ${lacking.length} points less, ${surplus} more, ${other.length} of two values`);
  }
  return found;
}
