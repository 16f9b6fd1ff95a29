// A real server of PostgreSQL on the loopback, in a folder of its own. It does not run as root, which it refuses.
import { type ChildProcess, execFile, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const debian = '/usr/lib/postgresql';

/** The folder of initdb and pg_ctl; undefined where there is none. */
export const postgresPrograms = ((): string | undefined => {
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [process.env['STRATUS_POSTGRES'], ...versions.map((version) => join(debian, version, 'bin'))];
  return folders.find((folder) => folder !== undefined && existsSync(join(folder, 'initdb')));
})();

export interface PostgresServer {
  readonly port: number;
  readonly password: string;
  /** Ends it without warning: its processes by their own signal for that, or the first one by SIGKILL. */
  crash(how: 'immediate' | 'kill'): Promise<void>;
  /** Starts it again after a crash. */
  restart(): Promise<void>;
  stop(): void;
}

/** A port of the loopback that nobody listens at. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

/** Starts it, with the user `reader` and a password. `fsync`: whether it waits for the disk, as one that is measured has to. */
export async function startPostgres({ fsync = 'off' }: { readonly fsync?: 'on' | 'off' } = {}): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'stratus-pg-'));
  const password = 'open:s3same';
  const file = join(folder, 'password');
  writeFileSync(file, password);
  mkdirSync(join(folder, 'data'));
  const nobody = 65_534;
  const own = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {};
  if (own.uid !== undefined) for (const path of [folder, file, join(folder, 'data')]) chownSync(path, nobody, nobody);
  chmodSync(folder, 0o700);
  const env = { LC_ALL: 'C', PATH: process.env['PATH'] };
  const port = await freePort();
  const program = (name: string): string => join(postgresPrograms!, name);
  const initial = ['-D', 'data', '-U', 'reader', '--auth=scram-sha-256', `--pwfile=${file}`, '-E', 'UTF8', '--no-sync'];
  execFileSync(program('initdb'), initial, { ...own, cwd: folder, env, stdio: 'ignore' });
  const settings = { listen_addresses: '127.0.0.1', port, unix_socket_directories: folder, fsync };
  const args = ['-D', 'data', ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
  const answers = (): Promise<boolean> =>
    new Promise((done) => execFile(program('pg_isready'), ['-q', '-h', '127.0.0.1', '-p', `${port}`], (e) => done(e === null)));
  // A child of this process: of one that is nobody's child nobody knows when it is gone for good, and until then its successor does not begin.
  let server: ChildProcess;
  const startServer = async (): Promise<void> => {
    const end = performance.now() + 60_000;
    const log = openSync(join(folder, 'log'), 'a');
    try {
      do {
        server = spawn(program('postgres'), args, { ...own, cwd: folder, env, stdio: ['ignore', log, log] });
        server.unref();
        while (server.exitCode === null && server.signalCode === null && performance.now() < end) {
          if (await answers()) return;
          await sleep(20);
        }
        await sleep(50); // the processes of the one that was killed are not gone yet
      } while (performance.now() < end);
    } finally {
      closeSync(log);
    }
    throw new Error(`PostgreSQL does not start:\n${readFileSync(join(folder, 'log'), 'utf8').slice(-2000)}`);
  };
  await startServer();
  return {
    port,
    password,
    async crash(how) {
      const gone = once(server, 'exit');
      server.kill(how === 'immediate' ? 'SIGQUIT' : 'SIGKILL');
      await gone;
    },
    restart: startServer,
    stop() {
      spawnSync(program('pg_ctl'), ['-D', 'data', '-m', 'immediate', '-w', 'stop'], { ...own, cwd: folder });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
