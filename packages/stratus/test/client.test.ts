import { join } from 'node:path';
import { build } from 'esbuild';
import { expect, it } from 'vitest';
import { type Client, connect } from '../src/client/index.ts';

it('is small in a browser, and needs nothing of Node', async () => {
  const { outputFiles, metafile } = await build({
    entryPoints: [join(import.meta.dirname, '../src/client/index.ts')],
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser', // an import of Node's would not be found
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
  expect(outputFiles[0]!.contents.length).toBeLessThan(20_000);
  const used = Object.entries(Object.values(metafile.outputs)[0]!.inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
  expect(used.map(([path]) => path).filter((path) => !/\/src\/client\/|core\/(dist|src)\/(errors|suggest)/.test(path))).toEqual(
    [],
  );
});

it('does not compile with a wrong key', () => {
  const wrong = (stratus: Client): Promise<unknown>[] => [
    // @ts-expect-error: no such key
    stratus.runs.create({ nmae: 'first' }),
    // @ts-expect-error: a parameter is no list
    stratus.runs.create({ params: { layers: [1, 2] } }),
    // @ts-expect-error: no such status
    stratus.runs.finish('a', 'done'),
    // @ts-expect-error: no such order
    stratus.runs.list({ sort: { metric: 'loss', order: 'up' } }),
    // @ts-expect-error: a digest is needed
    stratus.models.register('net', { notes: 'x' }),
    // @ts-expect-error: no such role
    stratus.tokens.create({ name: 'x', role: 'root' }),
    // @ts-expect-error: a step is missing
    stratus.metrics.append('a', [{ name: 'loss', value: 1 }]),
  ];
  expect(wrong).toBeTypeOf('function');
  expect(connect({ url: 'http://127.0.0.1:8080' }).project).toBe('default');
});
