import type { Value } from '../graph/index.ts';
import * as ops from '../ops/index.ts';
import { lookUp } from '../suggest.ts';

const activations = {
  linear: (x: Value) => x,
  relu: ops.relu,
  leakyRelu: (x: Value) => ops.leakyRelu(x),
  elu: (x: Value) => ops.elu(x),
  selu: ops.selu,
  gelu: (x: Value) => ops.gelu(x),
  geluTanh: (x: Value) => ops.gelu(x, { approximate: 'tanh' }),
  silu: ops.silu,
  swish: ops.silu,
  softplus: ops.softplus,
  softsign: ops.softsign,
  sigmoid: ops.sigmoid,
  hardSigmoid: (x: Value) => ops.hardSigmoid(x),
  tanh: ops.tanh,
  exponential: ops.exp,
  softmax: (x: Value) => ops.softmax(x),
  logSoftmax: (x: Value) => ops.logSoftmax(x),
} as const satisfies Record<string, (x: Value) => Value>;

/** The names that `activation: '…'` understands. */
export type ActivationName = keyof typeof activations;

/** Applies an activation by name. Errors: `unknown-name` with a did-you-mean. */
export const activate = (name: ActivationName | undefined, x: Value): Value =>
  name === undefined ? x : lookUp<(v: Value) => Value>('activation', activations, name)(x);

/** Whether an activation looks at more than one element: at the last axis. */
export const alongLastAxis = (name: ActivationName): boolean => name === 'softmax' || name === 'logSoftmax';

/** Throws for a name that is no activation. */
export const checkActivation = (name: string | undefined): void => {
  if (name !== undefined) lookUp('activation', activations, name);
};
