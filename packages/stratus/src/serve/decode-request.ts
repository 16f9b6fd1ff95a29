import { fail, type Tensor } from '@stratus/core';
import { checkComplete, checkShape, findPort, type SizesSeen } from './check-feeds.ts';
import { readElements } from './elements.ts';
import { datatypeOf, datatypes, type InferRequest, type RequestInput } from './protocol.ts';
import { tensorOfBytes } from './raw.ts';
import type { Servable, ServablePort, Tensors } from './servable.ts';
import { didYouMean, shown } from './wording.ts';

/** An output that was asked for. */
export interface WantedOutput {
  readonly port: ServablePort;
  /** As bytes behind the JSON. */
  readonly isBinary: boolean;
  /** The best so many classes instead of numbers. */
  readonly classification?: number;
}

/** What a request asks of a model. */
export interface Decoded {
  readonly tensors: Tensors;
  readonly outputs: readonly WantedOutput[];
}

/** The tensors of a request that follow its JSON, each as many bytes as its input says. */
class Binary {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The bytes of the next input. Errors: `bad-request`. */
  take(name: string, size: unknown): Uint8Array {
    const left = this.#bytes.length - this.#at;
    if (!Number.isSafeInteger(size) || (size as number) < 0) {
      throw fail('bad-request', {
        reason: `Input '${name}': 'binary_data_size' is ${shown(size)}, expected the number of its bytes.`,
      });
    }
    if ((size as number) > left) {
      const where = left === 0 && this.#at === 0 ? ` Say where the JSON ends: the header Inference-Header-Content-Length.` : '';
      throw fail('bad-request', {
        reason: `Input '${name}': 'binary_data_size' is ${size}, and ${left} bytes are left behind the JSON.${where}`,
      });
    }
    const start = this.#at;
    this.#at += size as number;
    return this.#bytes.subarray(start, this.#at);
  }

  /** Errors: `bad-request` when there is more than the inputs said. */
  end(): void {
    const left = this.#bytes.length - this.#at;
    if (left > 0)
      throw fail('bad-request', {
        reason: `${left} bytes follow the last tensor: the values of 'binary_data_size' do not add up.`,
      });
  }
}

function checkDatatype({ name, datatype, parameters }: RequestInput, port: ServablePort): void {
  const want = datatypeOf(port.dtype);
  if (datatype === want) return;
  // The upper halves of its numbers: nothing is lost. It has no form in JSON.
  if (datatype === 'BF16' && want === 'FP32' && parameters?.['binary_data_size'] !== undefined) return;
  const reason = `Input '${name}': got the datatype ${shown(datatype)}, expected ${want}.`;
  const numbers = datatypes.includes(datatype) && ![datatype, want].some((d) => d === 'BYTES' || d === 'BOOL');
  const fix = numbers
    ? ' Numbers in JSON have no type of their own: change the word, and round them if need be.'
    : didYouMean(datatype, datatypes);
  throw fail('bad-request', { reason: reason + fix });
}

async function decodeInput(input: RequestInput, port: ServablePort, seen: SizesSeen, binary: Binary): Promise<Tensor> {
  checkDatatype(input, port);
  checkShape(port, input.shape, seen);
  const size = input.parameters?.['binary_data_size'];
  if (size !== undefined) {
    if (input.data !== undefined) {
      const reason = `Input '${port.name}' has 'data' and 'binary_data_size'; send its numbers one way.`;
      throw fail('bad-request', { reason });
    }
    return tensorOfBytes({ port, shape: input.shape, isBfloat16: input.datatype === 'BF16' }, binary.take(port.name, size));
  }
  if (input.data === undefined) throw fail('bad-request', { reason: `Input '${port.name}' has no data.` });
  return readElements({ name: port.name, dtype: port.dtype, shape: input.shape }, input.data);
}

function flagOf(where: string, name: string, value: unknown): boolean {
  if (value === undefined || typeof value === 'boolean') return value ?? false;
  throw fail('bad-request', { reason: `${where}: the parameter '${name}' is ${shown(value)}, expected true or false.` });
}

/** The outputs that a request asks for. Errors: `bad-request`. */
export function decodeOutputs({ outputs: ports }: Servable, { outputs = [], parameters: all }: InferRequest): WantedOutput[] {
  const areBinary = flagOf('The request', 'binary_data_output', all?.['binary_data_output']);
  if (outputs.length === 0) return ports.map((port) => ({ port, isBinary: areBinary }));
  const wanted = outputs.map(({ name, parameters = {} }): WantedOutput => {
    const port = findPort('output', ports, name);
    const { classification, binary_data: own } = parameters;
    const isBinary = own === undefined ? areBinary : flagOf(`Output '${port.name}'`, 'binary_data', own);
    if (classification === undefined) return { port, isBinary };
    const got = `Output '${port.name}': the parameter 'classification' is ${shown(classification)}`;
    if (!Number.isSafeInteger(classification) || (classification as number) < 1) {
      throw fail('bad-request', { reason: `${got}, expected how many classes to name: a whole number from 1.` });
    }
    if (port.dtype === 'string' || port.dtype === 'bool') {
      throw fail('bad-request', {
        reason: `${got}, but the output's datatype is ${datatypeOf(port.dtype)}: only numbers can be ranked.`,
      });
    }
    return { port, isBinary, classification: classification as number };
  });
  return wanted.filter(({ port }, i) => wanted.findIndex((other) => other.port === port) === i);
}

const nothing = new Uint8Array(0);

/**
 * A request as tensors; `bytes` are what follows its JSON. Errors: `bad-request` that says which input, what is wrong with it, and what
 * was expected.
 */
export async function decodeRequest(servable: Servable, request: InferRequest, bytes: Uint8Array = nothing): Promise<Decoded> {
  const binary = new Binary(bytes);
  const outputs = decodeOutputs(servable, request);
  const tensors: Record<string, Tensor> = {};
  const seen: SizesSeen = new Map();
  for (const { name } of request.inputs) findPort('input', servable.inputs, name);
  checkComplete(
    servable.inputs,
    request.inputs.map(({ name }) => name),
  );
  for (const input of request.inputs) {
    const port = findPort('input', servable.inputs, input.name);
    if (Object.hasOwn(tensors, port.name)) throw fail('bad-request', { reason: `The input '${port.name}' is given twice.` });
    tensors[port.name] = await decodeInput(input, port, seen, binary);
  }
  binary.end();
  return { tensors, outputs };
}
