// `npm run quickstart`: from a fresh clone to a served prediction. Installs, builds, then runs examples/quickstart/main.ts,
// which stands for itself: read that file to see what is done.
import { join } from 'node:path';
import { ensureBuilt, ensureInstalled, main, root, run, seconds, typescript } from './ready.mjs';

const script = 'examples/quickstart/main.ts';
const steps = [
  ['install (npm ci, where something is missing)', () => ensureInstalled()],
  ['build (tsc -b, where something has changed)', () => ensureBuilt()],
];

await main(async () => {
  for (const [i, [what, step]] of steps.entries()) {
    console.log(`[${i + 1}/${steps.length + 1}] ${what}`);
    const started = performance.now();
    await step();
    console.log(`      ${seconds(performance.now() - started)}`);
  }
  console.log(`[${steps.length + 1}/${steps.length + 1}] ${script}`);
  const { code } = await run(process.execPath, [...typescript, join(root, script), ...process.argv.slice(2)]);
  return code;
});
