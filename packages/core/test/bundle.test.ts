// What a page has to load: nothing of Node, and no more than it uses.
import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { alias } from './browser/bundle.ts';

/** Bundles a line of code as a page would be: the text, what is in it, and what it still imports. */
async function pack(code: string) {
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir: import.meta.dirname },
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    legalComments: 'none',
    logLevel: 'silent',
    alias,
  });
  const [output] = Object.values(metafile.outputs);
  const used = Object.entries(output!.inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
  return {
    text: outputFiles[0]!.text,
    bytes: outputFiles[0]!.contents.length,
    zipped: gzipSync(outputFiles[0]!.contents).length,
    files: used.map(([path]) => path),
    imports: output!.imports.map(({ kind, path }) => `${kind} ${path}`),
  };
}

const engine = /onnxruntime|\/runtime\//;

describe('a bundle for browsers', () => {
  it('has nothing of Node in it', async () => {
    const { bytes, zipped, files, imports, text } = await pack("export * from '@stratus/core';");
    console.log(`all of @stratus/core with ONNX Runtime's script: ${bytes} bytes, ${zipped} zipped`);
    expect(files.filter((path) => /runtime\/node|koffi|onnxruntime-node/.test(path))).toEqual([]);
    expect(text).not.toMatch(/onnxruntime-node|koffi/);
    expect(text).not.toMatch(/(?:\bfrom|\bimport)\s*\(?["'`]node:/);
    expect(imports).toEqual([]);
    // 118,000 of it is ONNX Runtime's script for WebGPU, which bundlers that split load only where it is asked for.
    expect(bytes).toBeLessThan(810_000);
    expect(zipped).toBeLessThan(280_000);
  });

  it.each([
    ["import { tensor } from '@stratus/core'; console.log(tensor([1]));", 12_000],
    ["import { parseIdx } from '@stratus/core'; console.log(parseIdx);", 12_000],
    ["import { readModelInfo } from '@stratus/core'; console.log(readModelInfo);", 20_000],
    ["import { dense } from '@stratus/core'; console.log(dense);", 60_000],
    // esbuild keeps all ops where one is taken out of `ops`; Rollup and Rolldown keep the one, 9 KB.
    ["import { ops } from '@stratus/core'; console.log(ops.sigmoid);", 205_000],
  ])('without the engine: %s', async (code, most) => {
    const { bytes, zipped, files, imports } = await pack(code);
    console.log(`${bytes} bytes, ${zipped} zipped: ${code}`);
    expect(files.filter((path) => engine.test(path))).toEqual([]);
    expect(imports).toEqual([]);
    expect(bytes).toBeLessThan(most);
  });

  it('takes one op from its own module without the others', async () => {
    const { files, bytes } = await pack("import { sigmoid } from '../src/ops/index.ts'; console.log(sigmoid);");
    expect(files.some((path) => path.endsWith('ops/sigmoid.ts'))).toBe(true);
    expect(files.filter((path) => /ops\/(pad|gelu|top-k|scatter-add)\.ts$/.test(path))).toEqual([]);
    expect(bytes).toBeLessThan(17_000);
  });

  it("is what package.json's imports say: the web's files unless it is Node", async () => {
    const { imports, sideEffects } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as {
      imports: Record<string, Record<string, string>>;
      sideEffects: boolean;
    };
    expect(sideEffects).toBe(false);
    for (const [name, source] of Object.entries(alias)) {
      if (!name.startsWith('#')) continue;
      const conditions = imports[name]!;
      expect(Object.keys(conditions)).toEqual(['types', 'node', 'default']); // the first that fits is taken
      const inDist = conditions['default']!.replace('./dist/', '/packages/core/src/').replace(/\.js$/, '.ts');
      expect(source.endsWith(inDist)).toBe(true);
    }
  });
});
