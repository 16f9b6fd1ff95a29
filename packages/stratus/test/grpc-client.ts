// Clients of gRPC that are not ours: @grpc/grpc-js with messages of protobufjs, generated from the .proto files in `proto`.
import { join } from 'node:path';
import type * as grpc from '@grpc/grpc-js';
import { type CallOptions, Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const files = ['open-inference', 'health', 'reflection'].map((name) => join(import.meta.dirname, 'proto', `${name}.proto`));
const definition = loadSync(files, { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true });

interface Described {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly requestSerialize: (value: object) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => unknown;
  readonly responseSerialize: (value: object) => Buffer;
}

/** How a method is called, and how its messages are written. */
export function described(service: string, method: string): Described {
  return (definition[service] as unknown as Record<string, Described>)[method]!;
}

export const inference = 'inference.GRPCInferenceService';
export const health = 'grpc.health.v1.Health';
export const reflection = 'grpc.reflection.v1.ServerReflection';

/** What was answered, in plain objects: 64-bit numbers as texts. */
// biome-ignore lint/suspicious/noExplicitAny: what a client without types sees.
export type Answered = any;

/** How a call ended that did not end well. */
export interface Failed {
  readonly code: number;
  readonly details: string;
  readonly stratus: string | undefined;
  readonly pushback: string | undefined;
}

/** A client of one server. */
export class GrpcClient {
  readonly client: Client;

  constructor(address: string, options: object = {}, security = credentials.createInsecure()) {
    this.client = new Client(address, security, options);
  }

  ask(
    method: string,
    request: object,
    more: CallOptions & { service?: string; metadata?: Record<string, string> } = {},
  ): Promise<Answered> {
    const { service = inference, metadata = {}, ...options } = more;
    const { path, requestSerialize, responseDeserialize } = described(service, method);
    const headers = new Metadata();
    for (const [name, value] of Object.entries(metadata)) headers.set(name, value);
    return new Promise((resolve, reject) => {
      this.client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, headers, options, (e, value) =>
        e ? reject(e) : resolve(value),
      );
    });
  }

  /** Why a call fails. */
  async why(method: string, request: object, more: Parameters<GrpcClient['ask']>[2] = {}): Promise<Failed> {
    try {
      throw new Error(`no error but ${JSON.stringify(await this.ask(method, request, more))}`);
    } catch (e) {
      const { code, details, metadata } = e as ServiceError;
      if (code === undefined) throw e;
      const said = (name: string) => metadata?.get(name)[0]?.toString();
      return { code, details, stratus: said('stratus-code'), pushback: said('grpc-retry-pushback-ms') };
    }
  }

  stream(method: string, service = inference): grpc.ClientDuplexStream<object, Answered> {
    const { path, requestSerialize, responseDeserialize } = described(service, method);
    return this.client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize) as grpc.ClientDuplexStream<
      object,
      Answered
    >;
  }

  watch(method: string, request: object, service = health): grpc.ClientReadableStream<Answered> {
    const { path, requestSerialize, responseDeserialize } = described(service, method);
    return this.client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request);
  }

  close(): void {
    this.client.close();
  }
}

export const float32 = (...values: readonly number[]): Buffer => Buffer.from(new Float32Array(values).buffer);
export const floatsOf = (bytes: Uint8Array): number[] => [...new Float32Array(new Uint8Array(bytes).buffer)];

/** A request for the small model with raw contents. */
export const rawRequest = (rows: readonly (readonly number[])[], more: object = {}): object => ({
  model_name: 'm',
  inputs: [{ name: 'x', datatype: 'FP32', shape: [rows.length, 3] }],
  raw_input_contents: [float32(...rows.flat())],
  ...more,
});
