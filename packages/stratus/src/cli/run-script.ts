import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { enableTypeScript } from './typescript.ts';

/** Where a script is. Errors: `file-not-found`; `usage` for a folder. `command`: what the reader typed before its name. */
export async function scriptPath(script: string, command: string): Promise<string> {
  const { fail } = await import('@stratus/core');
  const path = resolve(script);
  if (!existsSync(path)) throw fail('file-not-found', { file: path });
  if (!statSync(path).isFile())
    throw fail('usage', { reason: `${script} is a folder.`, fix: `Name the script in it: ${command} train.ts` });
  return path;
}

/** How a script is run. */
export interface ScriptRun {
  /** As the reader named it. */
  readonly script: string;
  /** What it finds in process.argv. */
  readonly args: readonly string[];
  /** Is called when the script is over, and with what it threw, or what was thrown meanwhile and nobody awaited. */
  end(failure?: { readonly error: unknown }): void;
  /** True when it was told to stop: what it awaits then need not come. */
  isStopped(): boolean;
}

/** Runs a script in this process, TypeScript as it is. */
export async function runScript(path: string, { script, args, end, isStopped }: ScriptRun): Promise<void> {
  const { fail } = await import('@stratus/core');
  // Also what happens in a fit that nobody awaits.
  process.on('uncaughtException', (error) => end({ error }));
  await enableTypeScript();
  Error.stackTraceLimit = 50; // so that the script's own line is among them
  process.argv = [process.argv[0]!, path, ...args];
  let isRun = false;
  process.once('beforeExit', () => {
    if (isRun || isStopped()) return end();
    const fix = 'Look for a promise that is never resolved.';
    end({
      error: fail('bad-value', {
        what: script,
        got: 'an await that never comes back',
        want: 'a script that runs to its end',
        fix,
      }),
    });
  });
  try {
    await import(pathToFileURL(path).href);
    isRun = true;
  } catch (error) {
    end({ error });
  }
}
