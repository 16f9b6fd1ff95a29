import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What a script of plain JavaScript prints as JSON, in a process of its own; or one for another program than Node. */
export async function child<T>(
  script: string,
  args: readonly string[],
  signal: AbortSignal,
  program: string = process.execPath,
): Promise<T> {
  const { stdout } = await run(program, [script, ...args], { signal, maxBuffer: 2 ** 20 });
  return JSON.parse(stdout) as T;
}
