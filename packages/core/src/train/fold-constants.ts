// What a file calculates from constants alone (sizes, paddings, positions): other tools write chains of nodes for it, and ops want to know
// the numbers when the graph is built.
import type { AttributeProto, ModelProto, NodeProto, ValueInfoProto } from '../onnx/index.ts';
import { attributeTypes, encodeModel, externalDataOf, protoOfTensor } from '../onnx/index.ts';
import { executor } from '../runtime/index.ts';
import { dtypeOfOnnx, isFloat, type Tensor } from '../tensor/index.ts';

const isConstant = ({ opType, domain = '' }: NodeProto): boolean => opType === 'Constant' && domain === '';
const hasGraph = ({ attribute = [] }: NodeProto): boolean => attribute.some(({ g, graphs = [] }) => g || graphs.length > 0);

/** Nodes whose inputs are all known from the file, and are no weights. */
function known(model: ModelProto): ReadonlySet<NodeProto> {
  const { initializer = [], node = [] } = model.graph ?? {};
  const fixed = new Set<string>();
  for (const proto of initializer) {
    const dtype = dtypeOfOnnx(proto.dataType ?? 0);
    if (!dtype || externalDataOf(proto)) continue; // what is large enough for a file of its own is a weight
    if (!isFloat(dtype) || (proto.dims ?? []).length === 0) fixed.add(proto.name ?? '');
  }
  const found = new Set<NodeProto>();
  for (const one of node) {
    const { input = [], output = [] } = one;
    const drawn = input.length === 0 && !isConstant(one); // random numbers have no inputs either
    if (drawn || hasGraph(one) || !input.every((name) => name === '' || fixed.has(name))) continue;
    found.add(one);
    for (const name of output) if (name !== '') fixed.add(name);
  }
  return found;
}

/**
 * The same model with the results of such nodes as constants; ONNX Runtime calculates them. Where it cannot, the model stays as it is,
 * and what is made of it says why.
 */
export async function foldConstants(model: ModelProto): Promise<ModelProto> {
  const { node = [], initializer = [], output = [] } = model.graph ?? {};
  const folded = known(model);
  if ([...folded].every(isConstant)) return model;
  const read = new Set([...node.filter((one) => !folded.has(one)).flatMap((one) => one.input ?? []), ...output.map(nameOf)]);
  const made = [...folded].filter((one) => !isConstant(one));
  const wanted = made.flatMap((one) => one.output ?? []).filter((name) => name !== '' && read.has(name));
  const used = new Set([...folded].flatMap((one) => one.input ?? []));
  const part: ModelProto = {
    ...model,
    functions: [],
    graph: {
      name: 'constants',
      node: [...folded],
      initializer: initializer.filter(({ name = '' }) => used.has(name)),
      input: [],
      output: wanted.map((name): ValueInfoProto => ({ name })),
    },
  };
  const results = wanted.length === 0 ? {} : await calculate(part);
  if (!results) return model;
  const constants = Object.entries(results).map(([name, tensor]) => constantNode(name, tensor));
  const left = node.filter((one) => !folded.has(one) || isConstant(one));
  return { ...model, graph: { ...model.graph, node: [...constants, ...left] } };
}

const nameOf = ({ name = '' }: ValueInfoProto): string => name;

const constantNode = (name: string, tensor: Tensor): NodeProto => {
  const value: AttributeProto = { name: 'value', type: attributeTypes.tensor, t: protoOfTensor(tensor) };
  return { opType: 'Constant', name: `${name}/folded`, output: [name], attribute: [value] };
};

async function calculate(part: ModelProto): Promise<Readonly<Record<string, Tensor>> | undefined> {
  try {
    const program = await (await executor()).compile(encodeModel(part), { optimization: 'disabled' });
    try {
      return await program.run({});
    } finally {
      await program.release();
    }
  } catch {
    return undefined;
  }
}
