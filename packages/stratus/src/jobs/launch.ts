import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, closeSync, constants, mkdirSync, openSync, rmSync, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { processName } from '../processes/index.ts';
import { reserve, writeStatus } from './space.ts';

/**
 * What runs between supervisor and command: the leader of the group, a few kilobytes of shell. It lives on when the supervisor dies, and so knows how the command ended.
 *
 * It begins only when it is told to: whoever is killed between starting it and writing down which process it is has started nothing. While it runs it looks for a sign of a
 * supervisor; where there is none for the time of a lease, another machine may begin the job again, so it ends the command first, as a preemption. Last it takes down with it
 * whatever the command left running.
 *
 * How the command ended and the signs of a supervisor have their place on the disk before it begins: output that fills the disk must not make anybody seem dead.
 */
const guard = `
folder=$1 every=$2 looks=$3 grace=$4
shift 4
read -r go || exit 0
exec </dev/null
trap : HUP INT TERM USR1 USR2
(
  trap '' HUP INT TERM USR1 USR2
  missed=0 last=
  while sleep "$every"; do
    beat=
    read -r beat < "$folder/beat"
    if [ "$beat" = "$last" ]; then missed=$((missed + 1)); else missed=0 last=$beat; fi
    if [ "$missed" -ge "$looks" ]; then
      echo abandoned > "$folder/abandoned"
      kill -TERM -$$
      sleep "$grace"
      kill -KILL -$$
    fi
  done
) >/dev/null 2>&1 &
"$@"
${writeStatus} 1<> "$folder/exit"
kill -KILL 0
`;

/** Looks for a sign in the time of a lease; renewals come as often. */
export const looksPerLease = 6;
/** So many looks without a sign, and one that was missed for an instant, are still within the lease. */
const looksInVain = 4;

export interface Launch {
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where output, beat and exit code lie. */
  readonly folder: string;
  readonly leaseMs: number;
  readonly graceMs: number;
}

export interface Launched {
  readonly pid: number;
  readonly process: string;
  /** Lets the command begin. */
  go(): void;
  /** It never begins. */
  abort(): void;
}

/** The file of a program. A name without a slash is looked for in PATH, never among what a shell has built in. */
function programOf(name: string, cwd: string, path: string): string | undefined {
  const places = name.includes('/') ? [resolve(cwd, name)] : path.split(delimiter).map((folder) => resolve(cwd, folder, name));
  return places.find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return statSync(file).isFile();
    } catch {
      return false;
    }
  });
}

/** Prepares a command as a group of processes of its own. Returns why it cannot be started where it cannot. */
export async function launch({ command, cwd, env, folder, leaseMs, graceMs }: Launch): Promise<Launched | string> {
  const [name = '', ...args] = command;
  const program = programOf(name, cwd, env['PATH'] ?? '/usr/bin:/bin');
  if (program === undefined) return `there is no program '${name}'`;
  const files: number[] = [];
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const file of ['exit', 'beat']) reserve(join(folder, file));
    for (const stream of ['stdout', 'stderr']) files.push(openSync(join(folder, stream), 'a', 0o600));
    const seconds = (ms: number): string => String(Math.max(0.05, ms / 1000));
    const times = [seconds(leaseMs / looksPerLease), String(looksInVain), seconds(graceMs)];
    const child = spawn('/bin/sh', ['-c', guard, 'stratus-job', folder, ...times, program, ...args], {
      cwd,
      env: { ...env },
      detached: true,
      stdio: ['pipe', files[0]!, files[1]!],
    });
    const problem = await new Promise<Error | undefined>((done) => {
      child.once('spawn', () => done(undefined));
      child.once('error', done);
    });
    if (problem === undefined) return launched(child);
    throw problem;
  } catch (e) {
    rmSync(folder, { recursive: true, force: true });
    return reasonOf(e as Error, cwd); // an argument that is too long, for one
  } finally {
    for (const file of files) closeSync(file);
  }
}

function launched(child: ChildProcess): Launched {
  const pid = child.pid!;
  const input = child.stdin!;
  input.on('error', () => undefined); // it ended before it read
  child.unref();
  return {
    pid,
    process: processName(pid),
    go: () => void input.end('go\n'),
    abort: () => void input.destroy(),
  };
}

function reasonOf(e: Error, cwd: string): string {
  const { code, path } = e as NodeJS.ErrnoException;
  return code === 'ENOENT' && path === '/bin/sh' ? `there is no folder ${cwd}` : `it could not be started: ${e.message}`;
}
