import { encodeArtifact, type Manifest, type SampleRequest } from '../artifact/index.ts';
import { fail } from '../errors.ts';
import { buildGraph, toConfig } from '../nn/index.ts';
import { foldBatchNormalization } from '../passes/index.ts';
import type { Preprocessing } from '../preprocessing/index.ts';
import { lookUp } from '../suggest.ts';
import { type DType, type Nested, type Shape, sizeOf, type Tensor, tensor } from '../tensor/index.ts';
import { version } from '../version.ts';
import type { DataDescription } from './describe-data.ts';
import { statisticsOf } from './input-statistics.ts';
import type { Logs } from './logs.ts';
import type { Machine } from './machine.ts';
import type { SaveOptions } from './options.ts';

/** What the file that a model came from said, besides its numbers. */
export type Origin = Pick<Manifest, 'training' | 'baseline' | 'samples' | 'preprocessing' | 'postprocessing' | 'signature'>;

/** What is known of the last training. */
export interface Trained {
  readonly history: readonly Logs[];
  /** Undefined after a training that saw no data. */
  readonly data: DataDescription | undefined;
}

/** What the file says besides the model's structure and numbers. */
export interface Known {
  readonly origin?: Origin | undefined;
  readonly trained?: Trained | undefined;
  readonly preprocessing?: Preprocessing | undefined;
}

/** A sample request of more numbers than this would make the file, and every start of a server, slow. */
const mostSampleElements = 2 ** 18;

/** The bytes of the file of a model. Errors: `bad-value`, `unknown-name` for labels and units that do not fit. */
export async function modelFile(machine: Machine, options: SaveOptions, known: Known): Promise<Uint8Array> {
  const { architecture } = machine;
  const ema = options.weights === 'ema';
  if (ema) machine.needAverages('save');
  const { origin, trained, preprocessing } = known;
  const labels = options.labels ?? learntLabels(preprocessing, architecture.outputs);
  const postprocessing = labels === undefined ? (origin?.postprocessing ?? []) : labelSteps(labels, architecture.outputs);
  const signature = signatureOf(machine, options.units, origin);
  const weights = await machine.weights({ ema });
  const built = buildGraph(architecture, { training: false, weights });
  const training = trained && {
    seed: machine.seed,
    epochs: machine.epochCount,
    steps: machine.counts.updateCount,
    metrics: trained.history[trained.history.length - 1] ?? {},
    samples: trained.data?.samples,
    dataFingerprint: trained.data?.fingerprint,
    versions: { stratus: version, engine: await machine.engine() },
  };
  const graph = { name: architecture.name, inputs: Object.values(built.inputs), outputs: built.outputs };
  const inference = options.foldBatchNormalization === true;
  return encodeArtifact(inference ? foldBatchNormalization(graph) : graph, {
    name: architecture.name,
    createdAt: new Date().toISOString(),
    signature,
    preprocessing: preprocessing ? [{ type: recordsStep, config: { ...preprocessing.toJSON() } }] : [],
    postprocessing,
    seed: machine.seed,
    architecture: inference ? undefined : toConfig(architecture), // its parameters are not those of the file
    training: training ?? origin?.training,
    compile: inference ? undefined : machine.plan?.config,
    baseline: baselineOf(known),
    samples: await sampleRequests(machine, ema, fittingSample(machine, trained) ?? savedSample(machine, origin)),
  });
}

/** Statistics of what the model is given: of the graph's inputs, and of the fields of records. */
function baselineOf({ origin, trained, preprocessing }: Known): Manifest['baseline'] {
  const fields = Object.entries(preprocessing?.statistics ?? {}).map(([field, seen]) => [field, statisticsOf(seen)] as const);
  const inputs = trained?.data?.baseline ?? origin?.baseline;
  return fields.length > 0 ? { ...inputs, ...Object.fromEntries(fields) } : inputs;
}

/** The one step before the graph: from records to what it is fed. */
export const recordsStep = 'records';

/** Names of the classes that targets were learnt with, where an output has as many numbers. */
function learntLabels(
  preprocessing: Preprocessing | undefined,
  outputs: Machine['architecture']['outputs'],
): Readonly<Record<string, readonly string[]>> | undefined {
  const found = Object.entries(outputs).flatMap(([name, { shape }]): [string, readonly string[]][] => {
    const labels = preprocessing?.labels(name);
    const classes = shape.at(-1);
    return labels && (classes === labels.length || (classes === 1 && labels.length === 2)) ? [[name, labels]] : [];
  });
  return found.length > 0 ? Object.fromEntries(found) : undefined;
}

