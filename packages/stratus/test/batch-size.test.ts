import { describe, expect, it } from 'vitest';
import { BatchSize } from '../src/serve/batch-size.ts';

/** A model under load for a while, by a clock of its own: `msOf` says how long a run of so many rows takes, and `waiting` how many rows wait at most. */
function sizeAfter(msOf: (rows: number) => number, { waiting = 256, runs = 3000 } = {}): number {
  const size = new BatchSize(64);
  let now = 0;
  for (let run = 0; run < runs; run++) {
    const rows = Math.min(size.rows, waiting);
    now += msOf(rows);
    size.note(rows, waiting > rows, now);
  }
  return size.rows;
}

describe('the rows of a run', () => {
  it.each([
    ['stay the most where each run costs something', (rows: number) => 1 + 0.01 * rows, [64]],
    ['become few where many rows slow each other down', (rows: number) => rows * (1 + rows / 8), [1, 2]],
    ['become those that are best', (rows: number) => 4 + rows + rows ** 2 / 16, [4, 8, 16]],
  ])('%s', (_, msOf, wanted) => {
    expect(wanted).toContain(sizeAfter(msOf));
  });

  it('grow again when that has become better', () => {
    const size = new BatchSize(64);
    let [now, slow] = [0, true];
    const rounds = (runs: number): void => {
      for (let run = 0; run < runs; run++) {
        const { rows } = size;
        now += slow ? rows ** 2 : 10 + 0.01 * rows;
        size.note(rows, true, now);
      }
    };
    rounds(2000);
    expect(size.rows).toBeLessThanOrEqual(2);
    slow = false;
    rounds(60_000);
    expect(size.rows).toBeGreaterThanOrEqual(32);
  });

  it('stay where nobody waits', () => {
    const size = new BatchSize(64);
    for (let now = 0; now < 10_000; now += 5) {
      size.note(1, false, now);
      size.idle();
    }
    expect(size.rows).toBe(64);
  });
});
