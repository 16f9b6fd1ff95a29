// A job that prints very much, under a supervisor in a process of its own whose memory is watched. Long in bench/soak/jobs.ts, short in jobs-output.test.ts.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openWorkspace } from '../src/workspace/index.ts';

const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));

/** What was seen. */
export interface LoudReport {
  readonly status: string;
  /** Resident memory of the supervisor before, after a job that printed a thousandth of it, and at most; in MB. */
  readonly restMb: number;
  readonly peakMb: number;
  /** What its output took of the disk at most, in MB. */
  readonly diskMb: number;
  readonly seconds: number;
  readonly printedBytes: number;
  readonly keptBytes: number;
  readonly droppedBytes: number;
  /** The beginning and the end of what is kept. */
  readonly first: string;
  readonly last: string;
}

/** Prints the number of its line on each, all of the same length. */
const script = `
const { writeSync } = require('node:fs');
const lines = Number(process.argv[1]);
for (let from = 0; from < lines; from += 10000) {
  let text = '';
  for (let i = from; i < Math.min(lines, from + 10000); i++) text += String(i).padStart(99, '.') + '\\n';
  const block = Buffer.from(text);
  for (let at = 0; at < block.length; ) at += writeSync(1, block, at);
}`;

const lineBytes = 100;

/** In MB; 0 where the system does not say, or the process is gone. */
function residentMb(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

function spoolMb(folder: string): number {
  try {
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    return files.reduce((sum, file) => sum + statSync(join(folder, file)).blocks * 512, 0) / 1e6;
  } catch {
    return 0; // it has just ended
  }
}

export async function loudJob({ folder, bytes }: { readonly folder: string; readonly bytes: number }): Promise<LoudReport> {
  mkdirSync(join(folder, '.stratus'), { recursive: true });
  const { store, close } = await openWorkspace({ folder });
  const child = spawn(process.execPath, [main, 'jobs', 'run', '--cores', '2'], { cwd: folder, stdio: 'ignore' });
  const lines = Math.ceil(bytes / lineBytes);
  const run = async (key: string, count: number, look: () => void): Promise<string> => {
    await store.jobs.submit({ key, command: [process.execPath, '-e', script, String(count)], cwd: folder });
    for (;;) {
      const { status } = await store.jobs.get(key);
      if (!['queued', 'running', 'waiting'].includes(status)) return status;
      look();
      await sleep(20);
    }
  };
  try {
    await run('quiet', Math.ceil(lines / 1000), () => undefined);
    const restMb = residentMb(child.pid!);
    let [peakMb, diskMb] = [0, 0];
    const began = performance.now();
    const status = await run('loud', lines, () => {
      peakMb = Math.max(peakMb, residentMb(child.pid!));
      diskMb = Math.max(diskMb, spoolMb(join(folder, '.stratus/spool')));
    });
    const seconds = (performance.now() - began) / 1000;
    const text = (await store.jobs.logs('loud', { limit: 1e6 })).map((piece) => piece.text).join('');
    const droppedBytes = (await store.jobs.attempts('loud')).reduce((sum, attempt) => sum + attempt.droppedBytes, 0);
    const kept = text.split('\n').filter((line) => line.length === lineBytes - 1);
    return {
      status,
      restMb,
      peakMb,
      diskMb,
      seconds,
      printedBytes: lines * lineBytes,
      keptBytes: Buffer.byteLength(text),
      droppedBytes,
      first: kept[0]?.replaceAll('.', '') ?? '',
      last: kept.at(-1)?.replaceAll('.', '') ?? '',
    };
  } finally {
    const closed = once(child, 'close');
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      await closed;
    }
    await close();
  }
}
