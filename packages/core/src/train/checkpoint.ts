import { decodeArtifact, decodeSafetensors, encodeSafetensors, readCheckpoint, writeCheckpoint } from '../artifact/index.ts';
import { fail, StratusError } from '../errors.ts';
import { files } from '../runtime/index.ts';
import type { Logs, Totals } from './logs.ts';
import type { Machine } from './machine.ts';

/** Where a training stands, besides its tensors. Plain JSON: numbers come back bit for bit. */
export interface TrainerState {
  readonly format: 1;
  readonly seed: number;
  /** Epoch in this fit, and batches done in it. */
  readonly epoch: number;
  readonly batch: number;
  /** Epochs before this fit: the order of the data depends on it. */
  readonly firstEpoch: number;
  readonly batchCount: number;
  readonly updateCount: number;
  /** Set by a callback; null while the optimizer's own rate or schedule holds. */
  readonly learningRate: number | null;
  readonly totals: Totals;
  readonly history: readonly Logs[];
  readonly callbacks: readonly unknown[];
  readonly stopped: string | null;
  readonly data: { readonly samples: number | null; readonly batchSize: number | null };
  readonly compile: Readonly<Record<string, unknown>>;
}

const parts = { model: 'model.onnx', tensors: 'state.safetensors', trainer: 'trainer.json' } as const;

/** Writes a checkpoint: the model, the optimizer's tensors and the trainer's state, whole or not at all. */
export async function saveTraining(dir: string, keep: number, machine: Machine, state: TrainerState, model: Uint8Array): Promise<string> {
  return writeCheckpoint(files, dir, {
    step: state.batchCount,
    keep,
    parts: {
      [parts.model]: model,
      [parts.tensors]: encodeSafetensors(await machine.trainingState()),
      [parts.trainer]: new TextEncoder().encode(JSON.stringify(state)),
    },
  });
}

/** Puts a machine where a checkpoint left off. Errors: `no-checkpoint`, `corrupt`, `checkpoint-mismatch`; then nothing has changed. */
export async function loadTraining(dir: string, machine: Machine, data: TrainerState['data']): Promise<{ state: TrainerState; path: string }> {
  const checkpoint = await readCheckpoint(files, dir);
  const path = checkpoint.path;
  const part = (name: string): Uint8Array => {
    const bytes = checkpoint.parts[name];
    if (!bytes) throw fail('no-checkpoint', { dir: path, reason: `${name} is missing` });
    return bytes;
  };
  const state = JSON.parse(new TextDecoder().decode(part(parts.trainer))) as TrainerState;
  const { weights } = await decodeArtifact(part(parts.model), `${path}/${parts.model}`);
  const { tensors } = decodeSafetensors(part(parts.tensors), { file: `${path}/${parts.tensors}` });
  const mismatch = (reason: string) => fail('checkpoint-mismatch', { dir: path, reason });

  const missing = machine.parameters.find(({ name }) => !weights[name]);
  if (missing) throw mismatch(`it has no parameter '${missing.name}'`);
  if (data.samples !== null && state.data.samples !== null && data.samples !== state.data.samples)
    throw mismatch(`it was made with ${state.data.samples} samples, and now there are ${data.samples}`);
  if (data.batchSize !== state.data.batchSize) throw mismatch(`its batchSize is ${state.data.batchSize}, and now it is ${data.batchSize}`);
  if (state.seed !== machine.seed) throw mismatch(`its seed is ${state.seed}, and the model's is ${machine.seed}`);
  const now = JSON.stringify(machine.needPlan('fit').config);
  if (JSON.stringify(state.compile) !== now) throw mismatch(`it was compiled with ${JSON.stringify(state.compile)}, and now with ${now}`);
  try {
    const own = Object.fromEntries(machine.parameters.map(({ name }) => [name, weights[name]!]));
    await machine.setWeights(own, tensors);
  } catch (e) {
    throw StratusError.is(e) ? fail('checkpoint-mismatch', { dir: path, reason: e.message }, e) : e;
  }
  machine.batchCount = state.batchCount;
  machine.updateCount = state.updateCount;
  return { state, path };
}
