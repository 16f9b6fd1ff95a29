import { byteCount } from '../../progress/index.ts';
import type { Gate } from './gate.ts';

/** How large the file is. */
export const sizeGate: Gate<number> = {
  title: () => 'size',
  asks: (limit) => `at most ${byteCount(limit)}`,
  fault: (limit) => (Number.isSafeInteger(limit) && limit > 0 ? undefined : 'a whole number of bytes above 0'),
  check: async (limit, { version }) => ({
    passed: version.bytes <= limit,
    got: byteCount(version.bytes),
    want: `at most ${byteCount(limit)}`,
  }),
};
