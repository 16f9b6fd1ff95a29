import type { DType, Executor, Manifest, Preprocessing, Program, Shape, Tensor } from '@stratus/core';
import { decodeArtifact, fail, leanModel, preprocessingOf, readModelInfo } from '@stratus/core';
import { bringImageCodec } from '../files/index.ts';
import { Instances } from './instances.ts';
import { type Labels, readLabels } from './labels.ts';
import { recordPorts } from './records.ts';
import { rowsAreIndependent, runSample } from './warm-up.ts';

/** Tensors by name. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** A named input or output of a served model. */
export interface ServablePort {
  readonly name: string;
  readonly dtype: DType;
  /** -1 for a size that is known only at run time. */
  readonly shape: readonly number[];
  /** The same with names for such sizes: the same name is the same size in every input. */
  readonly dims: Shape;
  /** True where the model does not say how many axes there are. */
  readonly anyRank: boolean;
  /** What the numbers mean, if the model says so. */
  readonly unit?: string;
}

/** A model that was loaded, tried and can be asked. */
export interface Servable {
  readonly name: string;
  readonly version: string;
  /** What clients give: a model's inputs; with preprocessing, the fields of its records. */
  readonly inputs: readonly ServablePort[];
  /** What the graph is fed; the same without preprocessing. */
  readonly feeds: readonly ServablePort[];
  readonly outputs: readonly ServablePort[];
  /** Names of the classes, by output. */
  readonly labels: Labels;
  /** What is done to records before the graph. */
  readonly preprocessing?: Preprocessing;
  /** What the file says about itself, if Stratus wrote it. */
  readonly manifest?: Manifest;
  /**
   * True when the first axis of every input and output counts samples that do not look at each other, so that several requests
   * may be answered by one run. It was tried out, not guessed from names.
   */
  readonly batched: boolean;
  /** So many runs may be in flight at a time; more as soon as runs were seen to be long. */
  readonly instances: number;
  /** Feeds the graph. Errors: those of `Program.run`. */
  infer(tensors: Tensors, options?: { readonly signal?: AbortSignal | undefined }): Promise<Record<string, Tensor>>;
  /** Frees the model after the runs that were called before. */
  release(): Promise<void>;
}

/** Options of {@link openServable}. */
export interface ServableOptions {
  /** What clients call it. */
  readonly name: string;
  readonly version?: string | undefined;
  /** The name of the file in errors. */
  readonly file?: string | undefined;
  /** What runs it; then one run is in flight at a time. Unless told, executors that all served models share. */
  readonly executor?: Executor | undefined;
  /** The most runs in flight at a time, each by a session of its own: the number of processors unless told, at most 4. */
  readonly instances?: number | undefined;
  /** Gives the bytes again, for further sessions; without it they are kept in memory. */
  readonly reread?: (() => Promise<Uint8Array>) | undefined;
}

/** Errors: `bad-value`. */
function checkNames(name: string, version: string): void {
  const bad = [name, version].find((part) => !/^[^/\\\p{Cc}\p{Surrogate}]{1,200}$/u.test(part) || part === '.' || part === '..');
  if (bad === undefined) return;
  throw fail('bad-value', {
    what: 'the name or version of a served model',
    got: JSON.stringify(bad),
    want: 'a part of a URL: 1 to 200 characters without slashes',
  });
}

/** What a file that Stratus wrote says about itself, and what the engine is given: the same answers with less work, which its samples hold to. */
async function readFile(bytes: Uint8Array, file: string): Promise<{ readonly manifest?: Manifest; readonly run: Uint8Array }> {
  if (readModelInfo(bytes, { file }).metadata['stratus'] === undefined) return { run: bytes };
  const { manifest, model } = await decodeArtifact(bytes, file);
  return { manifest, run: (await leanModel(model)) ?? bytes };
}

const portsOf = (ports: Program['inputs'], about: Manifest['signature']['inputs'] = []): ServablePort[] =>
  ports.map(({ name, dtype, shape, anyRank = false }) => {
    const unit = about.find((port) => port.name === name)?.unit;
    const sizes = shape.map((d) => (typeof d === 'number' ? d : -1));
    return { name, dtype, shape: sizes, dims: shape, anyRank, ...(unit !== undefined && { unit }) };
  });

/**
 * Makes a model ready to be served: any ONNX model, as it is. What Stratus wrote is checked against its hash, and must answer its
 * sample request as it did when it was saved.
 *
 * Shapes: any. Errors: `not-onnx`, `corrupt`, `engine` when ONNX Runtime refuses it, `bad-graph` and `dtype-mismatch` for inputs
 * that are no tensors, `unknown-name` for steps of preprocessing that this version does not know, `bad-value` for the name.
 * Source: ONNX Runtime, Open Inference Protocol v2.
 *
 * @example
 * import { dense, input, openServable, sequential, tensor } from 'stratus';
 * const net = sequential([input({ shape: [2], name: 'x' }), dense({ units: 1, name: 'y' })]);
 * const servable = await openServable(await net.toBytes(), { name: 'net' });
 * const { y } = await servable.infer({ x: tensor([[1, 2]]) });
 * console.log(y.shape); // [1, 1]
 */
export async function openServable(
  bytes: Uint8Array,
  { name, version = '1', file = `The model '${name}'`, executor, instances: most, reread }: ServableOptions,
): Promise<Servable> {
  checkNames(name, version);
  const { manifest, run } = await readFile(bytes, file);
  const preprocessing = manifest && preprocessingOf(manifest);
  if (preprocessing) bringImageCodec();
  const again = reread && (async () => (await readFile(await reread(), file)).run);
  const instances = await Instances.open(run, { executor, most, reread: again ?? (async () => run) });
  const program = instances.first;
  try {
    const samples = manifest?.samples ?? [];
    for (const sample of samples) await runSample(program, sample, file);
    const feeds = portsOf(program.inputs, manifest?.signature.inputs);
    const outputs = portsOf(program.outputs, manifest?.signature.outputs);
    return {
      name,
      version,
      inputs: preprocessing ? recordPorts(preprocessing) : feeds,
      feeds,
      outputs,
      labels: readLabels(manifest, outputs),
      ...(preprocessing && { preprocessing }),
      ...(manifest && { manifest }),
      batched: await rowsAreIndependent(program),
      get instances() {
        return instances.count;
      },
      infer: (tensors, { signal } = {}) => instances.run(tensors, signal),
      release: () => instances.release(),
    };
  } catch (e) {
    await instances.release();
    throw e;
  }
}
