import { byteCount, clock, duration } from './format.ts';
import { type LiveLine, liveLine } from './live-line.ts';
import { type Colors, colorsFor, isTerminal, type OutputStream } from './output-stream.ts';

/** How far a download is. */
export interface DownloadState {
  readonly file: string;
  readonly received: number;
  readonly total: number;
  readonly isOver: boolean;
}

/** One download that is being watched. */
interface Watched {
  readonly state: DownloadState;
  /** When it began, and with how much. */
  readonly began: number;
  readonly had: number;
}

const secondsBetweenFrames = 0.08;
/** What is over before needs no bar. */
const secondsUnseen = 0.5;
const barLength = 24;

const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);

/** `cifar-100-binary.tar.gz ━━━━━━━━━━━━━━━━━━━━━━━━ 45.2 MB/168.5 MB  12.3 MB/s  0:10 left`, or `3 files …` for several at once; at most `columns` wide. */
export function downloadLine(
  watched: readonly Watched[],
  { now, colors, columns }: { readonly now: number; readonly colors: Colors; readonly columns: number },
): string {
  const received = sum(watched.map(({ state }) => state.received));
  const total = sum(watched.map(({ state }) => state.total));
  const seconds = now - Math.min(...watched.map(({ began }) => began));
  const speed = Math.max(0, received - sum(watched.map(({ had }) => had))) / Math.max(seconds, 1e-3);
  const name = watched.length === 1 ? watched[0]!.state.file : `${watched.length} files`;
  const figures = `${byteCount(received)}/${byteCount(total)}`;
  const tempo = speed > 0 ? `  ${byteCount(Math.round(speed))}/s  ${clock((total - received) / speed)} left` : '';
  const width = name.length + figures.length + 2;
  const length = Math.min(barLength, columns - width - tempo.length);
  const done = Math.round((Math.max(0, length) * received) / Math.max(1, total));
  const bar =
    length < 8
      ? ''
      : `${colors.cyan('━'.repeat(done))}${colors.dim((colors.isColorSupported ? '━' : '─').repeat(length - done))} `;
  const fits = width + tempo.length <= columns;
  return `${colors.bold(name)} ${bar}${figures}${fits ? colors.dim(tempo) : ''}`;
}

/**
 * Shows downloads on a terminal: one line for all that go on, which is rewritten in place, and a line that stays for each that took a while. Elsewhere nothing.
 * `now` gives seconds.
 */
export function downloadBar({
  stream = process.stderr,
  now = () => performance.now() / 1000,
}: {
  readonly stream?: OutputStream;
  readonly now?: () => number;
} = {}): (state: DownloadState) => void {
  const running = new Map<string, Watched>();
  let opening: Promise<void> | undefined;
  let line: LiveLine | undefined;
  let shownAt = Number.NEGATIVE_INFINITY;

  const draw = (): void => {
    shownAt = now();
    line?.show(downloadLine([...running.values()], { now: now(), colors: colorsFor(stream), columns: stream.columns || 80 }));
  };
  const open = async (): Promise<void> => {
    const made = await liveLine(stream);
    opening = undefined;
    if (running.size === 0) return made.end('remove');
    line = made;
    draw();
  };
  const end = ({ state, began, had }: Watched): void => {
    running.delete(state.file);
    const text = `Downloaded ${state.file}: ${byteCount(state.received - had)} in ${duration(now() - began)}`;
    if (state.received === state.total) line?.keep(colorsFor(stream).dim(text));
    if (running.size > 0) return;
    line?.end('remove');
    line = undefined;
  };

  return (state) => {
    if (!isTerminal(stream)) return;
    const known = running.get(state.file);
    const begins = known === undefined || state.received < known.had; // or begins again
    const { began, had } = begins ? { began: now(), had: state.received } : known;
    const watched = { state, began, had };
    if (state.isOver) return end(watched);
    running.set(state.file, watched);
    if (line && now() - shownAt >= secondsBetweenFrames) draw();
    if (!line && !opening && now() - began >= secondsUnseen) opening = open();
  };
}
