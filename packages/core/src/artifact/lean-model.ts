import { StratusError } from '../errors.ts';
import type { Graph } from '../graph/index.ts';
import { encodeModelInTurns, graphToModel, importGraph, type ModelProto } from '../onnx/index.ts';
import { cutEarly, cutEarlyBegins } from '../passes/index.ts';
import { alignedInTurns, copyInTurns } from './copy-in-turns.ts';

/**
 * The bytes of a model that gives the same answers with less work, for whoever runs one often; undefined where there is nothing to leave out, or
 * the file has operators that Stratus does not know. The file stays as it is, for other tools and for training.
 *
 * @example
 * import { decodeArtifact, dense, input, leanModel, sequential } from '@stratus/core';
 * const bytes = await sequential([input({ shape: [2] }), dense({ units: 1 })]).toBytes();
 * console.log(await leanModel((await decodeArtifact(bytes)).model)); // undefined
 */
export async function leanModel(model: ModelProto): Promise<Uint8Array | undefined> {
  if (!model.graph?.node?.some(({ opType }) => opType === cutEarlyBegins)) return undefined;
  const initializer = [];
  for (const proto of model.graph.initializer ?? []) initializer.push(await alignedInTurns(proto));
  const graph = graphOf({ ...model, graph: { ...model.graph, initializer } });
  const lean = graph && cutEarly(graph);
  return lean === undefined || lean === graph ? undefined : encodeModelInTurns(graphToModel(lean), copyInTurns);
}

function graphOf(model: ModelProto): Graph | undefined {
  try {
    return importGraph(model).graph;
  } catch (e) {
    if (StratusError.is(e) && e.code === 'unsupported-ops') return undefined;
    throw e;
  }
}
