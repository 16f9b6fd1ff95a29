import {
  decodeArtifact,
  decodeSafetensors,
  encodeSafetensorsInTurns,
  pointToCheckpoint,
  readCheckpoint,
  writeCheckpoint,
} from '../artifact/index.ts';
import { fail, StratusError } from '../errors.ts';
import { files, nextTurn } from '../runtime/index.ts';
import type { Tensor } from '../tensor/index.ts';
import { isFloat } from '../tensor/index.ts';
import type { Counts } from './counts.ts';
import { parseExact, writeExact } from './exact-json.ts';
import type { Logs, Totals } from './logs.ts';
import type { Machine } from './machine.ts';

/** What one callback knew. */
export interface CallbackState {
  /** Its name, if it has one: callbacks may be added, left out or moved when a run is resumed. */
  readonly name: string;
  readonly state: unknown;
  readonly tensors: Readonly<Record<string, Tensor>>;
}

/** Which data a training runs on, as far as it shows. */
export interface DataFacts {
  readonly samples: number | null;
  readonly batchSize: number | null;
  readonly shuffled: boolean | null;
}

/** Where a training stands, besides its tensors. Plain JSON: numbers come back bit for bit. */
export interface TrainerState extends Counts {
  readonly format: 1;
  readonly seed: number;
  /** Epoch in this fit, and batches done in it. */
  readonly epoch: number;
  readonly batch: number;
  /** Epochs before this fit: the order of the data depends on it. */
  readonly firstEpoch: number;
  /** Epochs that this fit was asked for. */
  readonly epochs: number;
  /** Set by a callback; null while the optimizer's own rate or schedule holds. */
  readonly learningRate: number | null;
  readonly totals: Totals;
  readonly history: readonly Logs[];
  readonly callbacks: readonly CallbackState[];
  readonly stopped: string | null;
  readonly data: DataFacts;
  readonly compile: Readonly<Record<string, unknown>>;
}

const parts = {
  model: 'model.onnx',
  tensors: 'state.safetensors',
  trainer: 'trainer.json',
  callbacks: 'callbacks.safetensors',
} as const;
type Tensors = Readonly<Record<string, Tensor>>;

/** Writes a checkpoint: the model, the optimizer's tensors, the callbacks' tensors and the trainer's state, whole or not at all. */
export async function saveTraining(
  dir: string,
  keep: number,
  machine: Machine,
  state: TrainerState,
  model: Uint8Array,
): Promise<string> {
  const own = state.callbacks.flatMap(({ tensors }, i) =>
    Object.entries(tensors).map(([name, tensor]) => [`${i}/${name}`, tensor] as const),
  );
  const plain = { ...state, callbacks: state.callbacks.map(({ name, state: known }) => ({ name, state: known })) };
  return writeCheckpoint(files, dir, {
    step: state.batchCount,
    keep,
    parts: {
      [parts.model]: model,
      [parts.tensors]: await encodeSafetensorsInTurns(await machine.trainingState()),
      [parts.trainer]: new TextEncoder().encode(writeExact(plain)),
      ...(own.length > 0 && { [parts.callbacks]: await encodeSafetensorsInTurns(Object.fromEntries(own)) }),
    },
  });
}

/** Makes resuming begin at an older checkpoint of a folder. False when it is not there any more, or not whole. */
export const goBackTo = (dir: string, path: string): Promise<boolean> => pointToCheckpoint(files, dir, path);

/** A plan as text, but for the learning rate: going on with another one is what the advice for a loss that exploded says. */
const withoutRate = (compile: Readonly<Record<string, unknown>>): string =>
  JSON.stringify(compile, (key, value: unknown) => (key === 'learningRate' ? undefined : value));

