// Lets Node run .ts files without a build: `node --import ./tools/typescript-loader.mjs file.ts`. Types are replaced by
// blanks, so lines and columns of errors are those of the source. The file is both what registers the hook and the hook.
import { readFile } from 'node:fs/promises';
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';

let transform;

/** Node's load hook. */
export async function load(url, context, next) {
  if (!url.startsWith('file:') || !/\.m?ts$/.test(new URL(url).pathname)) return next(url, context);
  transform ??= (await import('@swc/wasm-typescript')).default.transformSync;
  const filename = fileURLToPath(url);
  try {
    const { code } = transform(await readFile(filename, 'utf8'), { mode: 'strip-only', module: true, filename });
    return { format: 'module', shortCircuit: true, source: code };
  } catch (e) {
    throw new SyntaxError(`${filename}: ${e?.message ?? e}`);
  }
}

const hook = '?hook';
if (!import.meta.url.endsWith(hook)) register(import.meta.url + hook);
