import { fail } from '../errors.ts';
import { type Call, type Layer, type LayerOutput, type Symbolic, usualName } from './layer.ts';

/** A layer and the name it has in its model. */
export interface NamedLayer {
  readonly name: string;
  readonly layer: Layer<LayerOutput>;
}

/** A model's structure: which layers are called on what, from named inputs to named outputs. It holds no numbers. */
export interface Architecture {
  readonly name: string;
  readonly inputs: Readonly<Record<string, Symbolic>>;
  readonly outputs: Readonly<Record<string, Symbolic>>;
  /** In the order of first use. */
  readonly layers: readonly NamedLayer[];
  /** In an order in which every call comes after those it depends on. */
  readonly calls: readonly Call[];
}

/** One symbolic value, a list of them, or several by name. */
export type SymbolicSet = Symbolic | readonly Symbolic[] | Readonly<Record<string, Symbolic>>;

/** Finds the structure between inputs and outputs and gives everything a name. Errors: `bad-graph`. */
export function architecture(parts: {
  readonly inputs: SymbolicSet;
  readonly outputs: SymbolicSet;
  readonly name?: string;
}): Architecture {
  const inputs = nameInputs(parts.inputs);
  const given = toList(parts.outputs);
  const calls = callsBetween(
    Object.values(inputs),
    given.map(([, value]) => value),
  );
  const layers = nameLayers([...new Set(calls.map((call) => call.layer))]);
  const nameOf = new Map(layers.map(({ name, layer }) => [layer, name]));
  const outputs: Record<string, Symbolic> = {};
  for (const [key, value] of given) {
    const own = key ?? (value.call ? nameOf.get(value.call.layer)! : 'output');
    // Names that nobody gave keep out of the way of those that stand.
    const taken = (name: string): boolean => Object.hasOwn(outputs, name) || (key === undefined && Object.hasOwn(inputs, name));
    let name = own;
    for (let i = 1; taken(name); i++) name = `${own}_${i}`;
    outputs[checkName('output', name)] = value;
  }
  const clash = Object.keys(outputs).find((name) => Object.hasOwn(inputs, name));
  if (clash !== undefined)
    throw fail('bad-graph', {
      what: 'model',
      got: `the name '${clash}' for an input and an output`,
      want: 'different names',
      fix: 'Rename one of them.',
    });
  return { name: parts.name ?? 'model', inputs, outputs, layers, calls };
}

const isSymbolic = (set: SymbolicSet): set is Symbolic => 'shape' in set && 'dtype' in set && 'index' in set;
const toList = (set: SymbolicSet): [string | undefined, Symbolic][] =>
  isSymbolic(set)
    ? [[undefined, set]]
    : Array.isArray(set)
      ? set.map((v: Symbolic) => [undefined, v])
      : Object.entries(set as Record<string, Symbolic>);

function nameInputs(set: SymbolicSet): Record<string, Symbolic> {
  const named: Record<string, Symbolic> = {};
  for (const [key, value] of toList(set)) {
    if (value.call)
      throw fail('bad-graph', {
        what: 'model',
        got: 'the output of a layer among the inputs',
        want: 'values made by input()',
        fix: 'Pass what input() returned.',
      });
    if (Object.values(named).includes(value))
      throw fail('bad-graph', {
        what: 'model',
        got: 'the same input twice',
        want: 'each input once',
        fix: 'Remove one, or make a second input().',
      });
    const own = key ?? value.name ?? 'input';
    let name = own;
    for (let i = 1; Object.hasOwn(named, name); i++) {
      if (value.name !== undefined) throw duplicate('input', own);
      name = `${own}_${i}`;
    }
    named[checkName('input', name)] = value;
  }
  return named;
}

/** All calls that the outputs need, dependencies first. Not recursive, so that depth is no limit. */
function callsBetween(inputs: readonly Symbolic[], outputs: readonly Symbolic[]): Call[] {
  const order: Call[] = [];
  const state = new Map<Call, 'open' | 'done'>();
  const used = new Set<Symbolic>();
  const need = (value: Symbolic): Call[] => {
    if (value.call) return [value.call];
    if (!inputs.includes(value))
      throw fail('bad-graph', {
        what: 'model',
        got: `an output that depends on the input '${value.name ?? '(no name)'}', which is not listed`,
        want: 'all inputs in the list',
        fix: 'Add it to inputs.',
      });
    used.add(value);
    return [];
  };
  const stack = outputs.flatMap(need).reverse();
  while (stack.length > 0) {
    const call = stack[stack.length - 1]!;
    if (state.has(call)) {
      stack.pop();
      if (state.get(call) === 'open') order.push(call);
      state.set(call, 'done');
      continue;
    }
    state.set(call, 'open');
    stack.push(
      ...call.inputs
        .flatMap(need)
        .filter((next) => !state.has(next))
        .reverse(),
    );
  }
  if (outputs.length === 0) throw fail('bad-graph', { what: 'model', got: 'no outputs', want: 'at least one' });
  const idle = inputs.find((value) => !used.has(value));
  if (idle)
    throw fail('bad-graph', {
      what: 'model',
      got: `the input '${idle.name ?? '(no name)'}', which no output depends on`,
      want: 'inputs that are used',
      fix: 'Remove it from inputs.',
    });
  return order;
}

function nameLayers(layers: readonly Layer<LayerOutput>[]): NamedLayer[] {
  const taken = new Set<string>();
  for (const { givenName } of layers) {
    if (givenName === undefined) continue;
    if (taken.has(givenName)) throw duplicate('layer', givenName);
    taken.add(checkName('layer', givenName));
  }
  const counts = new Map<string, number>();
  return layers.map((layer) => {
    if (layer.givenName !== undefined) return { name: layer.givenName, layer };
    const own = usualName(layer.type);
    let name: string;
    do {
      const n = counts.get(own) ?? 0;
      counts.set(own, n + 1);
      name = n === 0 ? own : `${own}_${n}`;
    } while (taken.has(name));
    return { name, layer };
  });
}

const duplicate = (kind: string, name: string) =>
  fail('bad-graph', { what: 'model', got: `two ${kind}s named '${name}'`, want: 'different names', fix: `Rename one ${kind}.` });

function checkName(kind: string, name: string): string {
  if (!/^[A-Za-z0-9_][\w.-]*$/.test(name) || name === '__proto__')
    throw fail('bad-graph', { what: 'model', got: `the ${kind} name '${name}'`, want: 'letters, digits, _, - and .' });
  return name;
}
