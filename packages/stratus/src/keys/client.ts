import { fail } from '@stratus/core';

/** Who asks, and what it may. */
export interface Client {
  /** The key or the subject of the token; for fairness between clients, logs and traces. */
  readonly id: string;
  readonly name: string;
  /** The models that it may ask; undefined: all. */
  readonly models?: readonly string[] | undefined;
  /** It may also change what is served. */
  readonly manage: boolean;
  /** So many requests a minute; undefined: as many as it likes. */
  readonly perMinute?: number | undefined;
}

/** Errors: `forbidden`. */
export function checkModel({ name, models }: Client, model: string): void {
  if (models === undefined || models.includes(model)) return;
  throw fail('forbidden', {
    reason: `'${name}' may not ask the model '${model.slice(0, 100)}'.`,
    fix: `It may ask: ${models.join(', ')}. Another key is made with stratus keys create NAME --model ${/^[\w.-]{1,100}$/.test(model) ? model : 'MODEL'}.`,
  });
}

/** Errors: `forbidden`. */
export function checkManage({ name, manage }: Client): void {
  if (manage) return;
  throw fail('forbidden', {
    reason: `'${name}' may ask models, but not change what is served.`,
    fix: 'A key that may is made with stratus keys create NAME --manage.',
  });
}
