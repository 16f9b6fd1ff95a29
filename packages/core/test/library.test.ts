// koffi unloads a library when its handle is collected: the engine must outlive collections, in the main thread and in its own.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const built = (file: string): string => new URL(`../dist/${file}`, import.meta.url).href;
const program = `
import { createExecutor } from '${built('runtime/node/index.js')}';
import { exportGraph } from '${built('onnx/index.js')}';
import { graphInput } from '${built('graph/index.js')}';
import * as ops from '${built('ops/index.js')}';
import { tensor } from '${built('tensor/index.js')}';
const executor = await createExecutor({ threads: 1 });
const x = graphInput('x', ['batch', 4]);
for (let i = 0; i < 1500; i++) {
  const program = await executor.compile(exportGraph({ name: 'g' + i, inputs: [x], outputs: { y: ops.softmax(ops.mul(x, i)) } }));
  await program.run({ x: tensor([[1, 2, 3, 4]]) });
  await program.release();
  if (i % 50 === 0) globalThis.gc();
}
console.log('alive');
`;
// A small young generation whose every collection is a whole one: other threads cannot be told to collect.
const flags = ['--expose-gc', '--gc-global', '--max-semi-space-size=1', '--min-semi-space-size=1'];

it('the engine outlives collections', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, '--input-type=module', '-e', program]);
  expect(stdout).toBe('alive\n');
});
