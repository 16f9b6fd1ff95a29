import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Options of {@link RotatingFile}. */
export interface RotatingOptions {
  /** A file of more bytes is closed and a new one begun. */
  readonly maxBytes: number;
  /** So many closed files are kept. */
  readonly keep: number;
}

type Handle = Awaited<ReturnType<typeof open>>;

/** Text that goes to `NAME.jsonl`; when that is full it becomes `NAME.1.jsonl`, what was that `NAME.2.jsonl`, and so on up to a limit. */
export class RotatingFile {
  readonly #folder: string;
  readonly #name: string;
  readonly #options: RotatingOptions;
  #handle: Handle | undefined;
  #bytes = 0;

  constructor(folder: string, name: string, options: RotatingOptions) {
    this.#folder = folder;
    this.#name = name;
    this.#options = options;
  }

  #path(number = 0): string {
    return join(this.#folder, number === 0 ? `${this.#name}.jsonl` : `${this.#name}.${number}.jsonl`);
  }

  /** Errors: those of the file system. */
  async write(text: string): Promise<void> {
    const bytes = Buffer.byteLength(text);
    if (this.#handle === undefined) await this.#open();
    if (this.#bytes > 0 && this.#bytes + bytes > this.#options.maxBytes) await this.#rotate();
    await this.#handle!.appendFile(text);
    this.#bytes += bytes;
  }

  async #open(): Promise<void> {
    // What clients send is nobody else's to read.
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    this.#handle = await open(this.#path(), 'a', 0o600);
    this.#bytes = (await stat(this.#path())).size;
  }

  async #rotate(): Promise<void> {
    await this.close();
    const { keep } = this.#options;
    const form = new RegExp(`^${this.#name.replaceAll(/[^\w-]/g, '\\$&')}\\.(\\d+)\\.jsonl$`);
    for (const file of await readdir(this.#folder)) {
      const number = Number(form.exec(file)?.[1] ?? 0);
      if (number >= Math.max(1, keep)) await rm(join(this.#folder, file), { force: true });
    }
    for (let number = keep - 1; number >= 0; number--)
      await rename(this.#path(number), this.#path(number + 1)).catch((e: NodeJS.ErrnoException) => {
        if (e.code !== 'ENOENT') throw e;
      });
    if (keep === 0) await rm(this.#path(), { force: true });
    await this.#open();
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }
}
