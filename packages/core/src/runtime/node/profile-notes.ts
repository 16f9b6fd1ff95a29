// ONNX Runtime's profiler writes a file when it ends: one event a line, each when it was over.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { engineError } from '../engine-error.ts';
import type { EngineRun, KernelCall } from '../executor.ts';
import { nextTurn } from './next-turn.ts';

interface Event {
  readonly name: string;
  readonly cat: string;
  readonly ts: number;
  readonly dur: number;
  readonly args?: { readonly op_name?: string; readonly mem_in_use_peak?: string };
}

const kernelEnd = '_kernel_time';
/** Lines that are read between two turns of the event loop: some milliseconds. */
const linesAtOnce = 500;

/** Of sessions that are there: a process may end before they do. */
const folders = new Set<string>();
const clear = (): void => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
};

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'stratus-profile-'));
  if (folders.size === 0) process.off('exit', clear).once('exit', clear);
  folders.add(folder);
  return folder;
}

/** Where one session writes what it noted. */
export class ProfileNotes {
  readonly #folder = newFolder();
  /** What the file's name begins with. */
  readonly prefix = join(this.#folder, 'notes');
  /** The same as C wants it: Windows has texts of 16 bits for paths. */
  readonly prefixBytes: Uint8Array = Buffer.from(`${this.prefix}\0`, process.platform === 'win32' ? 'utf16le' : 'utf8');

  /** What was written. Errors: `engine`. */
  async read(): Promise<EngineRun[]> {
    try {
      const [name] = readdirSync(this.#folder);
      if (name === undefined) throw new Error('it has written nothing');
      return await runsOf(await readFile(join(this.#folder, name)));
    } catch (e) {
      throw engineError('profiling', e);
    } finally {
      this.remove();
    }
  }

  /** To be called when the session is gone, which writes as well. */
  remove(): void {
    folders.delete(this.#folder);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** The runs in a file of notes. Not as one text: a large file is longer than a text may be. */
export async function runsOf(file: Uint8Array): Promise<EngineRun[]> {
  const decoder = new TextDecoder();
  const runs: EngineRun[] = [];
  let kernels: KernelCall[] = [];
  let count = 0;
  for (let from = 0; from < file.length; ) {
    const found = file.indexOf(10, from);
    const end = found < 0 ? file.length : found;
    const line = decoder.decode(file.subarray(from, end)).trim().replace(/,$/, '');
    from = end + 1;
    if (++count % linesAtOnce === 0) await nextTurn();
    if (!line.startsWith('{')) continue;
    const { name, cat, ts: start, dur: duration, args } = JSON.parse(line) as Event;
    if (cat === 'Node' && name.endsWith(kernelEnd)) {
      const peak = args?.mem_in_use_peak;
      const peakBytes = peak === undefined ? undefined : Number(peak);
      kernels.push({ node: name.slice(0, -kernelEnd.length), op: args?.op_name ?? '', start, duration, peakBytes });
    } else if (name === 'model_run') {
      // What runs while a session is made (constants are folded by kernels) is before its first run.
      runs.push({ start, duration, kernels: kernels.filter((kernel) => kernel.start >= start) });
      kernels = [];
    }
  }
  return runs;
}
