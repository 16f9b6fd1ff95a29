// `npm run bench|acceptance|soak [-- NAME …] [--json] [--device NAME] [--rounds N] [--minutes N] [--inputs N]`: makes the repository ready, then tools/measure.ts does the work.
import { join } from 'node:path';
import { ensureBuilt, ensureInstalled, main, root, run, typescript } from './ready.mjs';

await main(async () => {
  await ensureInstalled({ toError: true });
  await ensureBuilt({ toError: true });
  const { code } = await run(process.execPath, [...typescript, join(root, 'tools/measure.ts'), ...process.argv.slice(2)]);
  return code;
});
