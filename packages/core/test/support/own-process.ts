import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { bundleTo } from './bundle.ts';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/**
 * Runs a script that imports './stratus.mjs' once for each argument, JSON that it finds in `process.argv[2]`, in processes of their own: what they print, read as JSON. The bundle lies as deep
 * below the package as its sources, so that it finds the kernels.
 */
export async function inOwnProcesses<T>(script: string, args: readonly unknown[]): Promise<T[]> {
  const top = at(`../../node_modules/.cache/own-process-${process.pid}`);
  const folder = `${top}/deep`;
  mkdirSync(folder, { recursive: true });
  try {
    await bundleTo(`${folder}/stratus.mjs`);
    writeFileSync(`${folder}/script.mjs`, script);
    const results: T[] = [];
    for (const arg of args) {
      const { stdout } = await promisify(execFile)(process.execPath, [`${folder}/script.mjs`, JSON.stringify(arg)]);
      results.push(JSON.parse(stdout) as T);
    }
    return results;
  } finally {
    rmSync(top, { recursive: true, force: true });
  }
}
