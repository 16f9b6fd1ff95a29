import type { Joined, Node, Value } from '../graph/index.ts';
import { type ScanParts, type Steps, scanParts, unlessZero } from './scan-parts.ts';

const sameSteps = (a: Steps, b: Steps): boolean => a.axis === b.axis && a.direction === b.direction;
/** Nodes with one body become one that stacks what any of them stacks, as far as it is read. */
export function joinScans(nodes: readonly Node[], isRead: (value: Value) => boolean): Joined[] {
  const groups: Node[][] = [];
  const parts = new Map(nodes.map((node) => [node, scanParts(node.ins.length, node.attrs)]));
  for (const node of nodes) {
    const mine = parts.get(node)!;
    const group = groups.find(([first]) => {
      const theirs = parts.get(first!)!;
      return (
        theirs.states === mine.states &&
        theirs.body.inputs.every((v, i) => v === mine.body.inputs[i]) &&
        theirs.reads.every((r, i) => sameSteps(r, mine.reads[i]!)) &&
        theirs.results.slice(0, mine.states).every((v, i) => v === mine.results[i])
      );
    });
    if (group) group.push(node);
    else groups.push([node]);
  }
  return groups.map((group) => joinGroup(group, parts.get(group[0]!)!, isRead));
}

/** What is stacked in one node or several: the value of one step, and the values that stand for all of them. */
interface Stack {
  readonly name: string;
  readonly result: Value;
  readonly steps: Steps;
  readonly outs: Value[];
}

function stacksOf(group: readonly Node[], states: number, isRead: (value: Value) => boolean): Stack[] {
  const stacks: Stack[] = [];
  for (const node of group) {
    const mine = scanParts(node.ins.length, node.attrs);
    const names = Object.keys(mine.body.outputs);
    for (const [j, steps] of mine.stacks.entries()) {
      const [out, result] = [node.outs[states + j]!, mine.results[states + j]!];
      if (!isRead(out)) continue;
      const same = stacks.find((stack) => stack.result === result && sameSteps(stack.steps, steps));
      if (same) same.outs.push(out);
      else stacks.push({ name: names[states + j]!, result, steps, outs: [out] });
    }
  }
  return stacks;
}

/** What the body has to be given for `wanted`: a state that is read in a step has to be calculated in the step before. */
function neededFor(wanted: readonly Value[], { body, results, states }: ScanParts): ReadonlySet<Value> {
  const state = new Map(body.inputs.slice(0, states).map((inner, i) => [inner, results[i]!]));
  const needed = new Set<Value>();
  const left = [...wanted];
  for (let value = left.pop(); value; value = left.pop()) {
    if (needed.has(value)) continue;
    needed.add(value);
    const next = state.get(value);
    if (next) left.push(next);
    for (const before of value.node?.ins ?? []) if (before) left.push(before);
  }
  return needed;
}

function joinGroup(group: readonly Node[], parts: ScanParts, isRead: (value: Value) => boolean): Joined {
  const { body, states, reads, results } = parts;
  const [first] = group;
  const stacks = stacksOf(group, states, isRead);
  const given = body.inputs.slice(0, states).map((_, i) => group.some((node) => isRead(node.outs[i]!)));
  const needed = neededFor([...results.filter((_, i) => given[i]), ...stacks.map(({ result }) => result)], parts);
  const kept = body.inputs.map((inner, i) => needed.has(inner) || given[i] === true);
  // What is read step by step says how many steps there are.
  if (!kept.slice(states, states + reads.length).includes(true)) kept[states] = true;

  const names = Object.keys(body.outputs);
  const keptStates = names.slice(0, states).flatMap((name, i) => (kept[i] ? [{ name, at: i }] : []));
  const keptReads = reads.filter((_, i) => kept[states + i]);
  const inputs = body.inputs.filter((_, i) => kept[i]);
  const outputs = new Map(keptStates.map(({ name, at }) => [name, results[at]!]));
  for (const { name: wanted, result } of stacks) {
    let name = wanted;
    while (outputs.has(name)) name += '_';
    outputs.set(name, result);
  }
  return {
    ins: first!.ins.filter((_, i) => kept[i]),
    attrs: {
      ...first!.attrs,
      body: {
        ...body,
        inputs,
        captured: inputs.length - keptStates.length - keptReads.length,
        outputs: Object.fromEntries(outputs),
      },
      num_scan_inputs: keptReads.length,
      scan_input_axes: unlessZero(keptReads.map((r) => r.axis)),
      scan_input_directions: unlessZero(keptReads.map((r) => r.direction)),
      scan_output_axes: unlessZero(stacks.map(({ steps }) => steps.axis)),
      scan_output_directions: unlessZero(stacks.map(({ steps }) => steps.direction)),
    },
    outs: [...keptStates.map(({ at }) => group.map((node) => node.outs[at]!)), ...stacks.map(({ outs }) => outs)],
  };
}
