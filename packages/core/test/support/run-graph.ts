import type { Graph } from '../../src/graph/index.ts';
import { exportGraph } from '../../src/onnx/index.ts';
import type { Program, Tensors } from '../../src/runtime/index.ts';
import { createExecutor } from '../../src/runtime/node/index.ts';
import type { Tensor } from '../../src/tensor/index.ts';

/** How far ONNX Runtime may rewrite the graph; 'kernels': as far as it can, and ops that are no ONNX ops run on kernels of our own. */
export type Level = 'disabled' | 'all' | 'kernels';

const executor = await createExecutor({ threads: 1 });

/** A graph that is ready to run. */
export const openGraph = (graph: Graph, optimization: Level): Promise<Program> =>
  optimization === 'kernels'
    ? executor.compile(exportGraph(graph, { runs: executor.runs }))
    : executor.compile(exportGraph(graph), { optimization });

/** Runs a graph once. */
export async function runGraph(graph: Graph, feeds: Tensors, optimization: Level = 'all'): Promise<Record<string, Tensor>> {
  const program = await openGraph(graph, optimization);
  try {
    return await program.run(feeds);
  } finally {
    await program.release();
  }
}
