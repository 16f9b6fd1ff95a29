import { afterAll, describe, expect, it } from 'vitest';
import { grad } from '../src/grad/index.ts';
import { expandGraph, graphInput, portable, toposort } from '../src/graph/index.ts';
import { exportGraph } from '../src/onnx/index.ts';
import { gather, mul, reduceSum, scatterAddRows } from '../src/ops/index.ts';
import { createExecutor } from '../src/runtime/node/index.ts';
import { bitsAt, randomKey, tensor, zeros } from '../src/tensor/index.ts';

const executor = await createExecutor({ threads: 2 });
afterAll(() => executor.release());

// ONNX Runtime's ScatterND with reduction 'add' loses additions on these shapes as soon as two threads run it.
describe.each([
  { n: 20000, rows: 50, width: 64 },
  { n: 20000, rows: 500, width: 64 },
  { n: 100000, rows: 7, width: 8 },
  { n: 4096, rows: 1, width: 256 },
  { n: 200000, rows: 1000, width: 1 },
])('$n rows added to $rows rows of $width with two threads', ({ n, rows, width }) => {
  it('loses nothing', async () => {
    const indices = graphInput('indices', ['n'], 'int32');
    const updates = graphInput('updates', ['n', width]);
    const table = graphInput('table', [rows, width]);
    const program = await executor.compile(
      exportGraph({
        name: 'scatter',
        inputs: [table, indices, updates],
        outputs: { y: scatterAddRows(table, indices, updates) },
      }),
    );
    const key = randomKey(n);
    const at = Int32Array.from({ length: n }, (_, i) => bitsAt(key, i) % rows);
    const feeds = {
      table: zeros([rows, width]),
      indices: tensor(at, { shape: [n] }),
      updates: tensor(new Float32Array(n * width).fill(1), { shape: [n, width] }),
    };
    const counts = new Float32Array(rows * width);
    for (const row of at) for (let j = 0; j < width; j++) counts[row * width + j]!++;
    for (let run = 0; run < 10; run++) expect((await program.run(feeds))['y']!.data).toEqual(counts);
    await program.release();
  });
});

it.each([
  [10, 'MatMul'],
  [1000, 'ScatterElements'],
])('the gradient of a look-up in a table of %i rows is, in ONNX, %s, and never ScatterND', (size, op) => {
  const table = graphInput('table', [size, 4]);
  const rows = gather(table, graphInput('tokens', ['batch', 5], 'int64'));
  const [first] = grad(reduceSum(mul(rows, rows)), [table]);
  const [second] = grad(reduceSum(mul(first!, first!)), [table]);
  const graph = expandGraph({ name: 'look-up', inputs: [table], outputs: { first: first!, second: second! } }, portable);
  const types = new Set(toposort(Object.values(graph.outputs)).map(({ op: { type } }) => type));
  expect(types).toContain(op);
  expect(types).not.toContain('ScatterND');
});
