// The page that holds the browser's driver to the executor contract.
import { createExecutor } from '../../src/runtime/web/index.ts';
import { executorContract } from '../executor.contract.ts';
import { runAll } from './tiny-vitest.ts';

const bytes = (buffer: ArrayBufferLike, at?: number, length?: number): Uint8Array => new Uint8Array(buffer, at, length);
// The little that the contract uses of Node's.
Object.assign(globalThis, {
  Buffer: {
    from: bytes,
    compare: (a: Uint8Array, b: Uint8Array) => (a.length === b.length && a.every((v, i) => v === b[i]) ? 0 : 1),
  },
  runContract: (options: Parameters<typeof createExecutor>[0]) => {
    executorContract('web, in a page', () => createExecutor(options));
    return runAll();
  },
});
