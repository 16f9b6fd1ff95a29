import { incompatibility } from '../../serve/index.ts';
import type { Signature } from '../description.ts';
import type { Gate } from './gate.ts';

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
