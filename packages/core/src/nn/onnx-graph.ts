import { fail, StratusError } from '../errors.ts';
import { apply, type Graph, type Remake, substitute, type Value } from '../graph/index.ts';
import { exportGraph, importGraph } from '../onnx/index.ts';
import { type Shape, showShape, type Tensor } from '../tensor/index.ts';
import { fromBase64, toBase64 } from './base64.ts';
import { defineLayer, type Layer, type LayerOptions, type LayerOutput } from './layer.ts';

/** One tensor of numbers of a graph that came from a file. */
export interface GraphParameter {
  readonly name: string;
  /** False for statistics, such as the running means of a normalisation. */
  readonly trainable: boolean;
}

/** Numbers that a new model starts with. A saved model has them among its weights, so they are not written with the config. */
class Weights {
  readonly tensors: Readonly<Record<string, Tensor>>;
  constructor(tensors: Readonly<Record<string, Tensor>>) {
    this.tensors = tensors;
  }
  toJSON(): undefined {
    return undefined;
  }
}

interface OnnxGraphConfig {
  /** An ONNX file in base64. Its inputs are those of the layer and then the parameters, whose numbers it does not have. */
  readonly model: string;
  readonly parameters: readonly GraphParameter[];
  /** A call gives a list. */
  readonly several: boolean;
  readonly weights?: Weights;
}

/**
 * The layer that a saved model names when it contains a graph of another tool. {@link importModel} makes such layers.
 *
 * @internal
 */
export const savedOnnxGraph = defineLayer<OnnxGraphConfig, LayerOutput>({
  type: 'OnnxGraph',
  inputs: [1, Infinity],
  build({ model, parameters, several, weights }, inputs, scope) {
    const { inputs: ports, outputs } = graphOf(model);
    const own = ports.slice(0, ports.length - parameters.length);
    const want = own.map(({ name, dtype, shape }) => `${name ?? ''}: ${dtype} ${showShape(shape)}`).join(', ');
    if (inputs.length !== own.length) throw fail('bad-value', { what: 'OnnxGraph', got: `${inputs.length} inputs`, want });
    const now = new Map<Value, Value>();
    for (const [i, port] of own.entries()) {
      const { dtype, shape } = inputs[i]!;
      if (dtype !== port.dtype) throw fail('dtype-mismatch', { what: `input '${port.name}'`, got: dtype, want: port.dtype });
      if (!fits(shape, port.shape))
        throw fail('shape-mismatch', { what: `input '${port.name}'`, got: showShape(shape), want: showShape(port.shape) });
      now.set(port, inputs[i]!);
    }
    for (const [i, { name, trainable }] of parameters.entries()) {
      const port = ports[own.length + i]!;
      const initializer = { type: 'imported', config: {}, make: () => weights?.tensors[name] ?? lost(name) };
      const { dtype, shape } = port;
      now.set(port, scope.parameter(name, shape as readonly number[], { initializer, trainable, dtype }));
    }
    const [saved, batch] = [own[0]!.shape[0], inputs[0]!.shape[0]];
    const made = forAnyBatch(saved, batch, () => substitute(Object.values(outputs), now, withBatchOf(saved, batch)));
    return several ? made : made[0]!;
  },
});

/** Decoding takes time, and a layer is built several times. */
const graphs = new Map<string, WeakRef<Graph>>();
function graphOf(model: string): Graph {
  const known = graphs.get(model)?.deref();
  if (known) return known;
  const { graph } = importGraph(fromBase64(model));
  graphs.set(model, new WeakRef(graph));
  return graph;
}

/** The batch may be of another size than in the file; sizes known only at run time fit all. */
const fits = (got: Shape, want: Shape): boolean =>
  got.length === want.length &&
  got.every((d, i) => i === 0 || d === want[i] || typeof d === 'string' || typeof want[i] === 'string');

/** A file for one sample at a time works for any number of them once the sizes that it lists do. */
function withBatchOf(saved: Shape[number] | undefined, batch: Shape[number] | undefined): Remake {
  return ({ op, attrs }, ins) =>
    apply(op, typeof saved === 'number' && saved !== batch && op.anyBatch ? op.anyBatch(ins, saved) : ins, attrs);
}

/** Some files list sizes that follow from their batch in places where nobody can tell. */
function forAnyBatch<T>(saved: Shape[number] | undefined, batch: Shape[number] | undefined, make: () => T): T {
  try {
    return make();
  } catch (e) {
    if (typeof saved !== 'number' || saved === batch || !StratusError.is(e)) throw e;
    throw fail(
      'bad-graph',
      {
        what: 'OnnxGraph',
        got: `a file for a batch of ${saved}, which does not work for another (${e.message})`,
        want: 'one for any batch',
        fix: "Export it again with a dynamic batch axis; in PyTorch: torch.onnx.export(..., dynamic_axes={'x': {0: 'batch'}}).",
      },
      e,
    );
  }
}

const lost = (name: string): never => {
  throw fail('bad-graph', {
    what: 'OnnxGraph',
    got: `no numbers for '${name}'`,
    want: 'those of the file that it came from',
    fix: 'Load a saved model, or import the file again with importModel.',
  });
};

/** A layer of a graph and the numbers of its last inputs. With `several` a call gives a list. */
export const onnxGraph = (
  graph: Graph,
  parameters: readonly (GraphParameter & { readonly tensor: Tensor })[],
  { several = false, ...options }: LayerOptions & { readonly several?: boolean } = {},
): Layer<LayerOutput> =>
  savedOnnxGraph({
    model: toBase64(exportGraph(graph)),
    parameters: parameters.map(({ name, trainable }) => ({ name, trainable })),
    several,
    weights: new Weights(Object.fromEntries(parameters.map(({ name, tensor }) => [name, tensor]))),
    ...options,
  });
