import type { TrainingFacts, TrainingRun } from '@stratus/core';
import { keepable, type ParamValue } from '../store/index.ts';

const longest = 500;

/** A training does not end for a text that cannot be kept. */
const short = (text: string): string => keepable(text.slice(0, longest));

/** Nested options as one level of names. What has a type and a config, as optimizers, losses and layers are saved, is called by its type. */
function addTo(found: Record<string, ParamValue>, name: string, value: unknown): void {
  if (value === null || value === undefined) return;
  if (typeof value === 'number') {
    if (Number.isFinite(value)) found[name] = value;
  } else if (typeof value === 'string' || typeof value === 'boolean')
    found[name] = typeof value === 'string' ? short(value) : value;
  else if (Array.isArray(value)) {
    if (value.length > 0) found[name] = short(value.map((entry) => named(entry)).join(', '));
  } else if (typeof value === 'object') {
    const { type, config, ...others } = value as Readonly<Record<string, unknown>>;
    if (typeof type === 'string') found[name] = short(type);
    const inner = typeof type === 'string' ? { ...others, ...(config as object) } : (value as object);
    for (const [key, entry] of Object.entries(inner)) addTo(found, name === '' ? key : `${name}.${key}`, entry);
  }
}

const named = (entry: unknown): string => {
  if (typeof entry !== 'object' || entry === null) return String(entry);
  const { name, type } = entry as { readonly name?: unknown; readonly type?: unknown };
  return String(name ?? type ?? JSON.stringify(entry));
};

/** The parameters of a training: what `compile` and `fit` were told, by their own names. A model with one output has no name of an output in them. */
export function fitParams(run: TrainingRun, facts: TrainingFacts | undefined): Record<string, ParamValue> {
  const found: Record<string, ParamValue> = { epochs: run.epochs };
  if (run.batchSize !== undefined) found['batchSize'] = run.batchSize;
  if (facts === undefined) return found;
  const { model, parameters, compile, samples, shuffled, seed } = facts;
  const { outputs, ...options } = compile as { readonly outputs?: Readonly<Record<string, unknown>> };
  const list = Object.values(outputs ?? {});
  addTo(found, '', { model, parameters: parameters.all, trainable: parameters.trainable, seed, samples, shuffle: shuffled });
  addTo(found, '', options);
  addTo(found, '', list.length === 1 ? list[0] : outputs);
  return found;
}
