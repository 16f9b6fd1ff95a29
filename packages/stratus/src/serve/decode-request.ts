import { fail, type Tensor } from '@stratus/core';
import { checkComplete, checkShape, findPort, type SizesSeen } from './check-feeds.ts';
import { readElements } from './elements.ts';
import { datatypeOf, datatypes, type InferRequest, noBinaryData, type RequestInput } from './protocol.ts';
import type { Servable, ServablePort, Tensors } from './servable.ts';
import { didYouMean, shown } from './wording.ts';

/** An output that was asked for. */
export interface WantedOutput {
  readonly port: ServablePort;
  /** The best so many classes instead of numbers. */
  readonly classification?: number;
}

/** What a request asks of a model. */
export interface Decoded {
  readonly tensors: Tensors;
  readonly outputs: readonly WantedOutput[];
}

function checkDatatype({ name, datatype }: RequestInput, port: ServablePort): void {
  const want = datatypeOf(port.dtype);
  if (datatype === want) return;
  const reason = `Input '${name}': got the datatype ${shown(datatype)}, expected ${want}.`;
  const numbers = datatypes.includes(datatype) && ![datatype, want].some((d) => d === 'BYTES' || d === 'BOOL');
  const fix = numbers
    ? ' Numbers in JSON have no type of their own: change the word, and round them if need be.'
    : didYouMean(datatype, datatypes);
  throw fail('bad-request', { reason: reason + fix });
}

async function decodeInput(input: RequestInput, port: ServablePort, seen: SizesSeen): Promise<Tensor> {
  checkDatatype(input, port);
  checkShape(port, input.shape, seen);
  if (input.parameters?.['binary_data_size'] !== undefined) throw fail('bad-request', { reason: noBinaryData });
  if (input.data === undefined) throw fail('bad-request', { reason: `Input '${port.name}' has no data.` });
  return readElements({ name: port.name, dtype: port.dtype, shape: input.shape }, input.data);
}

function decodeOutputs({ outputs: ports }: Servable, { outputs = [] }: InferRequest): WantedOutput[] {
  if (outputs.length === 0) return ports.map((port) => ({ port }));
  const wanted = outputs.map(({ name, parameters = {} }): WantedOutput => {
    const port = findPort('output', ports, name);
    const { classification } = parameters;
    if (classification === undefined) return { port };
    const got = `Output '${port.name}': the parameter 'classification' is ${shown(classification)}`;
    if (!Number.isSafeInteger(classification) || (classification as number) < 1) {
      throw fail('bad-request', { reason: `${got}, expected how many classes to name: a whole number from 1.` });
    }
    if (port.dtype === 'string' || port.dtype === 'bool') {
      throw fail('bad-request', {
        reason: `${got}, but the output's datatype is ${datatypeOf(port.dtype)}: only numbers can be ranked.`,
      });
    }
    return { port, classification: classification as number };
  });
  return wanted.filter(({ port }, i) => wanted.findIndex((other) => other.port === port) === i);
}

/** A request as tensors. Errors: `bad-request` that says which input, what is wrong with it, and what was expected. */
export async function decodeRequest(servable: Servable, request: InferRequest): Promise<Decoded> {
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
    tensors[port.name] = await decodeInput(input, port, seen);
  }
  return { tensors, outputs };
}
