import { stat } from 'node:fs/promises';

/** Something that is read from files, and read again when they change. */
export interface Followed {
  /** Reads again now, changed or not: for SIGHUP. What goes wrong is reported, and the old state stays. */
  reload(): Promise<void>;
  /** No longer looks. */
  close(): void;
}

/** Options of {@link followFiles}. */
interface FollowOptions {
  /** Between two looks, in milliseconds. */
  readonly everyMs?: number | undefined;
  /** Is told why the new state was not taken. */
  readonly report: (error: unknown) => void;
}

/**
 * What tells that a file is another one. Links are followed: Kubernetes changes mounted secrets by turning a link over, which
 * notifications of the file system do not show for the file itself, so it is looked at in turn.
 */
async function fingerprint(paths: readonly string[]): Promise<string> {
  const parts = paths.map(async (path) => {
    try {
      const { mtimeMs, size, ino } = await stat(path);
      return `${mtimeMs} ${size} ${ino}`;
    } catch {
      return 'gone';
    }
  });
  return (await Promise.all(parts)).join('\n');
}

/** Calls `read` whenever one of the files has changed. A state that cannot be read is tried again at the next change only. */
export async function followFiles(
  paths: readonly string[],
  read: () => Promise<void>,
  { everyMs = 1000, report }: FollowOptions,
): Promise<Followed> {
  let seen = await fingerprint(paths);
  let busy = Promise.resolve();
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    busy = busy.then(work).catch(report);
    return busy;
  };
  const look = async (): Promise<void> => {
    const now = await fingerprint(paths);
    if (now === seen) return;
    seen = now;
    if (!now.includes('gone')) await read(); // between removing and writing: the next look finds the new one
  };
  const timer = setInterval(() => void inTurn(look), everyMs).unref();
  return { reload: () => inTurn(read), close: () => clearInterval(timer) };
}
