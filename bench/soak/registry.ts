// A model of more than 2 GB goes through the registry piece by piece: into it, verified, promoted, out of it and in again, without its memory growing by it.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Run } from '../result.ts';

/** 2.2 GB of float32 in rows of 4,096. */
const rows = 134_000;

interface Said {
  readonly doing: string;
  readonly bytes?: number;
  readonly isSame?: boolean;
  readonly isOneBlob?: boolean;
}

const residentMb = (pid: number): number => {
  try {
    return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0; // it has ended
  }
};

export const run: Run = async ({ root, log, signal }) => {
  const folder = await mkdtemp(join(tmpdir(), 'stratus-soak-registry-'));
  try {
    const script = join(root, 'bench/shared/large-model.mjs');
    const child = fork(script, [folder, String(rows)], { cwd: folder, execArgv: ['--expose-gc'], signal });
    const end = once(child, 'exit') as Promise<[number | null, string | null]>;
    end.catch(() => undefined); // awaited below
    let rest: number | undefined;
    let peak = 0;
    let began = 0;
    let doing = '';
    let said: Said | undefined;
    const seconds: string[] = [];
    const timer = setInterval(() => rest !== undefined && (peak = Math.max(peak, residentMb(child.pid!))), 20);
    child.on('message', (message: Said) => {
      rest ??= residentMb(child.pid!);
      if (doing !== '') seconds.push(`${doing} ${((performance.now() - began) / 1000).toFixed(1)} s`);
      [doing, began, said] = [message.doing, performance.now(), message];
      log(`${message.doing}: ${peak.toFixed(0)} MB resident at most`);
    });
    const [code, killed] = await end;
    clearInterval(timer);
    if (code !== 0 || said?.doing !== 'done') throw new Error(`the process ended with ${killed ?? `exit code ${code}`}`);
    const size = `${(said.bytes! / 1e9).toFixed(2)} GB`;
    return [
      {
        name: `a model of ${size} through the registry: growth of the resident size`,
        reached: peak - rest!,
        target: 200,
        better: 'lower',
        unit: 'MB',
        detail: `from ${rest!.toFixed(0)} MB; ${seconds.join(', ')}`,
      },
      {
        name: `a model of ${size} through the registry: files that came out otherwise`,
        reached: (said.isSame ? 0 : 1) + (said.isOneBlob ? 0 : 1),
        target: 0,
        better: 'lower',
        unit: 'files',
        detail: 'exported, and imported again to the same digest',
      },
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
