import { bytesOf, type DType, showShape, type Tensor } from '../tensor/index.ts';
import { planOf } from './plan.ts';
import type { AttrKind, AttrValue, Graph, Node, Value } from './value.ts';

/** Constants of up to so many elements are written out. */
const inline = 8;

/**
 * A graph as text, for people, tests and differences between versions: inputs, one line a node in dependency order, outputs.
 *
 * `%3` is what node 3 makes (`%3.1` its second output), `1.0` a float32 and `1` an int64 constant, `float32[300, 2]#9be2f1a0` a
 * constant too large to be written out, by its content. Attributes are shown where they differ from their default. What comes
 * after `#` is where a node was built. A graph in an attribute has its captured inputs last, as its node has what they take.
 *
 * @example
 * import { graphInput, ops, printGraph } from '@stratus/core';
 * const x = graphInput('x', ['batch', 2]);
 * console.log(printGraph({ name: 'twice', inputs: [x], outputs: { y: ops.mul(x, 2) } }));
 * // graph twice(x: float32[batch, 2]) {
 * //   %0 = Mul(x, 2.0): float32[batch, 2]
 * //   return y = %0
 * // }
 */
export const printGraph = (graph: Graph): string => lines(graph).join('\n');

function lines(graph: Graph): string[] {
  const outputs = Object.entries(graph.outputs);
  const names = new Map<Value, string>();
  const { order, stands } = planOf(outputs.map(([, value]) => value));
  for (const input of graph.inputs) names.set(input, input.name ?? '?');
  const nameOf = (value: Value | undefined): string =>
    value === undefined ? '_' : (names.get(stands(value)) ?? (value.data ? showTensor(value.data) : `${value.name ?? '?'}!`));

  const own = (i: number): boolean => i < graph.inputs.length - (graph.captured ?? 0);
  const body = order.flatMap((node, position) => {
    const made = node.outs.map((value, i) => {
      const name = node.outs.length === 1 ? `%${position}` : `%${position}.${i}`;
      names.set(value, name);
      return name;
    });
    const { op, ins, path, outs } = node;
    const type = op.domain === '' ? op.type : `${op.domain}.${op.type}`;
    const taken = [...ins.map(nameOf), ...attributesOf(node)].join(', ');
    const where = path === '' ? '' : `  # ${path}`;
    return `${made.join(', ')} = ${type}(${taken}): ${outs.map(typeOf).join(', ')}${where}`.split('\n');
  });
  return [
    `graph ${graph.name}(${graph.inputs.map((value, i) => `${own(i) ? '' : 'captured '}${value.name ?? '?'}: ${typeOf(value)}`).join(', ')}) {`,
    ...body.map((line) => `  ${line}`),
    `  return ${outputs.map(([name, value]) => `${name} = ${nameOf(value)}`).join(', ')}`,
    '}',
  ];
}

const typeOf = ({ dtype, shape }: Value): string => `${dtype}${showShape(shape)}`;

const attributesOf = ({ op, attrs }: Node): string[] =>
  Object.entries(op.attrs).flatMap(([name, spec]) => {
    const value = attrs[name];
    if (value === undefined) return [];
    const shown = showAttribute(spec.kind, value);
    const usual = spec.default !== undefined && showAttribute(spec.kind, spec.default) === shown;
    return usual ? [] : [`${name}=${shown}`];
  });

function showAttribute(kind: AttrKind, value: AttrValue): string {
  const list = (show: (v: never) => string): string => `[${(value as readonly never[]).map(show).join(', ')}]`;
  switch (kind) {
    case 'float':
      return showFloat32(value as number);
    case 'floats':
      return list(showFloat32);
    case 'string':
      return JSON.stringify(value);
    case 'strings':
      return list(JSON.stringify);
    case 'tensor':
      return showTensor(value as Tensor);
    case 'graph':
      return lines(value as Graph).join('\n');
    default:
      return Array.isArray(value) ? list(String) : String(value);
  }
}

/** The shortest decimal that is the same number in 32 bits: 0.1 and what a file gives back for it read alike. */
function showFloat32(value: number): string {
  const rounded = Math.fround(value);
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(rounded.toPrecision(digits));
    if (Object.is(Math.fround(short), rounded)) return showFloat(short);
  }
  return showFloat(rounded);
}

const showFloat = (value: number): string => {
  if (!Number.isFinite(value)) return String(value).replace('Infinity', 'inf').replace('NaN', 'nan');
  const text = Object.is(value, -0) ? '-0' : String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
};

const plain: { readonly [D in DType]?: (v: never) => string } = {
  float32: showFloat32,
  float64: showFloat,
  bool: (v: number) => (v === 0 ? 'false' : 'true'),
  string: (v: string) => JSON.stringify(v),
};
/** What is evident from the way an element is written. */
const evident: readonly DType[] = ['float32', 'int64', 'bool', 'string'];

function showTensor(tensor: Tensor): string {
  const { dtype, shape, data } = tensor;
  if (tensor.size > inline || (tensor.size === 0 && shape.length > 1)) return `${dtype}${showShape(shape)}#${hashOf(tensor)}`;
  const show = (plain[dtype] ?? String) as (v: unknown) => string;
  const walk = (axis: number, from: number, size: number): string => {
    if (axis === shape.length) return show(data[from]);
    const count = shape[axis]!;
    const parts = Array.from({ length: count }, (_, i) => walk(axis + 1, from + (i * size) / count, size / count));
    return `[${parts.join(', ')}]`;
  };
  const text = walk(0, 0, tensor.size);
  return evident.includes(dtype) && (tensor.size > 0 || dtype === 'int64') ? text : `${text}:${dtype}`;
}

/** FNV-1a over the content: enough to see that two constants differ. */
function hashOf(tensor: Tensor): string {
  const bytes = tensor.dtype === 'string' ? new TextEncoder().encode(JSON.stringify(tensor.data)) : bytesOf(tensor);
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
