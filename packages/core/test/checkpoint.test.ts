import { execFileSync, spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readCheckpoint, writeCheckpoint } from '../src/artifact/checkpoint.ts';
import type { Files } from '../src/runtime/files.ts';
import { files } from '../src/runtime/node/files.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'stratus-checkpoint-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const partsOf = (step: number, note = ''): Record<string, Uint8Array> => ({
  'model.onnx': new Uint8Array(5000).fill(step & 255),
  'trainer.json': bytes(JSON.stringify({ step, note })),
});
const write = (step: number, note = '', keep = 3): Promise<string> =>
  writeCheckpoint(files, dir, { step, parts: partsOf(step, note), keep });
const folders = (): string[] => readdirSync(dir).filter((name) => name !== 'LATEST');
const latest = (): string => readFileSync(join(dir, 'LATEST'), 'utf8').trim();
const codeOf = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'no error',
    (e: { code?: string }) => e.code ?? String(e),
  );

describe('checkpoints', () => {
  it('come back whole, with their step', async () => {
    const path = await write(123);
    expect(path).toBe(join(dir, 'step-00000123'));
    expect(latest()).toBe('step-00000123');
    expect(readdirSync(path).toSorted()).toEqual(['checksums.json', 'model.onnx', 'trainer.json']);
    expect(await readCheckpoint(files, dir)).toEqual({ path, step: 123, parts: partsOf(123), skipped: [] });
    expect(await readCheckpoint(files, path)).toEqual({ path, step: 123, parts: partsOf(123), skipped: [] });
    expect((await writeCheckpoint(files, join(dir, 'a/b'), { step: 2 ** 40, parts: {} })).endsWith('step-1099511627776')).toBe(
      true,
    );
    expect((await readCheckpoint(files, join(dir, 'a/b'))).step).toBe(2 ** 40);
  });

  it('are kept as many as asked for', async () => {
    for (let step = 1; step <= 5; step++) await write(step);
    expect(folders()).toEqual(['step-00000003', 'step-00000004', 'step-00000005']);
    await write(6, '', 1);
    expect(folders()).toEqual(['step-00000006']);
    for (let step = 7; step <= 10; step++) await write(step, '', Number.POSITIVE_INFINITY);
    expect(folders()).toHaveLength(5);
  });

  it('are newest by when they were written, not by their step', async () => {
    for (const step of [100, 200, 300]) await write(step, 'first run');
    for (const step of [10, 20]) await write(step, 'second run');
    expect(folders()).toEqual(['step-00000010', 'step-00000020', 'step-00000300']);
    expect((await readCheckpoint(files, dir)).step).toBe(20);
    rmSync(join(dir, 'LATEST'));
    expect((await readCheckpoint(files, dir)).step).toBe(20);
  });

  it('are not written twice for the same step and content, and replace the same step with other content', async () => {
    const path = await write(7);
    const { ino } = statSync(path);
    expect([await write(7), statSync(path).ino]).toEqual([path, ino]);
    await write(8);
    expect(await write(8, 'other')).toBe(join(dir, 'step-00000008-2'));
    expect(folders()).toEqual(['step-00000007', 'step-00000008-2']);
    expect((await readCheckpoint(files, dir)).parts).toEqual(partsOf(8, 'other'));
    expect(await write(8, 'third')).toBe(join(dir, 'step-00000008'));
    expect(folders()).toEqual(['step-00000007', 'step-00000008']);
    // The same content, but damaged since: it is written anew.
    truncateSync(join(dir, 'step-00000008/model.onnx'), 10);
    expect(await write(8, 'third')).toBe(join(dir, 'step-00000008-2'));
    expect(await readCheckpoint(files, dir)).toMatchObject({ parts: partsOf(8, 'third'), skipped: [] });
  });

  const damage: Record<string, [(path: string) => void, RegExp]> = {
    'a part is truncated': [
      (path) => truncateSync(join(path, 'model.onnx'), 4999),
      /model\.onnx has the SHA-256 [0-9a-f]{64}, expected/,
    ],
    'a part is changed': [
      (path) => writeFileSync(join(path, 'trainer.json'), '{"step":3,"note":"!"}'),
      /trainer\.json has the SHA-256/,
    ],
    'a part is gone': [(path) => rmSync(join(path, 'model.onnx')), /model\.onnx is missing/],
    'the checksums are gone': [(path) => rmSync(join(path, 'checksums.json')), /checksums\.json is missing/],
    'the checksums are truncated': [(path) => truncateSync(join(path, 'checksums.json'), 20), /checksums\.json cannot be read/],
    'the checksums are empty': [(path) => writeFileSync(join(path, 'checksums.json'), ''), /checksums\.json cannot be read/],
    'the folder is empty': [
      (path) => readdirSync(path).forEach((name) => rmSync(join(path, name))),
      /checksums\.json is missing/,
    ],
    'the folder is gone': [(path) => rmSync(path, { recursive: true }), /LATEST names 'step-00000003', which is not there/],
    'the checksums name a file outside': [
      (path) => {
        writeFileSync(join(path, '../secret'), 'x');
        const sums = JSON.parse(readFileSync(join(path, 'checksums.json'), 'utf8')) as { parts: Record<string, string> };
        sums.parts['../secret'] = '2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881';
        writeFileSync(join(path, 'checksums.json'), JSON.stringify(sums));
      },
      /checksums\.json cannot be read/,
    ],
  };
  for (const [what, [spoil, reason]] of Object.entries(damage)) {
    it(`fall back to the one before when ${what}`, async () => {
      for (let step = 1; step <= 3; step++) await write(step);
      spoil(join(dir, 'step-00000003'));
      const { step, parts, skipped } = await readCheckpoint(files, dir);
      expect([step, parts]).toEqual([2, partsOf(2)]);
      expect(skipped).toHaveLength(1);
      expect(skipped[0]).toMatch(reason);
    });
  }

  it('fall back as far as they must, and say why there is none', async () => {
    for (let step = 1; step <= 3; step++) await write(step);
    for (const step of [2, 3]) truncateSync(join(dir, `step-0000000${step}/model.onnx`), 1);
    const { step, skipped } = await readCheckpoint(files, dir);
    expect([step, skipped.length]).toEqual([1, 2]);
    await expect(readCheckpoint(files, join(dir, 'step-00000003'))).rejects.toThrow(
      /step-00000003 is damaged: model\.onnx has the SHA-256/,
    );
    truncateSync(join(dir, 'step-00000001/model.onnx'), 1);
    await expect(readCheckpoint(files, dir)).rejects.toThrow(
      /no usable checkpoint in .*none is whole \(step-00000003: model\.onnx/,
    );
    expect(await codeOf(readCheckpoint(files, dir))).toBe('no-checkpoint');
    expect(await codeOf(readCheckpoint(files, join(dir, 'nowhere')))).toBe('no-checkpoint');
  });

  it('are found with a LATEST that is garbage', async () => {
    for (let step = 1; step <= 2; step++) await write(step);
    for (const text of ['', '../../etc', 'step-00000009', '\0\0\0']) {
      writeFileSync(join(dir, 'LATEST'), text);
      expect((await readCheckpoint(files, dir)).step).toBe(2);
    }
    writeFileSync(join(dir, 'LATEST'), 'step-00000001\n');
    expect(await readCheckpoint(files, dir)).toMatchObject({ step: 1, skipped: [] });
  });

  it('can be moved with their folder', async () => {
    await write(4);
    cpSync(dir, `${dir}-moved`, { recursive: true });
    try {
      expect((await readCheckpoint(files, `${dir}-moved`)).path).toBe(join(`${dir}-moved`, 'step-00000004'));
    } finally {
      rmSync(`${dir}-moved`, { recursive: true });
    }
  });

  it('refuse names that are paths, and counts that are none', async () => {
    for (const name of ['../x', 'a/b', 'a\\b', '', '.', '..', '.hidden', 'checksums.json', 'C:x', 'a\0'])
      expect(await codeOf(writeCheckpoint(files, dir, { step: 1, parts: { [name]: bytes('x') } })), name).toBe('bad-value');
    for (const step of [-1, 0.5, Number.NaN]) expect(await codeOf(write(step))).toBe('bad-value');
    for (const keep of [0, -1, 1.5, Number.NaN]) expect(await codeOf(write(1, '', keep))).toBe('bad-value');
    expect(readdirSync(dir)).toEqual([]);
  });
});

describe('checkpoints that are cut off', () => {
  it('stay readable and consistent between any two changes to the disk', async () => {
    // From here on nothing changes any more, as after a kill.
    const dyingAfter = (changes: number): { readonly mortal: Files; readonly died: () => boolean } => {
      let left = changes;
      const mortal = new Proxy(files, {
        get: (target, key: keyof Files) =>
          key !== 'write' && key !== 'writeFolder' && key !== 'remove'
            ? target[key]
            : async (...args: [string, never]) => {
                if (left-- <= 0) throw new Error('killed');
                return target[key](...args);
              },
      });
      return { mortal, died: () => left < 0 };
    };
    let [step, survived] = [0, 0];
    for (let changes = 0; survived < 3; changes++) {
      const { mortal, died } = dyingAfter(changes);
      let said = step;
      try {
        for (let i = 0; i < 2; i++) {
          await writeCheckpoint(mortal, dir, { step: step + 1, parts: partsOf(step + 1), keep: 2 });
          said = ++step;
        }
        survived++;
      } catch (e) {
        expect([(e as Error).message, died()]).toEqual(['killed', true]);
      }
      if (changes < 2) expect(await codeOf(readCheckpoint(files, dir))).toBe(changes === 0 ? 'no-checkpoint' : 'no error');
      if (changes === 0) continue;
      const found = await readCheckpoint(files, dir);
      expect(found).toMatchObject({ parts: partsOf(found.step), skipped: [] });
      expect([said, said + 1]).toContain(found.step);
      step = found.step;
    }
    expect(folders()).toHaveLength(2);
  });

  it('stay readable and consistent when the process is killed at any time', async () => {
    const script = join(dir, 'child.mjs');
    const at = (path: string): string => JSON.stringify(join(import.meta.dirname, '../src', path));
    await build({
      stdin: {
        // Counts on from what it finds; says a step only when its checkpoint is written.
        contents: `
          import { readCheckpoint, writeCheckpoint } from ${at('artifact/checkpoint.ts')};
          import { files } from ${at('runtime/node/files.ts')};
          const dir = process.argv[2];
          let { step } = await readCheckpoint(files, dir).catch((e) => { if (e.code === 'no-checkpoint') return { step: 0 }; throw e; });
          for (;;) {
            step++;
            const parts = { 'model.onnx': new Uint8Array(300_000).fill(step & 255), 'trainer.json': new TextEncoder().encode(String(step)) };
            await writeCheckpoint(files, dir, { step, parts, keep: 2 });
            process.stdout.write(step + '\\n');
          }`,
        resolveDir: import.meta.dirname,
      },
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile: script,
      logLevel: 'error',
    });
    const home = join(dir, 'checkpoints');
    let said = 0;
    for (let round = 0; round < 25; round++) {
      const child = spawn(process.execPath, [script, home], { stdio: ['ignore', 'pipe', 'inherit'] });
      const exited = new Promise<NodeJS.Signals | null>((done) => child.on('exit', (_, signal) => done(signal)));
      const lines = createInterface({ input: child.stdout });
      // At a random moment of one of the first writes.
      let started = false;
      lines.on('line', (line) => {
        said = Number(line);
        if (!started) setTimeout(() => child.kill('SIGKILL'), Math.random() * 25);
        started = true;
      });
      expect(await exited).toBe('SIGKILL');
      await new Promise((done) => (child.stdout.readableEnded ? done(0) : lines.once('close', done)));
      const { step, parts, skipped } = await readCheckpoint(files, home);
      expect(skipped).toEqual([]);
      expect(step).toBeGreaterThanOrEqual(said);
      // Not toEqual, which takes a second for so many bytes.
      expect(Buffer.alloc(300_000, step & 255).equals(parts['model.onnx']!)).toBe(true);
      expect(Buffer.from(parts['trainer.json']!).toString()).toBe(String(step));
    }
    expect(said).toBeGreaterThanOrEqual(25);
    // What the killed processes left goes; what people put there stays.
    writeFileSync(join(home, 'LATEST.0123abcd.tmp'), 'x');
    mkdirSync(join(home, 'step-00000001.0123abcd.tmp/deep'), { recursive: true });
    mkdirSync(join(home, 'step-00000001.good'));
    for (let i = 1; i <= 2; i++) await writeCheckpoint(files, home, { step: said + 10 * i, parts: partsOf(1), keep: 2 });
    expect(readdirSync(home).toSorted()).toEqual([
      'LATEST',
      'step-00000001.good',
      ...[1, 2].map((i) => `step-${String(said + 10 * i).padStart(8, '0')}`),
    ]);
  });

  const disk = mkdtempSync(join(tmpdir(), 'stratus-disk-'));
  let mounted = false;
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk], { stdio: 'ignore' });
    execFileSync('umount', [disk], { stdio: 'ignore' });
    mounted = true;
  } catch {
    // Not root, or no right to mount: the test is skipped by name.
  }
  rmSync(disk, { recursive: true });

  it.skipIf(!mounted)('leave the one before readable on a full disk (needs the right to mount a tmpfs)', async () => {
    const small = join(dir, 'disk');
    mkdirSync(small);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', small]);
    try {
      const write = (step: number, size: number): Promise<string> =>
        writeCheckpoint(files, small, {
          step,
          parts: { 'model.onnx': new Uint8Array(size).fill(step), 'state.safetensors': new Uint8Array(size) },
        });
      await write(1, 100_000);
      await write(2, 100_000);
      const before = readdirSync(small);
      expect(await codeOf(write(3, 400_000))).toBe('file-failed');
      expect(readdirSync(small)).toEqual(before);
      expect(await readCheckpoint(files, small)).toMatchObject({ step: 2, skipped: [] });
      // And there is room again for one that fits.
      await write(4, 100_000);
      expect(await readCheckpoint(files, small)).toMatchObject({ step: 4, skipped: [] });
    } finally {
      execFileSync('umount', [small]);
    }
    expect(existsSync(small)).toBe(true);
  });
});
