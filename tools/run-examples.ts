// The process that runs examples one after another and tells its parent how each went (tools/examples.test.ts starts it).
import { mkdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { pathToFileURL } from 'node:url';
import { format, inspect } from 'node:util';
import { keeps, promise } from './examples.ts';

/** What is said about an example: once when it starts, once when it ends. */
export interface Said {
  readonly path: string;
  readonly state: 'started' | 'ok' | 'failed';
  readonly reason?: string;
}

const patienceMs = 30_000;
const say = (said: Said): Promise<void> => new Promise((resolve) => process.send!(said, () => resolve()));

async function runOne(path: string): Promise<void> {
  const printed = new Map<number, { text: string; count: number }[]>();
  const here = new RegExp(`${basename(path).replaceAll('.', '\\.')}:(\\d+):`);
  const print = (...values: unknown[]): void => {
    const line = Number(here.exec(new Error().stack ?? '')?.[1] ?? 0);
    printed.set(line, [...(printed.get(line) ?? []), { text: format(...values), count: values.length }]);
  };
  for (const name of ['log', 'info', 'warn', 'error', 'table', 'debug'] as const) console[name] = print;
  let timer: NodeJS.Timeout | undefined;
  let stray: (e: unknown) => void = () => {};
  await Promise.race([
    import(pathToFileURL(path).href),
    new Promise((_, reject) => {
      stray = reject;
      process.on('unhandledRejection', stray).on('uncaughtException', stray);
      timer = setTimeout(() => reject(new Error(`not finished after ${patienceMs / 1000} s`)), patienceMs);
    }),
  ]).finally(() => {
    clearTimeout(timer);
    process.off('unhandledRejection', stray).off('uncaughtException', stray);
  });
  const code = readFileSync(path, 'utf8');
  for (const [line, [said, ...more]] of printed) {
    if (line === 0 || said === undefined || more.length > 0) continue; // what a loop prints is not compared
    const wanted = promise(code, line, said.count);
    if (wanted !== undefined && !keeps(wanted, said.text)) {
      throw new Error(`line ${line} of the example prints ${said.text}, but its comment says ${wanted}`);
    }
  }
}

const home = process.cwd();
for (const path of process.argv.slice(2)) {
  const folder = `${path}.files`;
  mkdirSync(folder, { recursive: true });
  process.chdir(folder);
  await say({ path, state: 'started' });
  try {
    await runOne(path);
    await say({ path, state: 'ok' });
  } catch (e) {
    await say({ path, state: 'failed', reason: e instanceof Error ? (e.stack ?? e.message) : inspect(e) });
  }
  process.chdir(home);
}
process.exit(0); // what an example leaves open is not waited for
