// `PYTHON=python3 npm run golden [-- NAME …]`: makes the golden values again (golden/README.md). Each script has a process of
// its own, because the libraries that they compare with do not all get along in one.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ensureInstalled, main, Refusal, root, run, typescript } from './ready.mjs';

/** What has to be written from our own sources before a script can run: inputs, never results. */
const before = { ops: 'dump-op-cases.ts' };

await main(async () => {
  const scripts = readdirSync(join(root, 'golden')).filter((name) => name.endsWith('.py') && name !== 'generate.py');
  const known = scripts.map((name) => name.slice(0, -3)).sort();
  const asked = process.argv.slice(2);
  const unknown = asked.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Refusal(`There is no golden/${unknown}.py. Known: ${known.join(', ')}.`);
  await ensureInstalled();
  const python = process.env.PYTHON ?? 'python3';
  for (const name of asked.length === 0 ? known : asked) {
    console.error(`golden/${name}.py`);
    const prepared =
      before[name] === undefined || (await run(process.execPath, [...typescript, join(root, 'tools', before[name])])).code === 0;
    const { code } = prepared ? await run(python, [join(root, 'golden', `${name}.py`)]) : { code: 1 };
    if (code !== 0)
      throw new Refusal(`golden/${name}.py failed. What it needs: golden/README.md; another Python: PYTHON=… npm run golden`);
  }
});
