import type { Entry } from './entry.ts';

/** What waits, added up. */
export interface Load {
  readonly rows: number;
  readonly elements: number;
  readonly bytes: number;
}

const rowsOf = ({ rows }: Entry): number => rows ?? 1;

/** Clients whose turn is long over are forgotten when there are so many. */
const mostClients = 1024;

/**
 * Requests that wait, in the order in which they go: those of higher priority first; among them the clients take turns, row by row; those of
 * one client as they came. A client that has asked for much stands far back with what it asks next, and who comes anew stands in front.
 *
 * Source: Goyal, Vin, Cheng, "Start-time Fair Queueing" (1996): a request's place is where its client's last one ends, or what goes now.
 */
export class Waiting {
  #order: Entry[] = [];
  #load = { rows: 0, elements: 0, bytes: 0 };
  /** The place of what went last. */
  #now = 0;
  #number = 0;
  readonly #ends = new Map<string, number>();

  get size(): number {
    return this.#order.length;
  }

  get load(): Load {
    return this.#load;
  }

  /** In the order in which they go. */
  get entries(): readonly Entry[] {
    return this.#order;
  }

  /** Says where a request would stand, and what would go before it. */
  stand(entry: Entry): Load {
    entry.place = Math.max(this.#now, this.#ends.get(entry.client) ?? 0);
    entry.number = this.#number++;
    const before = { rows: 0, elements: 0, bytes: 0 };
    for (const other of this.#order.slice(0, this.#indexFor(entry))) count(before, other, 1);
    return before;
  }

  /** Takes in a request that stands. */
  add(entry: Entry): void {
    this.#order.splice(this.#indexFor(entry), 0, entry);
    count(this.#load, entry, 1);
    this.#ends.set(entry.client, entry.place + rowsOf(entry));
  }

  /** Those that go last and would make room: of other clients, or of lower priority; undefined where they do not suffice. */
  victims(entry: Entry, fits: (left: Load & { readonly size: number }) => boolean): Entry[] | undefined {
    const left = { ...this.#load, size: this.size };
    const found: Entry[] = [];
    for (let i = this.size - 1; !fits(left); i--) {
      const last = this.#order[i];
      if (!last || !entry.isBefore(last)) return undefined;
      if (last.client === entry.client && last.priority === entry.priority) return undefined;
      count(left, last, -1);
      left.size--;
      found.push(last);
    }
    return found;
  }

  delete(entry: Entry): void {
    const at = this.#order.indexOf(entry);
    if (at < 0) return;
    this.#order.splice(at, 1);
    count(this.#load, entry, -1);
    if (this.size === 0) this.#forget();
  }

  /** Takes out those whose turn has come. */
  take(group: readonly Entry[]): void {
    const taken = new Set(group);
    this.#order = this.#order.filter((entry) => !taken.has(entry));
    for (const entry of group) {
      count(this.#load, entry, -1);
      this.#now = Math.max(this.#now, entry.place);
    }
    if (this.size === 0) this.#forget();
    else if (this.#ends.size > mostClients)
      for (const [client, end] of this.#ends) if (end <= this.#now) this.#ends.delete(client);
  }

  /** When nobody waits, nobody has had more than others. */
  #forget(): void {
    this.#now = 0;
    this.#ends.clear();
    this.#load = { rows: 0, elements: 0, bytes: 0 };
  }

  #indexFor(entry: Entry): number {
    let [low, high] = [0, this.#order.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (entry.isBefore(this.#order[middle]!)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

function count(load: { rows: number; elements: number; bytes: number }, entry: Entry, sign: 1 | -1): void {
  load.rows += sign * rowsOf(entry);
  load.elements += sign * entry.elements;
  load.bytes += sign * entry.bytes;
}
