import { fail } from '../errors.ts';
import type { ArchitectureConfig } from '../nn/index.ts';
import { type DType, dtypes, type Shape } from '../tensor/index.ts';

/** The key of the manifest among an ONNX file's metadata. */
export const manifestKey = 'stratus';
/** Raised when a reader of today would misread the file of tomorrow. */
export const manifestFormat = 1;

/** A named input or output, as callers see it. */
export interface SignaturePort {
  readonly name: string;
  readonly dtype: DType;
  /** With the batch axis first; texts are sizes known only at run time. */
  readonly shape: Shape;
  /** What the numbers mean: 'pixels 0..255'. */
  readonly unit?: string;
}

/** One declarative step before or after the graph. What ONNX can say is in the graph itself and not here. */
export interface ManifestStep {
  readonly type: string;
  readonly config: Readonly<Record<string, unknown>>;
}

/**
 * At which shares of the numbers the `quantiles` of a {@link NumberStatistics} lie.
 *
 * @example
 * import { statisticsProbabilities } from '@stratus/core';
 * console.log(statisticsProbabilities.indexOf(0.5)); // 5: the place of the median
 */
export const statisticsProbabilities = [0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1] as const;

/** Statistics of the finite numbers of one training input. Files of earlier versions lack what is optional. */
export interface NumberStatistics {
  readonly count: number;
  /** How many are NaN. */
  readonly missing?: number | undefined;
  readonly mean: number;
  readonly standardDeviation: number;
  readonly minimum: number;
  readonly maximum: number;
  /** One for each of {@link statisticsProbabilities}. */
  readonly quantiles?: readonly number[] | undefined;
  /** The share of the numbers that are at most each of `quantiles`: more than its probability where many are equal. */
  readonly atMost?: readonly number[] | undefined;
  /** Of an input of few numbers a sample (2 to 32): the same for each of them. */
  readonly columns?: readonly NumberStatistics[] | undefined;
  /** Of an input of more numbers a sample, all of one size: mean and standard deviation of what {@link sampleProjection} makes of samples. */
  readonly projection?: { readonly mean: readonly number[]; readonly standardDeviation: readonly number[] } | undefined;
}

/** Statistics of one training input of texts. */
export interface TextStatistics {
  readonly count: number;
  readonly missing?: number | undefined;
  /** How many different texts; at least so many, where it is not exact. */
  readonly distinct: number;
  readonly distinctIsExact: boolean;
  /** The most frequent first, up to 20. */
  readonly top: readonly { readonly value: string; readonly count: number }[];
}

/** Statistics of one training input: what later traffic is compared with. Of the first few thousand samples, or of as many from all over. */
export type InputStatistics = NumberStatistics | TextStatistics;

/** How a model came to be. */
export interface TrainingSummary {
  readonly seed: number;
  readonly epochs: number;
  readonly steps: number;
  readonly metrics: Readonly<Record<string, unknown>>;
  readonly samples?: number | undefined;
  /** SHA-256 over shapes and a sample of the training data. */
  readonly dataFingerprint?: string | undefined;
  readonly versions: Readonly<Record<string, string>>;
}

/** A request that works, with its answer: warm-up, smoke test and documentation. */
export interface SampleRequest {
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** What an artifact says about itself: one JSON text in the metadata of an ONNX file, free of code. */
export interface Manifest {
  readonly format: number;
  readonly name: string;
  readonly createdAt: string;
  readonly signature: { readonly inputs: readonly SignaturePort[]; readonly outputs: readonly SignaturePort[] };
  readonly preprocessing: readonly ManifestStep[];
  readonly postprocessing: readonly ManifestStep[];
  readonly seed: number;
  readonly architecture?: ArchitectureConfig | undefined;
  /** Optimizer, losses and metrics, so that training can go on. */
  readonly training?: TrainingSummary | undefined;
  readonly compile?: Readonly<Record<string, unknown>> | undefined;
  readonly baseline?: Readonly<Record<string, InputStatistics>> | undefined;
  readonly samples: readonly SampleRequest[];
  /** SHA-256 of the model without metadata, and of this manifest without its own hash: a damaged file is noticed. */
  readonly hashes: { readonly model: string; readonly manifest: string };
}

/** Reads a manifest. Errors: `corrupt` when it is no manifest, or one of a later format. */
export function parseManifest(text: string, file: string): Manifest {
  const damaged = (reason: string) =>
    fail('corrupt', { file, reason, fix: 'Save the model again, with this version of Stratus.' });
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (e) {
    throw damaged(`its manifest is not JSON (${(e as Error).message})`);
  }
  const manifest = parsed as Manifest;
  if (!isRecord(parsed) || !Number.isInteger(manifest.format) || manifest.format < 1)
    throw damaged('its manifest has no format number');
  if (manifest.format > manifestFormat)
    throw damaged(`its manifest has format ${manifest.format}, and this version reads up to ${manifestFormat}`);
  const { signature, hashes, preprocessing, postprocessing, samples, seed, architecture, compile } = manifest;
  if (
    !isRecord(signature) ||
    !isList(signature.inputs, isPort) ||
    !isList(signature.outputs, isPort) ||
    typeof hashes?.model !== 'string' ||
    typeof hashes.manifest !== 'string'
  )
    throw damaged('its manifest lacks the signature or the hash');
  const isStep = (step: unknown): boolean => isRecord(step) && typeof step['type'] === 'string' && isRecord(step['config']);
  const isSample = (sample: unknown): boolean => isRecord(sample) && isRecord(sample['inputs']) && isRecord(sample['outputs']);
  const isOptional = (x: unknown): boolean => x === undefined || isRecord(x);
  if (
    !isList(preprocessing, isStep) ||
    !isList(postprocessing, isStep) ||
    !isList(samples, isSample) ||
    !isOptional(architecture) ||
    !isOptional(compile)
  )
    throw damaged('a part of its manifest is of the wrong kind');
  if (!Number.isSafeInteger(seed) || seed < 0) throw damaged('its manifest has no seed');
  return manifest;
}

const isRecord = (x: unknown): x is Readonly<Record<string, unknown>> => typeof x === 'object' && x !== null && !Array.isArray(x);
const isList = (x: unknown, test: (entry: unknown) => boolean): boolean => Array.isArray(x) && x.every(test);
const isPort = (x: unknown): boolean =>
  isRecord(x) &&
  typeof x['name'] === 'string' &&
  typeof x['dtype'] === 'string' &&
  Object.hasOwn(dtypes, x['dtype']) &&
  isList(x['shape'], (d) => typeof d === 'string' || Number.isSafeInteger(d));
