// WebGPU in Node, without a GPU: on the software one that Chromium brings along.
import { describe } from 'vitest';
import { createExecutor } from '../src/runtime/node/index.ts';
import { executorContract } from './executor.contract.ts';
import { prepareGpu } from './support/software-gpu.ts';

const missing = prepareGpu();

describe.skipIf(missing)('WebGPU in Node', () => {
  executorContract('webgpu', () => createExecutor({ device: 'webgpu' }), { checksIndices: false });
});
