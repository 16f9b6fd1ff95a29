import { join } from 'node:path';
import { build } from 'esbuild';

const source = join(import.meta.dirname, '../../src');

/** Writes Stratus as one file, for programs that measure their own memory: in a process of their own, because the test runner's memory moves. */
export async function bundleTo(outfile: string): Promise<void> {
  await build({
    entryPoints: [join(source, 'index.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['koffi', 'onnxruntime-node', 'onnxruntime-web'],
    alias: { '#ort': join(source, 'runtime/node/index.ts'), '#files': join(source, 'runtime/node/files.ts') },
    logLevel: 'silent',
  });
}
