import { fail, StratusError } from '../../../errors.ts';
import type { Tensor } from '../../../tensor/index.ts';
import { engineError } from '../../engine-error.ts';
import type { EngineRun, Port, Program, RunOptions, Tensors } from '../../executor.ts';
import { abortable, Door, inTurn, Line, type Stop } from '../../line.ts';
import { checkInput, checkTensor, type Sizes, type Wiring, wire } from '../../ports.ts';
import { needRowUpdates } from '../../row-updates.ts';
import { nextTurn, turns } from '../next-turn.ts';
import type { ProfileNotes } from '../profile-notes.ts';
import type { Device } from './device.ts';
import { type HeldSlot, NativeHeld } from './held.ts';
import { InPlace } from './in-place.ts';
import type { Library } from './library.ts';
import { type NameAddresses, Plan } from './plan.ts';
import { portsOf } from './ports.ts';
import type { EngineThread } from './thread.ts';
import { Owned } from './values.ts';

/** Runs that take less than this are made in the calling thread: a hop to another costs about 0.03 ms, and more where that sleeps. */
const shortMs = 3;

/** What ONNX Runtime says of an output that came out in another shape than the memory it was given. */
const shapeMessage = /computed output shape|shape verification failed|invalid dimensions for output/i;

/** Plans and wirings that are kept for the next run; the last used first. */
const keptPlans = 8;

/** One way of calling: which names are fed, updated and fetched. */
class Call {
  readonly wiring: Wiring;
  readonly slots: Readonly<Record<string, HeldSlot>> | undefined;
  plans: readonly Plan[] = [];
  /** Runs that are fed no more than this are short, as one that is fed so much was. */
  #shortElements = 0;
  readonly #feeds: readonly string[];
  readonly #updates: readonly string[];
  readonly #rows: readonly string[];
  readonly #fetch: readonly string[] | undefined;

  constructor(
    wiring: Wiring,
    slots: Readonly<Record<string, HeldSlot>> | undefined,
    feeds: Tensors,
    { updates = {}, rowUpdates, fetch }: RunOptions,
  ) {
    this.wiring = wiring;
    this.slots = slots;
    this.#feeds = Object.keys(feeds);
    this.#updates = Object.entries(updates).flat();
    this.#rows = namesOfRows(rowUpdates);
    this.#fetch = fetch && [...fetch];
  }

  /** Shapes that are new, batches of another size for instance, are taken to be short where larger ones are. */
  isShort({ usualMs, elements }: Plan): boolean {
    return usualMs === undefined ? elements <= this.#shortElements : usualMs < shortMs;
  }

  took(plan: Plan, ms: number): void {
    plan.took(ms);
    if (this.isShort(plan)) this.#shortElements = Math.max(this.#shortElements, plan.elements);
    else this.#shortElements = Math.min(this.#shortElements, plan.elements - 1);
  }

