// `npm run check [-- NAME …]`: every check but the tests. Prints what failed, then a table; exit code 1 if anything failed.
import { join } from 'node:path';
import { ensureInstalled, linkCommand, main, parallel, Refusal, root, run, seconds, typescript } from './ready.mjs';

const bin = (path) => [join(root, 'node_modules', path)];
const tool = (name) => [...typescript, join(root, 'tools', name)];

/** In the order of the table. `after`: the check whose output it reads. */
const checks = [
  { name: 'types', what: 'tsc -b', args: [...bin('typescript/bin/tsc'), '-b'] },
  {
    name: 'test-types',
    what: 'tsc -p tsconfig.test.json',
    args: [...bin('typescript/bin/tsc'), '-p', 'tsconfig.test.json'],
    after: 'types',
  },
  {
    name: 'lint',
    what: 'biome: format and lint',
    args: [...bin('@biomejs/biome/bin/biome'), 'check', '--error-on-warnings', '--max-diagnostics=200', '.'],
  },
  { name: 'boundaries', what: 'who may import whom', args: tool('boundaries.ts') },
  { name: 'complete', what: 'indexes and cases', args: tool('complete.ts') },
  {
    name: 'dead',
    what: 'knip: unused files, exports, dependencies',
    args: [...bin('knip/bin/knip.js'), '--no-progress', '--no-config-hints', '--no-tag-hints'],
  },
  { name: 'docs', what: 'docstrings and examples of exports', args: tool('docs.ts') },
  { name: 'sizes', what: 'lines of files', args: tool('sizes.ts') },
  { name: 'kernels', what: 'libraries of kernels are those of the sources', args: [join(root, 'tools/kernels.mjs'), 'check'] },
  { name: 'links', what: 'links between documents', args: tool('links.ts') },
];

async function runAll(chosen) {
  const waiting = [...chosen];
  const done = new Map();
  const results = new Map();
  const work = async () => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
      const { name, args, after } = check;
      await done.get(after)?.promise;
      const started = performance.now();
      const { code, output } = await run(process.execPath, args, {
        quiet: true,
        env: { ...process.env, FORCE_COLOR: '0', NO_COLOR: '1' },
      });
      results.set(name, { ok: code === 0, ms: performance.now() - started, output: output.trim() });
      console.error(`${code === 0 ? 'ok    ' : 'FAILED'} ${name} ${seconds(results.get(name).ms)}`);
      done.get(name).resolve();
    }
  };
  for (const { name } of chosen) {
    let resolve;
    const promise = new Promise((r) => (resolve = r));
    done.set(name, { promise, resolve });
  }
  await Promise.all(Array.from({ length: parallel }, work));
  return results;
}

await main(async () => {
  const names = process.argv.slice(2);
  const known = checks.map((c) => c.name);
  const unknown = names.find((n) => !known.includes(n));
  if (unknown !== undefined) throw new Refusal(`There is no check '${unknown}'. Known: ${known.join(', ')}.`);
  await ensureInstalled();
  const started = performance.now();
  const chosen = checks.filter((c) => names.length === 0 || names.includes(c.name));
  const results = await runAll(chosen);
  linkCommand();
  for (const { name, what } of chosen) {
    const { ok, output } = results.get(name);
    if (!ok) console.log(`\n--- ${name} (${what})\n${output}`);
  }
  console.log('');
  for (const { name, what } of chosen) {
    const { ok, ms, output } = results.get(name);
    const note = ok && output.startsWith('note: ') ? `  (${output.slice(6).split('\n')[0]})` : '';
    console.log(`${ok ? 'ok    ' : 'FAILED'}  ${name.padEnd(11)} ${seconds(ms).padStart(7)}  ${what}${note}`);
  }
  const failed = chosen.filter((c) => !results.get(c.name).ok);
  console.log(`\ncheck: ${failed.length === 0 ? 'ok' : `${failed.length} failed`} in ${seconds(performance.now() - started)}`);
  return failed.length === 0 ? 0 : 1;
});
