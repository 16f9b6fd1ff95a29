// What `import 'stratus'` loads before anything is asked of it: who trains a model on arrays waits for no database, server or archive.
import { join } from 'node:path';
import { build } from 'esbuild';
import { expect, it } from 'vitest';

/** Packages that an entry imports before it runs, by way of any of our own files; not those behind `import()`. */
async function importedAtOnce(entry: string): Promise<readonly string[]> {
  const { metafile } = await build({
    entryPoints: [join(import.meta.dirname, '../src', entry)],
    bundle: true,
    splitting: true,
    outdir: 'unused',
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    logLevel: 'silent',
  });
  const found = new Set<string>();
  const seen = new Set<string>();
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const { kind, path: to, external } of metafile.outputs[path]!.imports) {
      if (kind !== 'import-statement') continue;
      if (!external) visit(to);
      else if (!to.startsWith('node:')) found.add(to);
    }
  };
  visit(Object.keys(metafile.outputs).find((path) => metafile.outputs[path]!.entryPoint?.endsWith(`src/${entry}`))!);
  return [...found].sort();
}

it("import 'stratus' loads no package but the core and the colours of a terminal", async () => {
  expect(await importedAtOnce('index.ts')).toEqual(['@stratus/core', 'picocolors']);
});

it('answers --help without the library', async () => {
  expect(await importedAtOnce('cli/main.ts')).toEqual(['commander', 'picocolors']);
});

it('loads the library for S3 only with blobs that lie there', async () => {
  for (const entry of ['blobs/index.ts', 'workspace/index.ts', 'cli/main.ts'])
    expect((await importedAtOnce(entry)).filter((name) => name.startsWith('@aws-sdk'))).toEqual([]);
  expect(await importedAtOnce('blobs/s3.ts')).toContain('@aws-sdk/client-s3');
});

it('sees what is imported at once: the file that reads columns out of DuckDB needs its library', async () => {
  expect(await importedAtOnce('files/column-values.ts')).toContain('@duckdb/node-bindings');
});