  is(feeds: Tensors, { updates, rowUpdates, fetch }: RunOptions): boolean {
    return (
      same(this.#feeds, Object.keys(feeds)) &&
      this.#sameUpdates(updates) &&
      same(this.#rows, namesOfRows(rowUpdates)) &&
      (fetch === this.#fetch || same(this.#fetch, fetch))
    );
  }

  #sameUpdates(updates: Readonly<Record<string, string>> = {}): boolean {
    let i = 0;
    for (const output in updates) {
      if (this.#updates[i] !== output || this.#updates[i + 1] !== updates[output]) return false;
      i += 2;
    }
    return i === this.#updates.length;
  }
}

/** How a run is made: who is fed and fetched, and in which shapes. */
interface Way {
  readonly call: Call;
  readonly plan: Plan;
}

const namesOfRows = (rowUpdates: RunOptions['rowUpdates'] = {}): readonly string[] =>
  Object.entries(rowUpdates).flatMap(([held, { rows, values }]) => [held, rows, values]);

const same = (a: readonly string[] | undefined, b: readonly string[] | undefined): boolean =>
  a !== undefined && b !== undefined && a.length === b.length && a.every((name, i) => name === b[i]);

/** Puts `one` first, and gives back those that are too many. */
const remember = <T>(kept: readonly T[], one: T): { kept: readonly T[]; gone: readonly T[] } => {
  const all = [one, ...kept.filter((other) => other !== one)];
  return { kept: all.slice(0, keptPlans), gone: all.slice(keptPlans) };
};

/** Held tensors are what calls without any are kept under. */
const nothingHeld = {};

/** What a program has of its executor. */
interface Context {
  readonly device: Device;
  readonly thread: EngineThread;
  readonly executor: Door;
  readonly unsteady: boolean;
  readonly notes: ProfileNotes | undefined;
  /** The session of the second model. */
  readonly inPlace: bigint | undefined;
}

/** A session of the C API. */
export class NativeProgram implements Program {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly endProfiling?: () => Promise<readonly EngineRun[]>;
  readonly #library: Library;
  readonly #session: bigint;
  readonly #thread: EngineThread;
  readonly #line = new Line();
  readonly #door = new Door('The program');
  readonly #executor: Door;
  readonly #device: Device;
  readonly #owned: Owned;
  readonly #names: { readonly inputs: NameAddresses; readonly outputs: NameAddresses };
  readonly #inPlace: InPlace | undefined;
  /** Of the first model. */
  readonly #first: { readonly inputs: ReadonlySet<string>; readonly outputs: readonly Port[] };
  readonly #texts: Uint8Array[] = [];
  readonly #calls = new WeakMap<object, readonly Call[]>();
  #engineMs = 0;
  /** True when the time of a run depends on values and not only on shapes. */
  readonly #unsteady: boolean;

  /** Takes over the session. */
  constructor(library: Library, session: bigint, context: Context) {
    this.#library = library;
    this.#session = session;
    this.#device = context.device;
    this.#owned = new Owned(this, context.device.lines);
    this.#thread = context.thread;
    this.#executor = context.executor;
    this.#unsteady = context.unsteady;
    this.#owned.add(() => library.call('ReleaseSession', session));
    const { notes, inPlace } = context;
    if (inPlace !== undefined) this.#owned.add(() => library.call('ReleaseSession', inPlace));
    if (notes) {
      this.#owned.add(() => notes.remove());
      this.endProfiling = () => this.#endProfiling(notes);
    }
    let inputs: readonly Port[];
    let outputs: readonly Port[];
    try {
      inputs = portsOf(library, session, 'input');
      outputs = portsOf(library, session, 'output');
      if (inPlace !== undefined)
        this.#inPlace = new InPlace(library, inPlace, { first: outputs, device: this.#device, owned: this.#owned });
    } catch (e) {
      this.#owned.free();
      throw e;
    }
    const addresses = (ports: readonly Port[]): NameAddresses =>
      new Map(
        ports.map(({ name }) => {
          const text = new TextEncoder().encode(`${name}\0`);
          this.#texts.push(text);
          return [name, library.address(text)];
        }),
      );
    this.#names = { inputs: addresses(inputs), outputs: addresses(outputs) };
    this.#first = { inputs: new Set(inputs.map(({ name }) => name)), outputs };
    const second = this.#inPlace;
    this.inputs = [...inputs, ...(second?.inputs ?? []).filter(({ name }) => !this.#first.inputs.has(name))];
    this.outputs = [...outputs.filter(({ name }) => !second?.passedOn.has(name)), ...(second?.outputs ?? [])];
  }

  get engineMs(): number {
    return this.#engineMs;
  }

  async run(feeds: Tensors, options: RunOptions = {}): Promise<Record<string, Tensor>> {
    this.#door.check();
    this.#executor.check();
    const { held, signal } = options;
    if (held && !(held instanceof NativeHeld && held.device === this.#device)) {
      throw fail('bad-value', {
        what: 'run({ held })',
        got: 'tensors held by another kind of executor',
        want: 'what hold() of the same executor gave',
      });
    }
    if (options.rowUpdates) needRowUpdates({ device: this.#device.name, updatesRows: this.#device.updatesRows });
    const call = this.#call(feeds, held, options);
    const plan = this.#plan(call, feeds);
    const lines = [this.#line, ...(held ? [held.line] : []), ...this.#device.lines];
    const inside = (stop: Stop) =>
      this.#executor.pass(() => this.#door.pass(() => inTurn(lines, () => this.#once({ call, plan }, feeds, { stop, signal }))));
    return abortable('The run', signal, inside);
  }

  /** Errors: those of `wire`. */
  #call(feeds: Tensors, held: NativeHeld | undefined, options: RunOptions): Call {
    const slots = held?.slots;
    const key = held ?? nothingHeld;
    const calls = this.#calls.get(key) ?? [];
    let call = calls.find((c) => c.is(feeds, options));
    if (call && call === calls[0]) return call;
    call ??= new Call(wire(this, Object.keys(feeds), slots, options), slots, feeds, options);
    this.#calls.set(key, remember(calls, call).kept);
    return call;
  }

  /** Errors: those of `checkTensor` and `checkInput`. */
  #plan(call: Call, feeds: Tensors): Plan {
    for (const name in feeds) checkTensor(`input '${name}'`, feeds[name]!);
    let plan = call.plans.find((p) => p.fits(feeds));
    const sizes: Sizes = new Map();
    for (const { port, held } of call.wiring.inputs) {
      if (!held || !plan) checkInput(port, held ? call.slots![port.name]! : feeds[port.name]!, sizes);
    }
    const passedOn = this.#inPlace?.passedOn;
    const wiring = this.#inPlace?.first(call.wiring, this.#first) ?? call.wiring;
    plan ??= new Plan(this.#library, this.#names, wiring, { feeds, slots: call.slots, sizes, passedOn });
    if (plan !== call.plans[0]) call.plans = remember(call.plans, plan).kept; // what goes is freed when the last run with it is over
    return plan;
  }

  async #once(
    { call, plan }: Way,
    feeds: Tensors,
    { stop, signal }: { stop: Stop; signal: AbortSignal | undefined },
  ): Promise<Record<string, Tensor>> {
    stop.check();
    const here = !this.#unsteady && call.isShort(plan);
    if (here && turns.due) {
      await nextTurn();
      stop.check();
    }
    plan.check(feeds);
    try {
      let ms = here ? this.#runHere(plan, feeds) : await this.#runThere(plan, feeds, { stop, signal });
      stop.check();
      const result = plan.collect();
      const rows = plan.collectRows();
      stop.commit(); // before the rows: they may be so many that others have their turn meanwhile
      if (this.#inPlace) ms += await this.#update(this.#inPlace, call, here);
      call.took(plan, ms);
      plan.commit();
      for (const write of rows) await write();
      return result;
    } catch (e) {
      stop.check(); // a run that was told to end fails as well
      const wrongShape = !StratusError.is(e) && e instanceof Error && shapeMessage.test(e.message);
      if (wrongShape) plan.checkUpdates(e);
      if (!wrongShape || !plan.distrust()) throw engineError('running the model', e);
    } finally {
      plan.clear();
    }
    return this.#once({ call, plan }, feeds, { stop, signal });
  }

  #runHere(plan: Plan, feeds: Tensors): number {
    turns.busy();
    const start = performance.now();
    plan.place(feeds);
    const placed = performance.now();
    return placed - start + this.#callHere(plan.args(this.#session, 0n));
  }

  #callHere(args: (bigint | number)[]): number {
    const { denormals, run } = this.#library;
    const called = performance.now();
    const status = denormals ? denormals.run(() => run(...args)) : run(...args);
    const ms = performance.now() - called;
    this.#engineMs += ms;
    this.#library.check(status);
    return ms;
  }

  async #callThere(args: (bigint | number)[]): Promise<number> {
    const { status, ms } = await this.#thread.call('run', args);
    this.#engineMs += ms;
    this.#library.check(status);
    return ms;
  }

  async #runThere(
    plan: Plan,
    feeds: Tensors,
    { stop, signal }: { stop: Stop; signal: AbortSignal | undefined },
  ): Promise<number> {
    await plan.placeCopies(feeds);
    const runOptions = signal ? this.#library.make('CreateRunOptions') : 0n;
    try {
      if (signal) stop.onAbort = () => void this.#library.call('RunOptionsSetTerminate', runOptions);
      stop.check();
      return await this.#callThere(plan.args(this.#session, runOptions));
    } finally {
      stop.onAbort = undefined;
      if (signal) this.#library.call('ReleaseRunOptions', runOptions);
    }
  }

  /** Writes over what is held. Nothing stops it, and there is nothing in it that could fail: shapes were checked when it was compiled, and memory is there. */
  async #update(inPlace: InPlace, { wiring, slots }: Call, here: boolean): Promise<number> {
    const args = inPlace.args(wiring.outputs, slots!);
    try {
      return here ? this.#callHere(args) : await this.#callThere(args);
    } catch (e) {
      throw engineError('writing over what is held, some of which may be new now', e);
    }
  }

  async #endProfiling(notes: ProfileNotes): Promise<readonly EngineRun[]> {
    const library = this.#library;
    const end = (): void => {
      const file = library.make('SessionEndProfiling', this.#session, library.allocator);
      library.call('AllocatorFree', library.allocator, file);
    };
    await this.#executor.pass(() => this.#door.pass(() => inTurn([this.#line, ...this.#device.lines], end)));
    return notes.read();
  }

  async release(): Promise<void> {
    if (await this.#door.close()) await inTurn(this.#device.lines, () => this.#owned.free());
  }
}
