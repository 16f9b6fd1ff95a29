import { execFile } from 'node:child_process';
import { readFile, statfs } from 'node:fs/promises';
import { cpus } from 'node:os';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The instructions that kernels for matrices use, as Linux names them. */
const interesting =
  /^(sse4_2|avx|avx2|fma|f16c|avx_vnni|avx512f|avx512_vnni|avx512_bf16|avx512_fp16|amx_tile|amx_int8|amx_bf16|asimd|asimdhp|asimddp|bf16|i8mm|sve|sve2)$/;

/** What the processor can do at once, as far as the system says; undefined where it does not. */
export async function simd(): Promise<readonly string[] | undefined> {
  try {
    if (process.platform === 'linux') {
      const flags = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(await readFile('/proc/cpuinfo', 'utf8'))?.[1];
      return flags?.split(' ').filter((flag) => interesting.test(flag));
    }
    if (process.platform === 'darwin' && process.arch === 'arm64') return ['asimd'];
    if (process.platform === 'darwin') {
      const { stdout } = await run('sysctl', ['-n', 'machdep.cpu.features', 'machdep.cpu.leaf7_features']);
      return stdout
        .toLowerCase()
        .replaceAll('.', '_')
        .split(/\s+/)
        .filter((flag) => interesting.test(flag) || flag === 'avx1_0');
    }
  } catch {
    // Not known is an answer, too.
  }
  return undefined;
}

/** The processor's name. */
export const cpuModel = (): string => cpus()[0]?.model.trim() || 'unknown';

/** npm's version; undefined where there is no npm. */
export async function npmVersion(): Promise<string | undefined> {
  const running = /\bnpm\/(\S+)/.exec(process.env['npm_config_user_agent'] ?? '')?.[1];
  if (running !== undefined) return running;
  try {
    const { stdout } = await run('npm', ['--version'], { timeout: 10_000, shell: process.platform === 'win32' });
    return stdout.trim();
  } catch {
    return undefined;
  }
}

/** Free bytes for this user on the disk of a folder, which need not exist yet. */
export async function freeBytes(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch (e) {
    const parent = dirname(folder);
    if ((e as NodeJS.ErrnoException).code !== 'ENOENT' || parent === folder) throw e;
    return freeBytes(parent);
  }
}
