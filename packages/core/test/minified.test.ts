// Who bundles a program may let its names and its dead words be taken away: what native code is given must not hang on them.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { expect, it } from 'vitest';

const source = join(import.meta.dirname, '../src');

it('trains in a minified bundle, whatever is collected meanwhile, in the arithmetic of every other program', async () => {
  const folder = mkdtempSync(join(import.meta.dirname, '../dist/minified-')); // below the packages that it needs
  try {
    const program = `
      import { createExecutor, dense, input, sequential, sgd, tensor } from ${JSON.stringify(join(source, 'index.ts'))};
      const executors = [];
      for (let round = 0; round < 2; round++) {
        executors.push(await createExecutor());
        const others = [];
        // What nobody holds goes, and its memory is written over before the engine's thread has begun.
        for (let i = 0; i < 3; i++) { gc(); others.push(Array.from({ length: 1000 }, () => new Uint32Array(32).fill(0xffff0000))); }
        const net = sequential([input({ shape: [4] }), dense({ units: 3 }), dense({ units: 2, activation: 'softmax' })])
          .compile({ optimizer: sgd(), loss: 'sparseCategoricalCrossentropy', executor: executors[round] });
        await net.trainOnBatch(tensor(new Float32Array(8).fill(0.5), { shape: [2, 4] }), tensor(new Int32Array(2)));
      }
      // In the main thread denormals are numbers again: Number.MIN_VALUE is one.
      console.log(JSON.stringify({ denormal: Number.MIN_VALUE * [1][0] > 0, inexact: [1][0] / [3][0] }));
      process.exit(0);
    `;
    await build({
      stdin: { contents: program, resolveDir: folder },
      outfile: join(folder, 'program.mjs'),
      bundle: true,
      minify: true,
      packages: 'external',
      alias: { '#ort': join(source, 'runtime/node/index.ts'), '#files': join(source, 'runtime/node/files.ts') },
      format: 'esm',
      platform: 'node',
      logLevel: 'silent',
    });
    const options = { cwd: tmpdir(), encoding: 'utf8', timeout: 240_000 } as const;
    const said = execFileSync(process.execPath, ['--expose-gc', join(folder, 'program.mjs')], options);
    expect(JSON.parse(said)).toEqual({ denormal: true, inexact: 1 / 3 });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 300_000);
