import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Result, RunContext } from '../result.ts';
import { machine } from './machine.ts';
import { quick } from './quick.ts';
import { pretty } from './report.ts';

/** Writes bench/results/NAME.json, or NAME.DEVICE.json for a device that was asked for, but not what a quick run came to. Gives the results back. */
export async function keep<R extends Result>(
  { root, device, log }: Pick<RunContext, 'root' | 'device' | 'log'>,
  name: string,
  { results, ...more }: { readonly results: readonly R[] } & Readonly<Record<string, unknown>>,
): Promise<readonly R[]> {
  if (quick) {
    log('A quick run (STRATUS_BENCH_QUICK=1): bench/results stays as it is.');
    return results;
  }
  const folder = join(root, 'bench/results');
  await mkdir(folder, { recursive: true });
  const record = { measured: new Date().toISOString(), machine: machine(), device, results, ...more };
  await writeFile(join(folder, `${device === undefined ? name : `${name}.${device}`}.json`), `${pretty(record)}\n`);
  return results;
}
