import ort from 'onnxruntime-node';
import type { Graph } from '../../src/graph/index.ts';
import { exportGraph } from '../../src/onnx/index.ts';
import { Tensor, type DType } from '../../src/tensor/index.ts';

export type Level = 'disabled' | 'all';

/** A graph that is ready to run. */
export interface OpenGraph {
  run(feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>>;
  release(): Promise<void>;
}

export async function openGraph(graph: Graph, level: Level): Promise<OpenGraph> {
  const session = await ort.InferenceSession.create(exportGraph(graph), {
    graphOptimizationLevel: level,
    logSeverityLevel: 3,
    intraOpNumThreads: 1,
  });
  return {
    async run(feeds) {
      const fed = Object.fromEntries(Object.entries(feeds).map(([name, t]) => [name, new ort.Tensor(t.dtype as 'float32', t.data as Float32Array, t.shape)]));
      const made = await session.run(fed);
      return Object.fromEntries(Object.entries(made).map(([name, t]) => [name, new Tensor(t.type as DType, t.dims, t.data as never)]));
    },
    release: () => session.release(),
  };
}

/** Runs a graph once. */
export async function runGraph(graph: Graph, feeds: Readonly<Record<string, Tensor>>, level: Level = 'all'): Promise<Record<string, Tensor>> {
  const open = await openGraph(graph, level);
  try {
    return await open.run(feeds);
  } finally {
    await open.release();
  }
}
