import { fail } from '../errors.ts';
import { type DataTypes, type DType, sameShape, showShape, Tensor, type TensorData, type TypedArray } from '../tensor/index.ts';
import { ArrayHeld, type ArraySlot } from './array-held.ts';
import { engineError } from './engine-error.ts';
import type { EngineRun, Port, Program, RunOptions, Tensors } from './executor.ts';
import { abortable, Door, inTurn, Line, type Stop } from './line.ts';
import { checkInput, checkTensor, copyOf, type Sizes, wire } from './ports.ts';
import { checkRows, writeRows } from './row-updates.ts';

/** A tensor on its way into a session. */
export interface ArrayInput {
  readonly name: string;
  readonly tensor: Tensor;
  /** Set for held tensors: their memory may be moved away if it is given back after the run, whatever became of it. */
  readonly giveBack?: (data: TypedArray) => void;
}

/** A session that takes and gives arrays. */
export interface ArraySession {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** The outputs are new memory. */
  run(inputs: readonly ArrayInput[], outputs: readonly string[]): Promise<Record<string, Tensor>>;
  /** See {@link Program}. */
  readonly endProfiling?: (() => Promise<readonly EngineRun[]>) | undefined;
  release(): Promise<void>;
}

/** An array that came out of a session, as Stratus wants it: where there is a Float16Array, ONNX Runtime gives that. */
export function ownData<D extends DType>(dtype: D, data: TensorData | ArrayBufferView): DataTypes[D] {
  if (dtype !== 'float16' || data instanceof Uint16Array) return data as DataTypes[D];
  const { buffer, byteOffset, byteLength } = data as ArrayBufferView;
  return new Uint16Array(buffer, byteOffset, byteLength / 2) as DataTypes[D];
}

/** A program over such a session; held tensors are replaced by what comes out, so nothing needs a second buffer. */
export class ArrayProgram implements Program {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly endProfiling?: () => Promise<readonly EngineRun[]>;
  readonly #session: ArraySession;
  readonly #line = new Line();
  readonly #door = new Door('The program');
  readonly #executor: Door;

  constructor(session: ArraySession, executor: Door) {
    this.inputs = session.inputs;
    this.outputs = session.outputs;
    this.#session = session;
    this.#executor = executor;
    const end = session.endProfiling;
    if (end) this.endProfiling = () => this.#executor.pass(() => this.#door.pass(() => inTurn([this.#line], end)));
  }

  async run(feeds: Tensors, options: RunOptions = {}): Promise<Record<string, Tensor>> {
    this.#door.check();
    this.#executor.check();
    const { held } = options;
    if (held && !(held instanceof ArrayHeld)) {
      throw fail('bad-value', {
        what: 'run({ held })',
        got: 'tensors held by another kind of executor',
        want: 'what hold() of the same executor gave',
      });
    }
    const slots = held?.slots;
    const wiring = wire(this, Object.keys(feeds), slots, options);
    const check = () => {
      const sizes: Sizes = new Map();
      for (const { port, held: isHeld } of wiring.inputs) {
        const tensor = isHeld ? slots![port.name]! : feeds[port.name]!;
        if (!isHeld) checkTensor(`input '${port.name}'`, tensor as Tensor);
        checkInput(port, tensor, sizes);
      }
    };
    check();
    const once = async (stop: Stop) => {
      stop.check();
      check(); // once more: memory may have been transferred away while waiting
      const inputs = wiring.inputs.map(({ port: { name }, held: isHeld }): ArrayInput => {
        if (!isHeld) return { name, tensor: feeds[name]! };
        const slot = slots![name]!;
        const tensor = new Tensor(slot.dtype, slot.shape, slot.data);
        return { name, tensor, giveBack: (data) => void (slot.data = data) };
      });
      const names = wiring.outputs.map(({ port }) => port.name);
      const outputs = await this.#session.run(inputs, names).catch((e: unknown) => {
        throw engineError('running the model', e);
      });
      stop.check();
      const rows = wiring.rowUpdates.map((update) => ({
        slot: slots![update.held]!,
        name: update.held,
        tensors: { rows: outputs[update.rows]!, values: outputs[update.values]! },
      }));
      for (const { name, slot, tensors } of rows) checkRows(name, slot, tensors);
      const result = this.#commit(wiring.outputs, outputs, slots);
      stop.commit();
      for (const { slot, tensors } of rows) await writeRows(slot.data, tensors, held!.nextTurn);
      return result;
    };
    const lines = held ? [this.#line, held.line] : [this.#line];
    const inside = (stop: Stop) => this.#executor.pass(() => this.#door.pass(() => inTurn(lines, () => once(stop))));
    return abortable('The run', options.signal, inside);
  }

  #commit(
    wiring: ReturnType<typeof wire>['outputs'],
    outputs: Readonly<Record<string, Tensor>>,
    slots: Readonly<Record<string, ArraySlot>> | undefined,
  ): Record<string, Tensor> {
    for (const { port, update } of wiring) {
      const [got, want] = [outputs[port.name]!.shape, update === undefined ? undefined : slots![update]!.shape];
      if (!want || sameShape(got, want)) continue;
      throw fail('shape-mismatch', {
        what: `the update of '${update}' by the output '${port.name}'`,
        got: showShape(got),
        want: showShape(want),
      });
    }
    const result: Record<string, Tensor> = {};
    for (const { port, update, fetch } of wiring) {
      const output = outputs[port.name]!;
      if (update !== undefined) slots![update]!.data = output.data as TypedArray;
      if (!fetch) continue;
      const both = update !== undefined;
      result[port.name] = both ? new Tensor(output.dtype, output.shape, copyOf(output.dtype, output.data as TypedArray)) : output;
    }
    return result;
  }

  async release(): Promise<void> {
    if (await this.#door.close()) await this.#session.release();
  }
}
