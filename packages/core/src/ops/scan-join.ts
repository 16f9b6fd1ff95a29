import { type Joined, type Node, toposort, type Value } from '../graph/index.ts';
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

function joinGroup(
  group: readonly Node[],
  { body, states, reads, results }: ScanParts,
  isRead: (value: Value) => boolean,
): Joined {
  const [first] = group;
  const outs: Value[][] = results.slice(0, states).map((_, i) => group.map((node) => node.outs[i]!));
  const outputs: [string, Value][] = Object.entries(body.outputs).slice(0, states);
  const stacks: Steps[] = [];
  for (const node of group) {
    const mine = scanParts(node.ins.length, node.attrs);
    const names = Object.keys(mine.body.outputs);
    for (const [j, steps] of mine.stacks.entries()) {
      const [out, result] = [node.outs[states + j]!, mine.results[states + j]!];
      if (!isRead(out)) continue;
      const same = stacks.findIndex((s, k) => outputs[states + k]![1] === result && sameSteps(s, steps));
      if (same >= 0) outs[states + same]!.push(out);
      else {
        let name = names[states + j]!;
        while (outputs.some(([taken]) => taken === name)) name += '_';
        outputs.push([name, result]);
        outs.push([out]);
        stacks.push(steps);
      }
    }
  }
  // What only results needed that nobody reads is not captured any more.
  const used = new Set(toposort(outputs.map(([, value]) => value)).flatMap((node) => node.ins));
  for (const [, value] of outputs) used.add(value);
  const kept = body.inputs.map((v, i) => i < states + reads.length || used.has(v));
  const inputs = body.inputs.filter((_, i) => kept[i]);
  return {
    ins: first!.ins.filter((_, i) => kept[i]),
    attrs: {
      ...first!.attrs,
      body: { ...body, inputs, captured: inputs.length - states - reads.length, outputs: Object.fromEntries(outputs) },
      scan_output_axes: unlessZero(stacks.map((s) => s.axis)),
      scan_output_directions: unlessZero(stacks.map((s) => s.direction)),
    },
    outs,
  };
}
