// Makes the repository ready for use: installed and built. Plain JavaScript without dependencies, because it runs before
// anything is installed. `node tools/ready.mjs install|build`.
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, lstatSync, readFileSync, symlinkSync } from 'node:fs';
import { availableParallelism, constants } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The root of the repository, without a separator at the end. */
export const root = dirname(import.meta.dirname);

/** Node arguments with which .ts files run, also on versions of Node that cannot by themselves. */
export const typescript = ['--import', pathToFileURL(join(import.meta.dirname, 'typescript-loader.mjs')).href];

/** What a person sees when the tools give up: a sentence instead of a stack. */
export class Refusal extends Error {}

/**
 * Runs a program to its end. Ctrl-C and SIGTERM reach the program, which decides when to stop.
 * @param {string} file
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, quiet?: boolean, timeoutMs?: number, toError?: boolean }} [options] quiet: collect the
 *   output instead of showing it; toError: show what it writes to standard output on standard error.
 * @returns {Promise<{ code: number, output: string }>}
 */
export function run(file, args, { cwd = root, env = process.env, quiet = false, timeoutMs, toError = false } = {}) {
  return new Promise((resolve) => {
    const show = toError ? ['inherit', process.stderr, 'inherit'] : 'inherit';
    const child = spawn(file, args, {
      cwd,
      env,
      stdio: quiet ? ['ignore', 'pipe', 'pipe'] : show,
      shell: process.platform === 'win32' && file === 'npm',
      ...(timeoutMs === undefined ? {} : { timeout: timeoutMs, killSignal: 'SIGKILL' }),
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text) => (output += text));
    const stay = () => {}; // a terminal sends SIGINT to the whole group: the program has it already
    const pass = () => child.kill('SIGTERM');
    process.on('SIGINT', stay).on('SIGTERM', pass);
    const end = (code) => {
      process.off('SIGINT', stay).off('SIGTERM', pass);
      resolve({ code, output });
    };
    child.on('error', (e) => {
      output += `${file}: ${e.message}\n`;
      end(127);
    });
    child.on('close', (code, signal) => end(code ?? 128 + (constants.signals[signal ?? 'SIGKILL'] ?? 0)));
  });
}

/** Why node_modules does not hold what package-lock.json says, or undefined when it does. */
export function missing(folder = root) {
  const read = (path) => JSON.parse(readFileSync(join(folder, path), 'utf8')).packages;
  if (!existsSync(join(folder, 'node_modules/.package-lock.json'))) return 'nothing is installed yet';
  const installed = read('node_modules/.package-lock.json');
  for (const [path, wanted] of Object.entries(read('package-lock.json'))) {
    const found = installed[path];
    if (path === '' || (found === undefined && wanted.optional)) continue; // optional: binaries for other platforms
    if (found?.version !== wanted.version || found?.resolved !== wanted.resolved)
      return `${path} is not what package-lock.json says`;
  }
  return undefined;
}

/** Runs `npm ci` where something is missing; no install script of a dependency runs (.npmrc). */
export async function ensureInstalled({ toError = false } = {}) {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    throw new Refusal(`Node ${process.versions.node} is too old: 20.19 or later is needed.`);
  }
  const reason = missing();
  if (reason === undefined) return;
  console.error(`npm ci: ${reason}`);
  for (let tries = 1; ; tries++) {
    const { code } = await run('npm', ['ci', '--no-audit', '--no-fund'], { toError });
    if (code === 0) return;
    if (tries === 2)
      throw new Refusal(`npm ci failed twice (exit code ${code}); its messages are above. Is the package registry reachable?`);
    console.error('npm ci failed; trying once more');
  }
}

/** Builds both packages; a matter of milliseconds when nothing has changed. */
export async function ensureBuilt({ toError = false } = {}) {
  const { code } = await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b'], { toError });
  if (code !== 0) throw new Refusal('The build failed; the messages of the compiler are above.');
  const { bundleAll } = await import('./bundle.mjs'); // it needs what was installed
  await bundleAll();
  linkCommand();
}

/** npm links a package's command while installing, when it is not built yet: `npx stratus` works in a clone because of this. */
export function linkCommand() {
  const command = join(root, 'packages/stratus/dist/cli/main.js');
  const link = join(root, 'node_modules/.bin/stratus');
  if (process.platform === 'win32' || !existsSync(command)) return;
  chmodSync(command, 0o755);
  if (lstatSync(link, { throwIfNoEntry: false }) === undefined) symlinkSync(relative(dirname(link), command), link);
}

/** How many programs may run at once. */
export const parallel = Math.max(1, Math.min(availableParallelism(), 4));

/** Runs a tool's main function: its number is the exit code, a refusal is a sentence and exit code 1. */
export async function main(body) {
  try {
    process.exitCode = (await body()) ?? 0;
  } catch (e) {
    if (!(e instanceof Refusal)) throw e;
    console.error(e.message);
    process.exitCode = 1;
  }
}

/** Seconds for people: '0.3 s', '12.0 s'. */
export const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

if (process.argv[1] === import.meta.filename) {
  await main(async () => {
    const what = process.argv[2];
    if (what !== 'install' && what !== 'build') throw new Refusal('Usage: node tools/ready.mjs install|build');
    await ensureInstalled();
    if (what === 'build') await ensureBuilt();
  });
}
