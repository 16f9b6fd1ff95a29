// The second model of a program: it writes over what is held, once the first has succeeded.
import { fail } from '../../../errors.ts';
import { isStatic, showShape } from '../../../tensor/index.ts';
import type { Port } from '../../executor.ts';
import type { Wiring } from '../../ports.ts';
import type { Cell, Device } from './device.ts';
import type { HeldSlot } from './held.ts';
import type { Library } from './library.ts';
import type { Target } from './plan.ts';
import { portsOf } from './ports.ts';
import type { Owned } from './values.ts';

/** What the first model leaves for the second, in memory that is kept from run to run. */
class PassedOn implements Target {
  readonly name: string;
  readonly shape: readonly number[];
  readonly spare: Cell;

  constructor(
    library: Library,
    { name, dtype, shape }: Port,
    { device, owned }: { readonly device: Device; readonly owned: Owned },
  ) {
    if (!isStatic(shape)) throw badModel(`'${name}' of shape ${showShape(shape)}`, 'sizes that are known before the run');
    this.name = name;
    this.shape = shape;
    this.spare = device.cell(dtype, shape, BigInt64Array.from(shape, BigInt));
    owned.add(() => library.call('ReleaseValue', this.spare.value));
  }

  swap(): void {}
}

const badModel = (got: string, want: string) => fail('bad-value', { what: 'compile({ inPlace })', got, want });

/** A session that writes over what is held. */
export class InPlace {
  /** Held tensors that it reads. */
  readonly inputs: readonly Port[];
  /** What replaces held tensors. */
  readonly outputs: readonly Port[];
  /** What the first model leaves for it, by name. */
  readonly passedOn: ReadonlyMap<string, PassedOn>;
  readonly #library: Library;
  readonly #session: bigint;
  readonly #texts: Uint8Array[] = [];
  readonly #inNames: BigUint64Array;
  readonly #outNames: BigUint64Array;
  readonly #inValues: BigUint64Array;
  readonly #outValues: BigUint64Array;
  readonly #reads: readonly string[];

  /** `first`: outputs of the first model. The session is the owner's. Errors: `bad-value`. */
  constructor(
    library: Library,
    session: bigint,
    { first, device, owned }: { readonly first: readonly Port[]; readonly device: Device; readonly owned: Owned },
  ) {
    this.#library = library;
    this.#session = session;
    const inputs = portsOf(library, session, 'input');
    this.outputs = portsOf(library, session, 'output');
    const fromFirst = new Set(first.map(({ name }) => name));
    this.inputs = inputs.filter(({ name }) => !fromFirst.has(name));
    const passed = inputs.filter(({ name }) => fromFirst.has(name));
    this.passedOn = new Map(passed.map((port) => [port.name, new PassedOn(library, port, { device, owned })]));
    this.#reads = inputs.map(({ name }) => name);
    this.#inNames = this.#names(inputs);
    this.#outNames = this.#names(this.outputs);
    this.#inValues = new BigUint64Array(inputs.length);
    this.#outValues = new BigUint64Array(this.outputs.length);
  }

  #names(ports: readonly Port[]): BigUint64Array {
    const texts = ports.map(({ name }) => new TextEncoder().encode(`${name}\0`));
    this.#texts.push(...texts);
    return BigUint64Array.from(texts, (text) => this.#library.address(text));
  }

  /** Of the wiring of both models together that of the first. Errors: `bad-value` where an output of this one is no update. */
  first(
    { inputs, outputs, rowUpdates }: Wiring,
    first: { readonly inputs: ReadonlySet<string>; readonly outputs: readonly Port[] },
  ): Wiring {
    const own = new Set(this.outputs.map(({ name }) => name));
    const updated = outputs.filter(({ port, update, fetch }) => own.has(port.name) && update !== undefined && !fetch);
    if (updated.length < own.size)
      throw fail('bad-value', {
        what: 'run({ updates })',
        got: `${updated.length} of the ${own.size} outputs that are written over what is held`,
        want: 'all of them, and none in fetch',
      });
    const passed = first.outputs.filter(({ name }) => this.passedOn.has(name));
    return {
      inputs: inputs.filter(({ port }) => first.inputs.has(port.name)),
      outputs: [
        ...outputs.filter(({ port }) => !own.has(port.name)),
        ...passed.map((port) => ({ port, update: undefined, fetch: false })),
      ],
      rowUpdates,
    };
  }

  /** What OrtApi.Run takes: the same memory for what is read and what is written. */
  args(updates: Wiring['outputs'], slots: Readonly<Record<string, HeldSlot>>): (bigint | number)[] {
    const target = new Map(updates.map(({ port, update }) => [port.name, update]));
    for (const [i, name] of this.#reads.entries()) this.#inValues[i] = this.passedOn.get(name)?.spare.value ?? slots[name]!.value;
    for (const [i, { name }] of this.outputs.entries()) this.#outValues[i] = slots[target.get(name)!]!.value;
    const at = (array: BigUint64Array): bigint => this.#library.address(array);
    return [
      this.#session,
      0n,
      at(this.#inNames),
      at(this.#inValues),
      this.#inValues.length,
      at(this.#outNames),
      this.#outValues.length,
      at(this.#outValues),
    ];
  }
}