/** Puts a machine where a checkpoint left off. Errors: `no-checkpoint`, `corrupt`, `checkpoint-mismatch`; then nothing has changed. */
export async function loadTraining(
  dir: string,
  machine: Machine,
  data: DataFacts,
): Promise<{ state: TrainerState; path: string; passedOver: readonly string[] }> {
  const checkpoint = await readCheckpoint(files, dir);
  const path = checkpoint.path;
  const part = (name: string): Uint8Array => {
    const bytes = checkpoint.parts[name];
    if (!bytes) throw fail('no-checkpoint', { dir: path, reason: `${name} is missing` });
    return bytes;
  };
  const saved = parseState(part(parts.trainer), `${path}/${parts.trainer}`);
  const { weights } = await decodeArtifact(part(parts.model), `${path}/${parts.model}`);
  const { tensors } = decodeSafetensors(part(parts.tensors), { file: `${path}/${parts.tensors}` });
  const bytes = checkpoint.parts[parts.callbacks];
  const own = bytes ? decodeSafetensors(bytes, { file: `${path}/${parts.callbacks}` }).tensors : {};

  const mismatch = (reason: string, cause?: unknown) => fail('checkpoint-mismatch', { dir: path, reason }, cause);
  const missing = machine.parameters.find(({ name }) => !Object.hasOwn(weights, name));
  if (missing) throw mismatch(`it has no parameter '${missing.name}'`);
  if (data.samples !== null && saved.data.samples !== null && data.samples !== saved.data.samples)
    throw mismatch(`it was made with ${saved.data.samples} samples, and now there are ${data.samples}`);
  if (data.batchSize !== saved.data.batchSize)
    throw mismatch(`its batchSize is ${saved.data.batchSize}, and now it is ${data.batchSize}`);
  if (data.shuffled !== saved.data.shuffled)
    throw mismatch(`its shuffle is ${saved.data.shuffled}, and now it is ${data.shuffled}`);
  if (saved.seed !== machine.seed) throw mismatch(`its seed is ${saved.seed}, and the model's is ${machine.seed}`);
  const [before, now] = [withoutRate(saved.compile), withoutRate(machine.needPlan('fit').config)];
  if (before !== now) throw mismatch(`it was compiled with ${before}, and now with ${now}`);
  try {
    await machine.restore(Object.fromEntries(machine.parameters.map(({ name }) => [name, weights[name]!])), tensors, saved);
  } catch (e) {
    throw StratusError.is(e) ? mismatch(e.message, e) : e;
  }
  const callbacks = saved.callbacks.map((callback, i) => ({ ...callback, tensors: tensorsOf(own, i) }));
  return { state: { ...saved, callbacks }, path, passedOver: checkpoint.skipped };
}

const tensorsOf = (all: Tensors, i: number): Tensors =>
  Object.fromEntries(
    Object.entries(all).flatMap(([name, tensor]) => (name.startsWith(`${i}/`) ? [[name.slice(`${i}/`.length), tensor]] : [])),
  );

type Saved = Omit<TrainerState, 'callbacks'> & { readonly callbacks: readonly Omit<CallbackState, 'tensors'>[] };

const isRecord = (x: unknown): x is Record<string, unknown> => typeof x === 'object' && x !== null && !Array.isArray(x);
const isCount = (x: unknown): boolean => Number.isSafeInteger(x) && (x as number) >= 0;

function parseState(bytes: Uint8Array, file: string): Saved {
  const damaged = (reason: string, cause?: unknown) => fail('corrupt', { file, reason, fix: 'Use another checkpoint.' }, cause);
  let state: unknown;
  try {
    state = parseExact(new TextDecoder().decode(bytes));
  } catch (e) {
    throw damaged(`it is not JSON (${(e as Error).message})`, e);
  }
  if (!isRecord(state)) throw damaged('it holds no state of a training');
  if (state['format'] !== 1) throw damaged(`it has format ${String(state['format'])}, and this version reads 1`);
  const { totals, callbacks, history, stopped, learningRate } = state;
  const whole =
    ['seed', 'epoch', 'batch', 'firstEpoch', 'epochs', 'batchCount', 'updateCount', 'collected'].every((name) =>
      isCount(state[name]),
    ) &&
    isRecord(totals) &&
    typeof totals['samples'] === 'number' &&
    typeof totals['loss'] === 'number' &&
    isRecord(totals['losses']) &&
    isRecord(totals['statistics']) &&
    Array.isArray(callbacks) &&
    callbacks.every((callback) => isRecord(callback) && typeof callback['name'] === 'string') &&
    Array.isArray(history) &&
    history.every(isRecord) &&
    (stopped === null || typeof stopped === 'string') &&
    (learningRate === null || typeof learningRate === 'number') &&
    isRecord(state['data']) &&
    isRecord(state['compile']);
  if (!whole) throw damaged('a part of the state is missing or of another kind');
  return state as unknown as Saved;
}

/** True unless a floating-point weight is NaN or infinite: such a state is none to go back to. */
export async function areFinite(weights: Tensors): Promise<boolean> {
  for (const { dtype, data } of Object.values(weights)) {
    if (!isFloat(dtype) || dtype === 'float16') continue;
    const numbers = data as Float32Array;
    for (let start = 0; start < numbers.length; start += oneLook) {
      if (start > 0) await nextTurn();
      if (!allFinite(numbers, start, Math.min(start + oneLook, numbers.length))) return false;
    }
  }
  return true;
}

/** So many numbers are looked at between two turns of the event loop: about 5 ms. */
const oneLook = 2 ** 21;

function allFinite(numbers: Float32Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (!(Math.abs(numbers[i]!) < Number.POSITIVE_INFINITY)) return false;
  return true;
}
