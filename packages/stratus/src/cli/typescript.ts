import { existsSync, readFileSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

// Lets this process run TypeScript as it is: types are replaced by blanks, so that lines and columns are those of the source.
// Node does it itself from 22.18 on. This file is also what Node loads into the thread of its hooks, where it has no newer way.

type Transform = typeof import('@swc/wasm-typescript').transformSync;

/** What the transformer throws: plain data. */
interface Complaint {
  readonly code?: string;
  readonly message?: string;
  readonly snippet?: string;
  readonly startLine?: number;
  readonly startColumn?: number;
}

const isTypeScript = (url: string): boolean => url.startsWith('file:') && /\.m?ts$/.test(new URL(url).pathname);

/** The source without its types. Errors: a SyntaxError that names file, line and column, with the line. */
function strip(url: string, transform: Transform): string {
  const filename = fileURLToPath(url);
  const source = readFileSync(filename, 'utf8');
  try {
    return transform(source, { mode: 'strip-only', module: true, filename }).code;
  } catch (e) {
    const { code, message = String(e), snippet = '', startLine, startColumn = 0 } = e as Complaint;
    const path = relative('', filename);
    const place = startLine === undefined ? path : `${path}:${startLine}:${startColumn + 1}`;
    const advice = code === 'UnsupportedSyntax' ? `. ${erasable}` : '';
    throw new SyntaxError(`${place}: ${message}${advice}\n${snippet.trimEnd().replaceAll(/^/gm, '  ')}`);
  }
}

/** What to do about syntax that is more than types. */
export const erasable =
  'Only what can be erased is run as it is: write a const object for an enum, fields for parameter properties, a module for a namespace.';

/** `stratus` from the script's own folder; where it is not installed there, this installation. */
const isOurs = (specifier: string): boolean => /^(stratus|@stratus\/core)$/.test(specifier);

/** What to look for when a module was not found: arguments for the next attempt. */
function elsewhere(
  specifier: string,
  context: nodeModule.ResolveHookContext,
  e: unknown,
): [string, nodeModule.ResolveHookContext] | undefined {
  if ((e as NodeJS.ErrnoException | null)?.code !== 'ERR_MODULE_NOT_FOUND') return undefined;
  if (isOurs(specifier)) return [specifier, { ...context, parentURL: import.meta.url }];
  // Written for a compiler: './data.js' stands for './data.ts'.
  if (/^\.{1,2}\/.*\.m?js$/.test(specifier) && context.parentURL !== undefined) {
    const source = specifier.replace(/js$/, 'ts');
    if (existsSync(new URL(source, context.parentURL))) return [source, context];
  }
  return undefined;
}

/** Node's resolve hook. @internal */
export const resolve: nodeModule.ResolveHook = async (specifier, context, next) => {
  try {
    return await next(specifier, context);
  } catch (e) {
    const other = elsewhere(specifier, context, e);
    if (!other) throw e;
    return next(...other);
  }
};

/** Node's load hook. @internal */
export const load: nodeModule.LoadHook = async (url, context, next) => {
  if (!isTypeScript(url)) return next(url, context);
  return { format: 'module', shortCircuit: true, source: strip(url, await transformer()) };
};

const transformer = async (): Promise<Transform> => (await import('@swc/wasm-typescript')).default.transformSync;

/** The part of node:module that Node 20 does not have. */
interface SyncHooks {
  registerHooks?: (hooks: {
    resolve: (
      specifier: string,
      context: nodeModule.ResolveHookContext,
      next: (specifier: string, context?: Partial<nodeModule.ResolveHookContext>) => nodeModule.ResolveFnOutput,
    ) => nodeModule.ResolveFnOutput;
    load: (
      url: string,
      context: nodeModule.LoadHookContext,
      next: (url: string, context?: { readonly format?: string | null | undefined }) => nodeModule.LoadFnOutput,
    ) => nodeModule.LoadFnOutput;
  }) => void;
}

/** From here on `import` takes TypeScript. */
export async function enableTypeScript(): Promise<void> {
  const { registerHooks } = nodeModule as SyncHooks;
  if (!registerHooks) return nodeModule.register(import.meta.url);
  const native = Boolean((process.features as { typescript?: unknown }).typescript);
  const transform = native ? undefined : await transformer();
  registerHooks({
    resolve(specifier, context, next) {
      try {
        return next(specifier, context);
      } catch (e) {
        const other = elsewhere(specifier, context, e);
        if (!other) throw e;
        return next(...other);
      }
    },
    load(url, context, next) {
      if (!isTypeScript(url)) return next(url, context);
      // A module whatever package.json says: `npm init` writes "type": "commonjs".
      if (!transform) return next(url, { ...context, format: 'module-typescript' });
      return { format: 'module', shortCircuit: true, source: strip(url, transform) };
    },
  });
}
