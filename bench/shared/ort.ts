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
  endProfiling(): void;
}

/** The package that packages/core depends on. */
export const ort = createRequire(join(import.meta.dirname, '../../packages/core/package.json'))('onnxruntime-node') as Ort;
