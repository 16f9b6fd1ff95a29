// Training, saving and predicting must not gather memory.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Result, Run } from '../result.ts';
import { Memory } from '../shared/memory.ts';

const plan = { steps: 20_000, warmUp: 1_000, every: 100, saves: 200, predictsPerSave: 10 };

const row = (name: string, reached: number, memory: Memory): Result => ({
  name,
  reached,
  target: 0.05,
  better: 'lower',
  unit: 'share',
  detail: String(memory),
});

export const run: Run = async ({ root, log, signal }) => {
  const script = join(root, 'bench/shared/memory-run.mjs');
  const child = spawn(process.execPath, ['--expose-gc', script, JSON.stringify(plan)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    signal,
  });
  const end = once(child, 'exit') as Promise<[number | null, string | null]>;
  end.catch(() => undefined); // awaited below
  const memory = { train: new Memory(), save: new Memory() };
  for await (const line of createInterface({ input: child.stdout })) {
    const [what, megabytes] = line.split(' ') as [keyof typeof memory, string];
    memory[what].add(Number(megabytes));
    const count = memory[what].count;
    if (count % 40 === 0) log(`${what}, sample ${count}: ${memory[what]}`);
  }
  const [code, killed] = await end;
  if (code !== 0) throw new Error(`the process ended with ${killed ?? `exit code ${code}`}`);
  const { steps, saves, predictsPerSave } = plan;
  const { train, save } = memory;
  const cycles = `${saves} saves and ${saves * predictsPerSave} predicts`;
  return [
    row(`MLP: ${steps} training steps: deviation of the resident size`, train.deviation, train),
    row(`MLP: ${cycles}: growth of the resident size after collections`, save.growth, save),
  ];
};