function signatureOf({ architecture }: Machine, units: SaveOptions['units'], origin: Origin | undefined): Manifest['signature'] {
  for (const name of Object.keys(units ?? {}))
    lookUp('input or output', { ...architecture.inputs, ...architecture.outputs }, name);
  const before = new Map(
    [...(origin?.signature.inputs ?? []), ...(origin?.signature.outputs ?? [])].map(({ name, unit }) => [name, unit]),
  );
  const ports = (values: Readonly<Record<string, { readonly shape: Shape; readonly dtype: DType }>>) =>
    Object.entries(values).map(([name, { shape, dtype }]) => {
      const unit = (units && Object.hasOwn(units, name) ? units[name] : undefined) ?? before.get(name);
      return { name, dtype, shape, ...(unit !== undefined && { unit }) };
    });
  return { inputs: ports(architecture.inputs), outputs: ports(architecture.outputs) };
}

function labelSteps(
  labels: NonNullable<SaveOptions['labels']>,
  outputs: Machine['architecture']['outputs'],
): Manifest['postprocessing'] {
  const known = Object.keys(outputs);
  const isList = (given: typeof labels): given is readonly string[] => Array.isArray(given);
  if (isList(labels) && known.length > 1)
    throw fail('bad-value', {
      what: 'save',
      got: `one list of labels for ${known.length} outputs`,
      want: `labels by output: { ${known.join(', ')} }`,
    });
  return Object.entries(isList(labels) ? { [known[0]!]: labels } : labels).map(([output, names]) => {
    const classes = lookUp('output', outputs, output).shape.at(-1);
    // One number for each sample may be the probability of one of two.
    const fits = typeof classes !== 'number' || names.length === classes || (classes === 1 && names.length === 2);
    if (!fits)
      throw fail('bad-value', {
        what: 'save',
        at: output,
        got: `${names.length} labels`,
        want: `${classes}, one for each class`,
      });
    return { type: 'labels', config: { output, labels: names } };
  });
}

/** The inputs of a sample of the training, unless the model has got other inputs since. */
function fittingSample({ architecture }: Machine, trained: Trained | undefined): Readonly<Record<string, Tensor>> | undefined {
  const sample = trained?.data?.sample;
  return sample && Object.keys(architecture.inputs).every((name) => Object.hasOwn(sample, name)) ? sample : undefined;
}

/** The inputs of the sample request of the file that the model came from. */
function savedSample({ architecture }: Machine, origin: Origin | undefined): Readonly<Record<string, Tensor>> | undefined {
  const [sample] = origin?.samples ?? [];
  const whole = sample && Object.keys(architecture.inputs).every((name) => Object.hasOwn(sample.inputs, name));
  if (!whole) return undefined;
  return Object.fromEntries(
    Object.entries(architecture.inputs).map(([name, { dtype }]) => [name, tensor(sample.inputs[name] as Nested, { dtype })]),
  );
}

/** A request with the answer of the weights that are saved; none where JSON cannot hold it, or it is too large. */
async function sampleRequests(
  machine: Machine,
  ema: boolean,
  inputs: Readonly<Record<string, Tensor>> | undefined,
): Promise<SampleRequest[]> {
  if (!inputs || elementsOf(inputs) > mostSampleElements) return [];
  const outputs = await machine.predict(inputs, { ema });
  if (elementsOf(outputs) > mostSampleElements) return [];
  const sample = { inputs: plain(inputs), outputs: plain(outputs) };
  return isJson(sample) ? [sample] : [];
}

const elementsOf = (tensors: Readonly<Record<string, Tensor>>): number =>
  Object.values(tensors).reduce((n, { shape }) => n + sizeOf(shape), 0);
const plain = (tensors: Readonly<Record<string, Tensor>>): Record<string, Nested> =>
  Object.fromEntries(Object.entries(tensors).map(([name, values]) => [name, values.toArray()]));

/** JSON writes NaN and infinite numbers as null. */
const isJson = (value: unknown): boolean =>
  typeof value === 'number'
    ? Number.isFinite(value)
    : typeof value !== 'object' || value === null || Object.values(value).every(isJson);
