// The process of one measurement: tools/measure.ts starts it with the path of a file that exports `run`.
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import type { Run } from '../bench/result.ts';
import { root } from './project.ts';

const stop = new AbortController();
process.once('SIGINT', () => stop.abort()).once('SIGTERM', () => stop.abort()); // the second one ends the process
const say = (message: object): Promise<void> => new Promise((resolve) => process.send!(message, () => resolve()));
try {
  const { run } = (await import(pathToFileURL(process.argv[2]!).href)) as { run: Run };
  await say({ results: await run({ root, device: process.argv[3], log: (line) => console.error(line), signal: stop.signal }) });
  process.exit(0); // what a measurement leaves open is not waited for
} catch (e) {
  await say({ results: [], error: e instanceof Error ? (e.stack ?? e.message) : inspect(e) });
  process.exit(0);
}
