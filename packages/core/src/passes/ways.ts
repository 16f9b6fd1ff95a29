import type { Node } from '../graph/index.ts';

/** From so many groups on nothing is grouped any more: each costs all others some time. */
const mostGroups = 3000;

/**
 * Which groups of nodes lead to which, while groups grow: a group that a way leads from and back to would wait for itself. Nodes come in
 * the order of the calculation. Sets are bits of whole numbers, one bit a group.
 */
export class Ways<G extends object> {
  readonly #number = new Map<G, number>();
  /** The bits of a group: its own, and those of groups that it has taken in. */
  readonly #self = new Map<G, bigint>();
  /** By number: the groups that wait for it, itself among them. */
  readonly #after: bigint[] = [];
  /** By number: what it is known to wait for. */
  readonly #before: bigint[] = [];
  /** Of each node the groups that it waits for: its own, or those that lead to it past no other group. */
  readonly #reached = new Map<Node, bigint>();
  /** Nodes of any group. */
  readonly #members = new Set<Node>();

  /** False when there are too many groups already. */
  get open(): boolean {
    return this.#after.length < mostGroups;
  }

  /** A node of no group. */
  pass(node: Node, before: readonly Node[]): void {
    this.#reached.set(node, this.#of(before));
  }

  /** A node that is the first of a group. */
  begin(node: Node, before: readonly Node[], group: G): G {
    const number = this.#after.length;
    this.#number.set(group, number);
    this.#self.set(group, 1n << BigInt(number));
    this.#after.push(1n << BigInt(number));
    this.#before.push(0n);
    this.#reached.set(node, 1n << BigInt(number));
    this.#members.add(node);
    this.#wait(number, this.#of(before));
    return group;
  }

  /** Adds a node to a group, unless a way leads from the group to what the node waits for, and so back. */
  join(node: Node, before: readonly Node[], group: G): boolean {
    const number = this.#number.get(group)!;
    const self = this.#self.get(group)!;
    const others = this.#of(before.filter((from) => !(this.#members.has(from) && (this.#reached.get(from)! & self) !== 0n)));
    if ((others & this.#after[number]!) !== 0n) return false;
    this.#reached.set(node, 1n << BigInt(number));
    this.#members.add(node);
    this.#wait(number, others);
    return true;
  }

  /** Makes one group of two, unless one waits for the other. */
  merge(group: G, other: G): boolean {
    const [a, b] = [this.#number.get(group)!, this.#number.get(other)!];
    const [own, its] = [this.#self.get(group)!, this.#self.get(other)!];
    if ((this.#after[a]! & its) !== 0n || (this.#after[b]! & own) !== 0n) return false;
    const both = own | its;
    this.#self.set(group, both);
    this.#before[a]! |= this.#before[b]!;
    const after = this.#after[a]! | this.#after[b]!;
    for (const [i, waiting] of this.#after.entries()) if ((waiting & both) !== 0n) this.#after[i] = waiting | after;
    return true;
  }

  #of(nodes: readonly Node[]): bigint {
    return nodes.reduce((all, node) => all | (this.#reached.get(node) ?? 0n), 0n);
  }

  #wait(number: number, groups: bigint): void {
    if ((groups & ~this.#before[number]!) === 0n) return;
    this.#before[number]! |= groups;
    const after = this.#after[number]!;
    for (const [i, own] of this.#after.entries()) if ((own & groups) !== 0n) this.#after[i] = own | after;
  }
}
