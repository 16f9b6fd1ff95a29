import type { Graph, Value } from './value.ts';

/** The graph with other values under the same names; the graph itself where they are the same. */
export const withOutputs = (graph: Graph, outputs: readonly Value[]): Graph =>
  Object.values(graph.outputs).every((value, i) => value === outputs[i])
    ? graph
    : { ...graph, outputs: Object.fromEntries(Object.keys(graph.outputs).map((name, i) => [name, outputs[i]!])) };
