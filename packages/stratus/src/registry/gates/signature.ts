import type { Port, Signature } from '../description.ts';
import type { Gate } from './gate.ts';

const shown = ({ dtype, shape }: Port): string => `${dtype} [${shape === null ? '…' : shape.join(', ')}]`;

/** Whether everything of `narrow` is also in `wide`: a size that is open takes every number. */
const covers = (wide: Port, narrow: Port): boolean =>
  wide.dtype === narrow.dtype &&
  (wide.shape === null ||
    (narrow.shape !== null &&
      wide.shape.length === narrow.shape.length &&
      wide.shape.every((d, i) => typeof d === 'string' || d === narrow.shape![i])));

/** Why clients of `now` could not use `next`; undefined where they can. */
export function incompatibility(now: Signature, next: Signature): string | undefined {
  const find = (ports: readonly Port[], name: string): Port | undefined => ports.find((port) => port.name === name);
  for (const port of next.inputs)
    if (!find(now.inputs, port.name)) return `it asks for the input '${port.name}', which clients do not give`;
  for (const port of now.inputs) {
    const own = find(next.inputs, port.name);
    if (!own) return `it does not take the input '${port.name}'`;
    if (!covers(own, port)) return `its input '${port.name}' is ${shown(own)} and not ${shown(port)}`;
  }
  for (const port of now.outputs) {
    const own = find(next.outputs, port.name);
    if (!own) return `it lacks the output '${port.name}'`;
    if (!covers(port, own)) return `its output '${port.name}' is ${shown(own)} and not ${shown(port)}`;
  }
  return undefined;
}

/** Clients of the version that the alias has now can go on as they are. */
export const signatureGate: Gate<true> = {
  title: () => 'signature',
  asks: () => 'clients can go on as they are',
  fault: (rule) => (rule === true ? undefined : 'true'),
  async check(_, candidate, current) {
    const want = 'what clients give now, and all that they get';
    if (current === undefined) return { passed: true, got: 'nothing to compare with', want };
    const [now, next] = [current, candidate].map(({ version }) => version.signature as unknown as Signature | undefined);
    if (!now || !next) return { passed: false, got: 'a version without a signature', want };
    const reason = incompatibility(now, next);
    return { passed: reason === undefined, got: reason ?? `compatible with version ${current.version.number}`, want };
  },
};
