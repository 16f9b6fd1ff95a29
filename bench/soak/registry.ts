// A model of more than 2 GB goes through the registry piece by piece: into it, verified, promoted, out of it and in again, without its memory growing by it; loaded, it is in memory once.
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
  readonly isLoaded?: boolean;
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
    /** The most that was resident, of what goes by piece by piece and of loading. */
    const peak = { passing: 0, loading: 0 };
    let began = 0;
    let doing = '';
    let said: Said | undefined;
    const seconds: string[] = [];
    const timer = setInterval(() => {
      const of = doing === 'load' ? 'loading' : 'passing';
      if (rest !== undefined && !['compare', 'done'].includes(doing)) peak[of] = Math.max(peak[of], residentMb(child.pid!));
    }, 20);
    child.on('message', (message: Said) => {
      rest ??= residentMb(child.pid!);
      if (doing !== '') seconds.push(`${doing} ${((performance.now() - began) / 1000).toFixed(1)} s`);
      [doing, began, said] = [message.doing, performance.now(), message];
      log(`${message.doing}: ${peak.passing.toFixed(0)} MB resident at most, ${peak.loading.toFixed(0)} MB when it was loaded`);
    });
    const [code, killed] = await end;
    clearInterval(timer);
    if (code !== 0 || said?.doing !== 'done') throw new Error(`the process ended with ${killed ?? `exit code ${code}`}`);
    const size = `${(said.bytes! / 1e9).toFixed(2)} GB`;
    return [
      {
        name: `a model of ${size} through the registry: growth of the resident size`,
        reached: peak.passing - rest!,
        target: 200,
        better: 'lower',
        unit: 'MB',
        detail: `from ${rest!.toFixed(0)} MB; ${seconds.join(', ')}`,
      },
      {
        name: `a model of ${size} loaded: growth of the resident size, by what it has`,
        reached: ((peak.loading - rest!) * 2 ** 20) / said.bytes!,
        target: 1.1,
        better: 'lower',
        unit: 'ratio',
        detail: `${peak.loading.toFixed(0)} MB at most`,
      },
      {
        name: `a model of ${size} through the registry: files that came out otherwise`,
        reached: (said.isSame ? 0 : 1) + (said.isOneBlob ? 0 : 1) + (said.isLoaded ? 0 : 1),
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
