import type * as Ort from 'onnxruntime-web/webgpu';
import { fail } from '../../errors.ts';
import { type DType, showShape, Tensor, type TypedArray } from '../../tensor/index.ts';
import { ownData } from '../array-program.ts';
import { engineError } from '../engine-error.ts';
import type { Port, Program, RunOptions, Tensors } from '../executor.ts';
import { abortable, Door, inTurn, Line, type Stop } from '../line.ts';
import { checkInput, checkTensor, type Sizes, type Wiring, wire } from '../ports.ts';
import { needRowUpdates } from '../row-updates.ts';
import { GpuHeld, type GpuSlot } from './gpu-held.ts';
import type { Gpu } from './gpu-load.ts';
import { nextTurn, turns } from './next-turn.ts';

/** What ONNX Runtime says of an output that came out in another shape than the memory it was given. */
const shapeMessage = /computed output shape|shape verification failed|invalid dimensions for output/i;

interface Parts {
  readonly gpu: Gpu;
  /** Undefined after a run that failed. */
  session: Ort.InferenceSession | undefined;
  /** Makes another one of the same model. */
  readonly open: () => Promise<Ort.InferenceSession>;
  readonly ports: { readonly inputs: readonly Port[]; readonly outputs: readonly Port[] };
  readonly engine: Line;
  readonly executor: Door;
}

type Slots = Readonly<Record<string, GpuSlot>> | undefined;

/** A session on the GPU. Feeds are uploaded, fetched outputs come back, what is held stays there. */
export class GpuProgram implements Program {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly #parts: Parts;
  readonly #line = new Line();
  readonly #door = new Door('The program');

  constructor(parts: Parts) {
    this.inputs = parts.ports.inputs;
    this.outputs = parts.ports.outputs;
    this.#parts = parts;
    forgotten.register(this, parts, this);
  }

  async run(feeds: Tensors, options: RunOptions = {}): Promise<Record<string, Tensor>> {
    this.#door.check();
    const { executor, engine } = this.#parts;
    executor.check();
    const { held } = options;
    if (held && !(held instanceof GpuHeld)) {
      throw fail('bad-value', {
        what: 'run({ held })',
        got: 'tensors held by another kind of executor',
        want: 'what hold() of the same executor gave',
      });
    }
    if (options.rowUpdates) needRowUpdates({ device: 'webgpu', updatesRows: false });
    const slots = held?.slots;
    const wiring = wire(this, Object.keys(feeds), slots, options);
    check(wiring, feeds, slots);
    const lines = [this.#line, ...(held ? [held.line] : []), engine];
    const once = (stop: Stop) => inTurn(lines, () => this.#once(wiring, { feeds, slots, stop }));
    // `held` is named here so that it is not forgotten while the run waits.
    return abortable('The run', options.signal, (stop) =>
      executor.pass(() => this.#door.pass(() => once(stop))).finally(() => void held),
    );
  }

  async #once(
    wiring: Wiring,
    { feeds, slots, stop }: { readonly feeds: Tensors; readonly slots: Slots; readonly stop: Stop },
  ): Promise<Record<string, Tensor>> {
    stop.check();
    if (turns.due) await nextTurn();
    turns.busy();
    check(wiring, feeds, slots); // once more: memory may have been transferred away while waiting
    const { ort } = this.#parts.gpu;
    const inputs: Record<string, Ort.Tensor> = {};
    for (const { port, held } of wiring.inputs) {
      const { name } = port;
      const { dtype, data, shape } = held ? { dtype: port.dtype, data: undefined, shape: [] } : feeds[name]!;
      inputs[name] = held ? slots![name]!.now.tensor : new ort.Tensor(dtype as 'float32', data as Float32Array, [...shape]);
    }
    const results = await this.#run(inputs, { wiring, slots });
    stop.check();
    const tensors: Record<string, Tensor> = {};
    for (const { port, update, fetch } of wiring.outputs) {
      const slot = update === undefined ? undefined : slots![update]!;
      if (slot?.spare.inPlace) {
        if (fetch) tensors[port.name] = new Tensor(slot.dtype, slot.shape, await slot.spare.read());
        continue;
      }
      const { type, dims, data } = results[port.name]!;
      const tensor = new Tensor(type as DType, dims, ownData(type as DType, data as TypedArray));
      slot?.spare.write(tensor.data as TypedArray);
      if (fetch) tensors[port.name] = tensor;
    }
    for (const { update } of wiring.outputs) if (update !== undefined) slots![update]!.swap();
    stop.commit();
    return tensors;
  }

  async #run(
    inputs: Readonly<Record<string, Ort.Tensor>>,
    { wiring, slots }: { readonly wiring: Wiring; readonly slots: Slots },
  ): Promise<Ort.InferenceSession.OnnxValueMapType> {
    const fetches: Record<string, Ort.Tensor | null> = {};
    for (const { port, update } of wiring.outputs) {
      const spare = update === undefined ? undefined : slots![update]!.spare;
      fetches[port.name] = spare?.inPlace ? spare.tensor : null;
    }
    try {
      this.#parts.session ??= await this.#parts.open();
      return await this.#parts.session.run(inputs, fetches, { logSeverityLevel: 4 }); // what goes wrong is thrown
    } catch (e) {
      // After an error the session never answers again, as it keeps a lock: it makes room for a new one.
      const { session } = this.#parts;
      this.#parts.session = undefined;
      await session?.release();
      const update = wiring.outputs.find(({ port, update }) => update !== undefined && String(e).includes(port.name));
      if (!update || !shapeMessage.test(String(e))) throw engineError('running the model', e);
      throw fail(
        'shape-mismatch',
        {
          what: `the update of '${update.update}' by the output '${update.port.name}'`,
          got: 'another shape',
          want: showShape(slots![update.update!]!.shape),
        },
        e,
      );
    }
  }

  async release(): Promise<void> {
    if (!(await this.#door.close())) return;
    forgotten.unregister(this);
    await inTurn([this.#parts.engine], () => this.#parts.session?.release());
  }
}

/** Errors: those of `checkTensor` and `checkInput`. */
function check(wiring: Wiring, feeds: Tensors, slots: Slots): void {
  const sizes: Sizes = new Map();
  for (const { port, held } of wiring.inputs) {
    if (!held) checkTensor(`input '${port.name}'`, feeds[port.name]!);
    checkInput(port, held ? slots![port.name]! : feeds[port.name]!, sizes);
  }
}

const forgotten = new FinalizationRegistry<Parts>((parts) => {
  inTurn([parts.engine], () => parts.session?.release()).catch(() => {}); // it may have gone with the whole engine
});
