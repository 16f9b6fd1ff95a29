import { fail, Tensor } from '@stratus/core';
import type { DataFile, DataSetInfo, LookupOptions } from './data-file.ts';
import { readData } from './read-data.ts';

/** A graph of papers and what is known of each. */
export interface Cora {
  /** `[2708, 1433]` float32: 1 where a paper has a word. */
  readonly features: Tensor<'float32'>;
  /** `[2708]` uint8, 0 to 6. */
  readonly labels: Tensor<'uint8'>;
  /** `[2, 10556]` int32: from, to. Each citation stands in both directions; there are no loops. */
  readonly edges: Tensor<'int32'>;
  /** The public split: 140 papers, 20 a class. */
  readonly train: Uint32Array;
  /** 500 papers. */
  readonly validation: Uint32Array;
  /** 1,000 papers. */
  readonly test: Uint32Array;
  /** The class behind each label. */
  readonly classes: readonly string[];
}

/** @internal */
export const coraFile: DataFile = {
  dataset: 'cora',
  file: 'cora_planetoid.json.gz',
  bytes: 96_721,
  sha256: 'fa7fa13a104782dd6e31491c6cdc26d67dbcd1ee4f042b2cbd2a5d37a2ce41f0',
  urls: [],
  byHand:
    'nobody offers this very file. It is the public split, converted from the Python pickles ind.cora.* of https://github.com/kimiyoung/planetoid ' +
    'to JSON: num_nodes, num_features, class_names, labels, features (indices of the ones of each node), edges (pairs, smaller first), ' +
    'train, val, test (indices). Take it from where you have the data sets of this project, or read your own conversion with readFile and JSON.parse',
};

/** @internal */
export const coraInfo: DataSetInfo = {
  title: 'Cora',
  about: 'Papers on machine learning, their words, and who cites whom (10,556 edges); the public split.',
  records: { train: 140, validation: 500, test: 1000, all: 2708 },
  fields: { features: { dtype: 'float32', shape: [1433] }, label: { dtype: 'uint8', shape: [] } },
  source: 'https://github.com/kimiyoung/planetoid',
  licence: 'none stated',
  cite: 'Sen et al. 2008, "Collective Classification in Network Data"; Yang et al. 2016 for the split',
  files: [[coraFile]],
};

/** The file. */
interface Planetoid {
  readonly num_nodes: number;
  readonly num_features: number;
  readonly class_names: readonly string[];
  readonly labels: readonly number[];
  readonly features: readonly (readonly number[])[];
  readonly edges: readonly (readonly [number, number])[];
  readonly train: readonly number[];
  readonly val: readonly number[];
  readonly test: readonly number[];
}

/** @internal Errors: `corrupt` for what is no JSON, for missing nodes and for indices of nodes, words or classes that do not exist. */
export function parsePlanetoid(text: string, file = 'The graph'): Cora {
  const corrupt = (reason: string, cause?: unknown) => fail('corrupt', { file, reason, fix: 'Get the file again.' }, cause);
  let graph: Planetoid;
  try {
    graph = JSON.parse(text) as Planetoid;
  } catch (e) {
    throw corrupt((e as Error).message, e);
  }
  const { num_nodes: nodes, num_features: words, class_names: classes } = graph;
  const check = (what: string, indices: readonly number[], size: number): void => {
    const wrong = indices.find((i) => !(Number.isInteger(i) && i >= 0 && i < size));
    if (wrong !== undefined) throw corrupt(`${what} names ${wrong}, expected 0 to ${size - 1}`);
  };
  if (graph.labels.length !== nodes || graph.features.length !== nodes)
    throw corrupt(`it has ${graph.labels.length} labels and ${graph.features.length} rows of features for ${nodes} nodes`);
  check('labels', graph.labels, classes.length);
  for (const name of ['train', 'val', 'test'] as const) check(name, graph[name], nodes);
  check('edges', graph.edges.flat(), nodes);
  const features = new Float32Array(nodes * words);
  for (const [node, ones] of graph.features.entries()) {
    check(`node ${node}`, ones, words);
    for (const word of ones) features[node * words + word] = 1;
  }
  const count = graph.edges.length;
  const edges = new Int32Array(4 * count);
  for (const [i, [a, b]] of graph.edges.entries()) {
    edges[i] = edges[3 * count + i] = a;
    edges[count + i] = edges[2 * count + i] = b;
  }
  return {
    features: new Tensor('float32', [nodes, words], features),
    labels: new Tensor('uint8', [nodes], Uint8Array.from(graph.labels)),
    edges: new Tensor('int32', [2, 2 * count], edges),
    train: Uint32Array.from(graph.train),
    validation: Uint32Array.from(graph.val),
    test: Uint32Array.from(graph.test),
    classes,
  };
}

/**
 * Cora: 2,708 papers on machine learning in seven classes, the words in each, and who cites whom, with the public split of 140, 500
 * and 1,000 papers. Looked for in `cora` in `$STRATUS_DATA` or the cache; nobody offers it in this form for download.
 *
 * Shapes: `features` `[2708, 1433]`, `labels` `[2708]`, `edges` `[2, 10556]` with both directions.
 * Errors: `data-not-found` (says how to get it), `corrupt`, `file-failed`, `aborted`.
 * Source: Sen et al. 2008, "Collective Classification in Network Data"; the split of Yang et al. 2016, used by Kipf & Welling 2017;
 * https://github.com/kimiyoung/planetoid. No explicit licence; cite the papers.
 *
 * @example no-run
 * import { cora } from 'stratus';
 * const { features, edges, train, classes } = await cora();
 * console.log(features.shape, edges.shape, train.length, classes.length); // [2708, 1433] [2, 10556] 140 7
 */
export async function cora(options: LookupOptions = {}): Promise<Cora> {
  const { bytes, path } = await readData(coraFile, options);
  return parsePlanetoid(new TextDecoder().decode(bytes), path);
}
