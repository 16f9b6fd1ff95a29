// Bundles for browsers, made of the sources: what package.json's "imports" say of dist is said here of src.
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build } from 'esbuild';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** What bundlers are told so that they take the sources, for browsers. */
export const alias = {
  '@stratus/core': here('../../src/index.ts'),
  '#ort': here('../../src/runtime/web/index.ts'),
  '#files': here('../../src/runtime/web/files.ts'),
};

/** A bundle as text. `entry` is a path, or `{ code }`. */
export async function bundle(entry: string | { readonly code: string }, options: BuildOptions = {}): Promise<string> {
  const { outputFiles } = await build({
    ...(typeof entry === 'string' ? { entryPoints: [here(entry)] } : { stdin: { contents: entry.code, resolveDir: here('.') } }),
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    legalComments: 'none',
    logLevel: 'silent',
    ...options,
    alias: { ...alias, ...options.alias },
  });
  return outputFiles![0]!.text;
}
