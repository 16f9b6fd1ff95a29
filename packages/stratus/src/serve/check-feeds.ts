import { fail, type Shape } from '@stratus/core';
import type { ServablePort, Tensors } from './servable.ts';
import { didYouMean, shown } from './wording.ts';

const showShape = (shape: Shape): string => `[${shape.join(', ')}]`;

/** `image UINT8 [batch, 28, 28]`, for messages. */
const showPort = ({ name, dims, anyRank, dtype }: ServablePort): string =>
  `${name}: ${dtype} ${anyRank ? '[…]' : showShape(dims)}`;

/** What a model takes or gives, for messages. */
export const showPorts = (ports: readonly ServablePort[]): string => ports.map(showPort).join('; ') || 'nothing';

/** The port of this name. Errors: `bad-request` with a did-you-mean. */
export function findPort(kind: 'input' | 'output', ports: readonly ServablePort[], name: string): ServablePort {
  const port = ports.find((p) => p.name === name);
  if (port) return port;
  const known = ports.map((p) => p.name);
  throw fail('bad-request', {
    reason: `There is no ${kind} named ${shown(name)}.${didYouMean(name, known)} The model has ${showPorts(ports)}.`,
  });
}

/** Sizes of named axes, and the input that said so. */
export type SizesSeen = Map<string, { readonly size: number; readonly input: string }>;

/** Makes sure that a shape fits an input, and notes the sizes it gives. Errors: `bad-request`. */
export function checkShape({ name, dims, anyRank }: ServablePort, shape: readonly number[], seen: SizesSeen): void {
  if (anyRank) return;
  const wrong = (fix: string) =>
    fail('bad-request', { reason: `Input '${name}': got the shape ${showShape(shape)}, expected ${showShape(dims)}.${fix}` });
  const fits = (wanted: Shape): boolean =>
    wanted.length === shape.length && wanted.every((d, i) => typeof d === 'string' || d === shape[i]);
  if (!fits(dims))
    throw wrong(
      typeof dims[0] === 'string' && fits(dims.slice(1)) ? ` Put the number of samples first: ${showShape([1, ...shape])}.` : '',
    );
  dims.forEach((d, axis) => {
    if (typeof d !== 'string') return;
    const size = shape[axis]!;
    const before = seen.get(d);
    if (before && before.size !== size)
      throw wrong(` In the input '${before.input}', '${d}' is ${before.size}, and here it is ${size}.`);
    if (!before) seen.set(d, { size, input: name });
  });
}

/** Every input of the model is there. Errors: `bad-request`. */
export function checkComplete(ports: readonly ServablePort[], given: readonly string[]): void {
  const missing = ports.filter(({ name }) => !given.includes(name));
  if (missing.length > 0)
    throw fail('bad-request', { reason: `The input '${missing[0]!.name}' is missing. The model takes ${showPorts(ports)}.` });
}

/** Makes sure that tensors are what a model takes, so that one that is not can spoil nobody else's run. Errors: `bad-request`. */
export function checkFeeds(ports: readonly ServablePort[], tensors: Tensors): void {
  const seen: SizesSeen = new Map();
  for (const [name, { dtype, shape }] of Object.entries(tensors)) {
    const port = findPort('input', ports, name);
    if (dtype !== port.dtype) throw fail('bad-request', { reason: `Input '${name}': got ${dtype}, expected ${port.dtype}.` });
    checkShape(port, shape, seen);
  }
  checkComplete(ports, Object.keys(tensors));
}
