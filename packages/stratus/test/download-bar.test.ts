import pico from 'picocolors';
import { describe, expect, it, vi } from 'vitest';
import { type DownloadState, downloadBar, downloadLine } from '../src/progress/download-bar.ts';

const state = (file: string, received: number, total = 168_513_733): DownloadState => ({
  file,
  received,
  total,
  isOver: received === total,
});
const colors = pico.createColors(false);

describe('downloadLine', () => {
  it('says what, how much, how fast and how long', () => {
    const watched = [{ state: state('cifar-100-binary.tar.gz', 84_256_866), began: 0, had: 0 }];
    expect(downloadLine(watched, { now: 8, colors, columns: 100 })).toBe(
      'cifar-100-binary.tar.gz ━━━━━━━━━━━━──────────── 84.3 MB/168.5 MB  10.5 MB/s  0:08 left',
    );
    // What was there before has taken no time.
    expect(downloadLine([{ ...watched[0]!, had: 84_000_000 }], { now: 8, colors, columns: 100 })).toContain('32.1 kB/s');
    const both = [...watched, { state: state('b', 500, 1000), began: 2, had: 0 }];
    expect(downloadLine(both, { now: 8, colors, columns: 100 })).toMatch(/^2 files .* 84\.3 MB\/168\.5 MB/);
  });

  it('is no wider than the terminal', () => {
    for (let columns = 41; columns < 100; columns++)
      expect(
        downloadLine([{ state: state('cifar-100-binary.tar.gz', 1e8), began: 0, had: 0 }], { now: 8, colors, columns }).length,
      ).toBeLessThanOrEqual(columns);
  });
});

describe('downloadBar', () => {
  const terminal = (isTTY: boolean) => {
    const written: string[] = [];
    return { written, stream: { isTTY, columns: 100, write: (text: string) => written.push(text) } };
  };

  it('shows what takes a while, and keeps a line of it', async () => {
    vi.stubEnv('TERM', 'xterm');
    const { written, stream } = terminal(true);
    let time = 0;
    const show = downloadBar({ stream, now: () => time });
    show(state('a.gz', 0, 4_000_000));
    expect(written).toEqual([]);
    time = 1;
    show(state('a.gz', 1_000_000, 4_000_000));
    await vi.waitFor(() => expect(written.join('')).toContain('1.0 MB/4.0 MB'));
    time = 2;
    show(state('a.gz', 4_000_000, 4_000_000));
    expect(written.join('')).toContain('Downloaded a.gz: 4.0 MB in 2.0 s');
    vi.unstubAllEnvs();
  });

  it('writes nothing where there is no terminal, nor for what comes at once', async () => {
    for (const isTTY of [false, true]) {
      const { written, stream } = terminal(isTTY);
      let time = 0;
      const show = downloadBar({ stream, now: () => time });
      show(state('a.gz', 0, 4000));
      time = isTTY ? 0.1 : 5;
      show(state('a.gz', 2000, 4000));
      show(state('a.gz', 4000, 4000));
      expect(written).toEqual([]);
    }
  });
});
