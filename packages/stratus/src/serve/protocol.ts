import { type DType, dtypes } from '@stratus/core';

// The Open Inference Protocol, version 2, over REST.
// Source: kserve/open-inference-protocol, specification/protocol/inference_rest.md.

/** What a client may say besides the tensors: texts, numbers, booleans by name. */
export type RequestParameters = Readonly<Record<string, string | number | bigint | boolean>>;

/** One input tensor of a request. `data` is flat or nested, row by row. */
export interface RequestInput {
  readonly name: string;
  readonly shape: readonly number[];
  readonly datatype: string;
  readonly parameters?: RequestParameters | undefined;
  readonly data?: readonly unknown[] | undefined;
}

/** One output that a request asks for. `parameters.classification` asks for the best so many classes instead of numbers. */
export interface RequestOutput {
  readonly name: string;
  readonly parameters?: RequestParameters | undefined;
}

/** A request to a model, as the Open Inference Protocol has it. */
export interface InferRequest {
  readonly id?: string | undefined;
  readonly parameters?: RequestParameters | undefined;
  readonly inputs: readonly RequestInput[];
  /** All outputs, unless told. */
  readonly outputs?: readonly RequestOutput[] | undefined;
}

/** A number, text or boolean of an output; null for NaN and infinities, bigint for whole numbers beyond 2^53. */
export type ResponseElement = number | bigint | string | boolean | null;

/** One output tensor. */
export interface ResponseOutput {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  /** Flat, row by row. */
  readonly data: readonly ResponseElement[];
}

/** What a model answers. */
export interface InferResponse {
  readonly model_name: string;
  readonly model_version: string;
  readonly id?: string;
  readonly parameters?: RequestParameters;
  readonly outputs: readonly ResponseOutput[];
}

/** A tensor in a model's metadata; -1 stands for a size that is known only at run time. */
export interface TensorMetadata {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
}

/** What a model says about itself. */
export interface ModelMetadata {
  readonly name: string;
  readonly versions: readonly string[];
  readonly platform: string;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
}

/** What the server says about itself. */
export interface ServerMetadata {
  readonly name: string;
  readonly version: string;
  readonly extensions: readonly string[];
}

/** The protocol's name of each dtype. */
export const datatypeOf = (dtype: DType): string => dtypes[dtype].oip;

/** All datatypes, for messages. */
export const datatypes: readonly string[] = Object.values(dtypes).map(({ oip }) => oip);
