import { decodeArtifact } from '../artifact/index.ts';
import { fail } from '../errors.ts';
import { fromConfig, type LayerFactory } from '../nn/index.ts';
import { optimizerFromConfig } from '../optim/index.ts';
import { files, type Executor } from '../runtime/index.ts';
import { Model } from './model.ts';
import type { CompileOptions } from './plan.ts';

/** Options of {@link load}. */
export interface LoadOptions {
  /** Own layers that the file names, by type. */
  readonly layers?: Readonly<Record<string, LayerFactory>>;
  readonly executor?: Executor | undefined;
}

/**
 * Reads a model back from a file or its bytes. It predicts bit for bit as the saved one did, and is compiled as that was, so that
 * training can go on (with a new optimizer; a checkpoint keeps the optimizer's state as well).
 *
 * Errors: `file-not-found`, `not-onnx`, `corrupt`, `no-manifest` for models of other tools, `unknown-name` for own layers that
 * were not given.
 *
 * @example
 * import { dense, input, load, sequential } from '@stratus/core';
 * const net = sequential([input({ shape: [3] }), dense({ units: 2 })]);
 * const again = await load(await net.toBytes());
 * console.log((await again.predict([[1, 2, 3]])).shape); // [1, 2]
 */
export async function load(source: string | Uint8Array, { layers, executor }: LoadOptions = {}): Promise<Model> {
  const file = typeof source === 'string' ? source : 'The model';
  const { manifest, weights } = await decodeArtifact(typeof source === 'string' ? await files.read(source) : source, file);
  if (!manifest.architecture) throw fail('no-manifest', { file });
  const architecture = fromConfig(manifest.architecture, layers);
  const { training, baseline, samples, seed } = manifest;
  const model = new Model({ architecture, weights, seed, executor, saved: { training, baseline, samples } });
  const compile = compileOptions(manifest.compile);
  return compile ? model.compile(compile) : model;
}

/** A saved plan as options of compile. Own losses are functions, which no file can hold: then the model comes uncompiled. */
function compileOptions(config: Readonly<Record<string, unknown>> | undefined): CompileOptions | undefined {
  if (!config) return undefined;
  const outputs = config['outputs'] as Record<string, { loss: { type: string }; lossWeight: number; metrics: readonly unknown[] }>;
  if (Object.values(outputs).some(({ loss }) => loss.type === 'custom')) return undefined;
  const pick = <T>(get: (output: (typeof outputs)[string]) => T): Record<string, T> =>
    Object.fromEntries(Object.entries(outputs).map(([name, output]) => [name, get(output)]));
  return {
    optimizer: optimizerFromConfig(config['optimizer'] as Parameters<typeof optimizerFromConfig>[0]),
    loss: pick((output) => output.loss),
    metrics: pick((output) => output.metrics),
    lossWeights: pick((output) => output.lossWeight),
    gradientAccumulationSteps: config['gradientAccumulationSteps'],
    ...(config['emaMomentum'] !== undefined && { emaMomentum: config['emaMomentum'] }),
  } as CompileOptions;
}
