// A real server of PostgreSQL on the loopback, in a folder of its own. It does not run as root, which it refuses.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

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
  crash(how: 'immediate' | 'kill'): void;
  /** Starts it again after a crash. */
  restart(): void;
  stop(): void;
}

async function freePort(): Promise<number> {
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
  const run = (program: string, ...args: string[]): void => {
    execFileSync(join(postgresPrograms!, program), args, {
      ...own,
      cwd: folder,
      stdio: 'ignore',
      env: { LC_ALL: 'C', PATH: process.env['PATH'] },
    });
  };
  const port = await freePort();
  run('initdb', '-D', 'data', '-U', 'reader', '--auth=scram-sha-256', `--pwfile=${file}`, '-E', 'UTF8', '--no-sync');
  const settings = `-c listen_addresses=127.0.0.1 -c port=${port} -c unix_socket_directories=${folder} -c fsync=${fsync}`;
  const startServer = (): void => run('pg_ctl', '-D', 'data', '-w', '-l', 'log', '-o', settings, 'start');
  startServer();
  return {
    port,
    password,
    crash(how) {
      if (how === 'immediate') return run('pg_ctl', '-D', 'data', '-m', 'immediate', '-w', 'stop');
      process.kill(Number(readFileSync(join(folder, 'data/postmaster.pid'), 'utf8').split('\n')[0]), 'SIGKILL');
    },
    restart() {
      for (let tries = 1; ; tries++) {
        try {
          return startServer();
        } catch (e) {
          if (tries === 10) throw e; // the processes of the one that was killed may not be gone yet
        }
      }
    },
    stop() {
      spawnSync(join(postgresPrograms!, 'pg_ctl'), ['-D', 'data', '-m', 'immediate', '-w', 'stop'], { ...own, cwd: folder });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
