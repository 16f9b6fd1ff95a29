import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { transform } from 'esbuild';
import { filesUnder } from '../../tools/project.ts';

/**
 * The programs of bench/peers as plain JavaScript, with all that they import, in a folder of the repository that git ignores: as users
 * run them, without a loader whose thread and compiler would count as memory. Gives the path of one of them.
 */
export async function plainJs(root: string, program: string): Promise<string> {
  const into = join(root, 'tmp/bench');
  await rm(into, { recursive: true, force: true });
  // The product is imported by the packages' names, built.
  const folders = ['bench/shared', 'bench/peers', 'examples/zoo'];
  const sources = folders.flatMap((folder) => filesUnder(join(root, folder), '.ts'));
  for (const source of sources.filter((path) => !path.endsWith('.test.ts'))) {
    const { code } = await transform(await readFile(source, 'utf8'), { loader: 'ts', format: 'esm', target: 'node20' });
    const path = join(into, relative(root, source)).replace(/\.ts$/, '.js');
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, code.replace(/((?:from|import) ?\(?)(["'])(\.[^"']+)\.ts\2/g, '$1$2$3.js$2'));
  }
  return join(into, program.replace(/\.ts$/, '.js'));
}
