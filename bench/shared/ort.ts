import { createRequire } from 'node:module';
import { join } from 'node:path';

/** What measurements need of onnxruntime-node: the npm package as anyone uses it, without Stratus. */
export interface Ort {
  readonly Tensor: new (dtype: string, data: unknown, shape: readonly number[]) => unknown;
  readonly InferenceSession: { create(model: Uint8Array | string, options: object): Promise<OrtSession> };
}

/** A session of onnxruntime-node. */
export interface OrtSession {
  readonly inputNames: readonly string[];
  readonly inputMetadata: readonly {
    readonly name: string;
    readonly type: string;
    readonly shape: readonly (number | string)[];
  }[];
  run(feeds: object): Promise<Record<string, { readonly data: ArrayLike<number> }>>;
  release(): Promise<void>;
}

/** The package that packages/core depends on. */
export const ort = createRequire(join(import.meta.dirname, '../../packages/core/package.json'))('onnxruntime-node') as Ort;

/** The settings of our executor's sessions, for onnxruntime-node. */
export const sessionOptions = (threads: number) => ({
  intraOpNumThreads: threads,
  graphOptimizationLevel: 'all',
  logSeverityLevel: 3,
  extra: {
    session: { set_denormal_as_zero: '1', force_spinning_stop: '1' },
    optimization: { disable_specified_optimizers: 'EliminateDropout' },
  },
});
