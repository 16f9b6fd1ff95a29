// The process of one measurement: tools/measure.ts starts it with the path of a file that exports `run`, the device if one is asked for,
// and how much there is to be: rounds, minutes, inputs.
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import type { Run } from '../bench/result.ts';
import { sizes } from './measure.ts';
import { root } from './project.ts';

const stop = new AbortController();
process.once('SIGINT', () => stop.abort()).once('SIGTERM', () => stop.abort()); // the second one ends the process
const say = (message: object): Promise<void> => new Promise((resolve) => process.send!(message, () => resolve()));
try {
  const [, , path, device = '', ...asked] = process.argv;
  const said = sizes.flatMap((size, i) => (asked[i] ? [[size, Number(asked[i])]] : []));
  const { run } = (await import(pathToFileURL(path!).href)) as { run: Run };
  if (device !== '' && !run.anyDevice) await say({ results: [], skipped: `it is not about devices (--device ${device})` });
  else
    await say({
      results: await run({
        root,
        device: device === '' ? undefined : device,
        ...(Object.fromEntries(said) as Pick<Parameters<Run>[0], (typeof sizes)[number]>),
        log: (line) => console.error(line),
        signal: stop.signal,
      }),
    });
  process.exit(0); // what a measurement leaves open is not waited for
} catch (e) {
  await say({ results: [], error: e instanceof Error ? (e.stack ?? e.message) : inspect(e) });
  process.exit(0);
}
