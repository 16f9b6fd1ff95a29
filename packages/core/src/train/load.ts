import { decodeArtifact, type Manifest } from '../artifact/index.ts';
import { fail, StratusError } from '../errors.ts';
import type { SavedLoss } from '../losses/index.ts';
import type { SavedMetric } from '../metrics/index.ts';
import { buildGraph, fromConfig, type LayerFactory, type Parameter } from '../nn/index.ts';
import { optimizerFromConfig } from '../optim/index.ts';
import { Preprocessing } from '../preprocessing/index.ts';
import { type Executor, files } from '../runtime/index.ts';
import { lookUp } from '../suggest.ts';
import { showShape, type Tensor } from '../tensor/index.ts';
import { stopIfAborted } from './measure.ts';
import { Model } from './model.ts';
import { recordsStep } from './model-file.ts';
import type { CompileOptions } from './plan.ts';
import type { Recompute } from './recompute.ts';

/** Options of {@link load}. */
export interface LoadOptions {
  /** Own layers that the file names, by type. */
  readonly layers?: Readonly<Record<string, LayerFactory>>;
  readonly executor?: Executor | undefined;
  /** How bytes are called in errors: the file they were read from. */
  readonly file?: string | undefined;
  /** Rejects with `aborted`. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads a model back from a file or its bytes. It predicts bit for bit as the saved one did, and is compiled as that was, so that
 * training can go on (with a new optimizer; a checkpoint keeps the optimizer's state as well).
 *
 * Errors: `file-not-found`, `not-onnx`, `corrupt`, `bad-graph`, `no-manifest` for models of other tools, `unknown-name` for own layers
 * that were not given, `aborted`.
 *
 * @example
 * import { dense, input, load, sequential } from '@stratus/core';
 * const net = sequential([input({ shape: [3] }), dense({ units: 2 })]);
 * const again = await load(await net.toBytes());
 * console.log((await again.predict([[1, 2, 3]])).shape); // [1, 2]
 */
export async function load(source: string | Uint8Array, options: LoadOptions = {}): Promise<Model> {
  const { layers, executor, signal } = options;
  const file = typeof source === 'string' ? source : (options.file ?? 'The model');
  stopIfAborted(signal, 'Loading');
  const bytes = typeof source === 'string' ? await files.read(source) : source;
  stopIfAborted(signal, 'Loading');
  const { manifest, weights } = await decodeArtifact(bytes, file);
  stopIfAborted(signal, 'Loading');
  if (!manifest.architecture)
    throw fail('bad-graph', {
      what: file,
      got: 'a model that was saved for inference alone',
      want: 'one with its layers',
      fix: 'Save it again without foldBatchNormalization; or serve it, or read it with importModel().',
    });
  const architecture = fromConfig(manifest.architecture, layers);
  const parameters = readable(file, 'its architecture', () => buildGraph(architecture, { training: true }).parameters);
  const model = new Model({
    architecture,
    weights: checkedWeights(parameters, weights, file),
    seed: manifest.seed,
    executor,
    origin: manifest,
    preprocessing: readable(file, 'its preprocessing', () => preprocessingOf(manifest)),
  });
  return compiled(model, manifest.compile, file);
}

/**
 * The fitted steps that a manifest carries, if any: what `load` gives a model, for those that run the file's graph themselves.
 *
 * Errors: `unknown-name` for a step that this version does not know, `bad-value`.
 *
 * @example
 * import { decodeArtifact, dense, preprocessing, preprocessingOf, sequential, steps } from '@stratus/core';
 * const prep = await preprocessing({ features: { size: [steps.standardize()] } }).fit([{ size: 1 }, { size: 3 }]);
 * const bytes = await sequential([prep.input(), dense({ units: 1 })]).preprocess(prep).toBytes();
 * const { manifest } = await decodeArtifact(bytes);
 * console.log(preprocessingOf(manifest)?.fields.map(({ field }) => field)); // ['size']
 */
export function preprocessingOf({ preprocessing }: Pick<Manifest, 'preprocessing'>): Preprocessing | undefined {
  for (const { type } of preprocessing) lookUp('preprocessing', { [recordsStep]: true }, type);
  const [step] = preprocessing;
  return step && Preprocessing.fromJSON(step.config);
}

/** The file may say anything: what fails on it becomes an error of ours. */
function readable<T>(file: string, what: string, read: () => T): T {
  try {
    return read();
  } catch (e) {
    if (StratusError.is(e)) throw e;
    throw fail(
      'corrupt',
      {
        file,
        reason: `${what} cannot be read (${(e as Error).message})`,
        fix: 'Save the model again, with this version of Stratus.',
      },
      e,
    );
  }
}

/** Of all that the file holds, the weights of the architecture. */
function checkedWeights(
  parameters: readonly Parameter[],
  weights: Readonly<Record<string, Tensor>>,
  file: string,
): Record<string, Tensor> {
  return Object.fromEntries(
    parameters.map(({ name, shape, dtype }) => {
      const found = Object.hasOwn(weights, name) ? weights[name]! : undefined;
      const got = found ? `${found.dtype} ${showShape(found.shape)}` : 'missing';
      const want = `${dtype} ${showShape(shape)}`;
      if (got !== want)
        throw fail('corrupt', {
          file,
          reason: `its parameter '${name}' is ${got}, and its architecture needs ${want}`,
          fix: 'Save the model again.',
        });
      return [name, found!];
    }),
  );
}

/**
 * Compiles as the saved model was. Own losses, metrics and optimizers are functions, which no file can hold: then the model comes
 * uncompiled, and fit says what to do.
 */
function compiled(model: Model, config: Manifest['compile'], file: string): Model {
  if (!config) return model;
  return readable(file, 'what it was compiled with', () => {
    try {
      const options = compileOptions(config);
      return Object.values(options.loss).some(({ type }) => type === 'custom') ? model : model.compile(options);
    } catch (e) {
      if (StratusError.is(e) && e.code === 'unknown-name') return model;
      throw e;
    }
  });
}

type SavedOutputs = Readonly<
  Record<
    string,
    {
      readonly loss: SavedLoss;
      readonly lossWeight: number;
      readonly metrics: readonly SavedMetric[];
      readonly weightedMetrics: readonly SavedMetric[];
    }
  >
>;

/** A saved plan as options of compile. */
function compileOptions(config: NonNullable<Manifest['compile']>) {
  const outputs = Object.entries(config['outputs'] as SavedOutputs);
  const pick = <T>(get: (output: SavedOutputs[string]) => T): Record<string, T> =>
    Object.fromEntries(outputs.map(([name, output]) => [name, get(output)]));
  return {
    optimizer: optimizerFromConfig(config['optimizer'] as Parameters<typeof optimizerFromConfig>[0]),
    loss: pick((output) => output.loss),
    metrics: pick((output) => output.metrics),
    weightedMetrics: pick((output) => output.weightedMetrics),
    lossWeights: pick((output) => output.lossWeight),
    gradientAccumulationSteps: config['gradientAccumulationSteps'] as number,
    ...(config['emaMomentum'] !== undefined && { emaMomentum: config['emaMomentum'] as number }),
    ...(config['recompute'] !== undefined && { recompute: config['recompute'] as Recompute }),
  } satisfies CompileOptions;
}
