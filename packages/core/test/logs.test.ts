import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { crc32c } from '../src/logs/crc32c.ts';
import { csvLine, eventFileHeader, eventFileName, jsonLine, scalarEvents } from '../src/logs/index.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const ascii = (s: string): Uint8Array => new TextEncoder().encode(s);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

interface Golden {
  readonly startMs: number;
  readonly steps: readonly { readonly step: number; readonly ms: number; readonly scalars: Record<string, number | string> }[];
  readonly base64: string;
}
const golden = JSON.parse(readFileSync(join(root, 'golden/tensorboard.json'), 'utf8')) as Golden;
const numbers = (scalars: Record<string, number | string>): Record<string, number> =>
  Object.fromEntries(Object.entries(scalars).map(([tag, v]) => [tag, Number(v)]));

describe('tensorboard', () => {
  it('has the CRC-32C of RFC 3720', () => {
    expect(crc32c(ascii('123456789'))).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
    expect(crc32c(new Uint8Array())).toBe(0);
  });

  it("writes the bytes that TensorBoard's own writer writes", () => {
    const ours = [eventFileHeader(golden.startMs), ...golden.steps.map((s) => scalarEvents(s.step, numbers(s.scalars), s.ms))];
    expect(hex(Buffer.concat(ours))).toBe(hex(Buffer.from(golden.base64, 'base64')));
  });

  it('refuses steps that the format has no number for', () => {
    for (const step of [-1, 0.5, Number.NaN, 2 ** 53])
      expect(() => scalarEvents(step, {}, 0)).toThrow('expected a whole number from 0');
  });

  it('names files as TensorBoard looks for them, each differently', () => {
    const name = eventFileName(1_700_000_000_999, { host: 'laptop', process: 42 });
    expect(name).toMatch(/^events\.out\.tfevents\.1700000000\.laptop\.42\.\d+$/);
    expect(eventFileName(1_700_000_000_999, { host: 'laptop', process: 42 })).not.toBe(name);
  });

  const hasTensorBoard = (python: string): boolean => {
    try {
      execFileSync(python, ['-c', 'import tensorboard.backend.event_processing.event_accumulator'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  };
  const pythons = [process.env.STRATUS_PYTHON, join(root, '.venv/bin/python'), 'python3'].filter((p) => p !== undefined);
  const python = pythons.find((p) => (p.includes('/') ? existsSync(p) : true) && hasTensorBoard(p));

  it.skipIf(python === undefined)('is read by TensorBoard (needs a Python with tensorboard)', () => {
    const dir = mkdtempSync(join(tmpdir(), 'stratus-logs-'));
    try {
      const now = Date.now();
      const steps = Array.from({ length: 50 }, (_, i) =>
        scalarEvents(i * 1000, { loss: 1 / (i + 1), 'größe/☃': i }, now + i * 1000),
      );
      writeFileSync(join(dir, eventFileName(now)), Buffer.concat([eventFileHeader(now), ...steps]));
      const script = `
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
a = EventAccumulator(sys.argv[1]); a.Reload()
print(json.dumps({t: [[e.step, e.value, e.wall_time] for e in a.Scalars(t)] for t in a.Tags()['scalars']}))`;
      const out = execFileSync(python!, ['-c', script, dir], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
      const read = JSON.parse(out) as Record<string, [number, number, number][]>;
      const wall = (i: number): number => (now + i * 1000) / 1000;
      expect(read).toEqual({
        loss: Array.from({ length: 50 }, (_, i) => [i * 1000, Math.fround(1 / (i + 1)), wall(i)]),
        'größe/☃': Array.from({ length: 50 }, (_, i) => [i * 1000, i, wall(i)]),
      });
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});

describe('csvLine', () => {
  it('quotes as RFC 4180 says', () => {
    expect(csvLine(['epoch', 'loss', 'a,b', 'say "hi"', 'two\nlines'])).toBe('epoch,loss,"a,b","say ""hi""","two\nlines"\r\n');
    expect(csvLine([1, 0.25, -1e-30, 5n, true, '', undefined, null])).toBe('1,0.25,-1e-30,5,true,,,\r\n');
    expect(csvLine([Number.NaN, Number.POSITIVE_INFINITY])).toBe('NaN,Infinity\r\n');
    expect(csvLine([''])).toBe('""\r\n');
  });
});

describe('jsonLine', () => {
  it('gives one line that JSON reads back, whatever the numbers', () => {
    const line = jsonLine({
      step: 3,
      loss: Number.NaN,
      low: Number.NEGATIVE_INFINITY,
      big: 2n ** 60n,
      id: 7n,
      text: 'a\nb',
      xs: Float32Array.of(1, 0.5),
      none: undefined,
    });
    expect(line.indexOf('\n')).toBe(line.length - 1);
    expect(JSON.parse(line)).toEqual({
      step: 3,
      loss: 'NaN',
      low: '-Infinity',
      big: '1152921504606846976',
      id: 7,
      text: 'a\nb',
      xs: [1, 0.5],
    });
  });
});
