import { dtypes, fail, type Tensor } from '@stratus/core';
import {
  type Ask,
  checkComplete,
  checkShape,
  classify,
  type DataPlane,
  decodeOutputs,
  findPort,
  type RequestParameters,
  rawSize,
  type Servable,
  type ServablePort,
  type SizesSeen,
  tensorOfBytes,
  type WantedOutput,
  writeRaw,
} from '../serve/index.ts';
import { hasContents, readContents, writeContents } from './contents.ts';
import type { inferParameter, modelInferRequest, modelInferResponse } from './messages.ts';
import type { MessageOf, Partly } from './schema.ts';

type Request = MessageOf<typeof modelInferRequest>;
type Response = Partly<typeof modelInferResponse>;
type Input = Request['inputs'][number];
type Parameter = MessageOf<typeof inferParameter>;

/** The longest time of a timer, some 24 days: longer is as good as none. */
const longestMs = 2 ** 31 - 1;

/** So many axes are looked at. */
const mostAxes = 64;

const wrong = (reason: string) => fail('bad-request', { reason });

/** Parameters as plain values. */
function valuesOf(parameters: ReadonlyMap<string, Parameter>): RequestParameters {
  const values = [...parameters].flatMap(([name, { bool_param, int64_param, string_param, double_param, uint64_param }]) => {
    const value = bool_param ?? int64_param ?? string_param ?? double_param ?? uint64_param;
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(values);
}

/** What Triton's reserved parameters say: `timeout` in microseconds, `priority` from 1, the highest; 0 is none of both. */
function askOf({ timeout, priority }: RequestParameters, ask: Ask): Ask {
  const whole = (value: unknown): number | undefined => {
    const x = Number(value);
    return value !== undefined && typeof value !== 'boolean' && Number.isSafeInteger(x) && x > 0 ? x : undefined;
  };
  const [microseconds, place] = [whole(timeout), whole(priority)];
  const own = microseconds === undefined ? Number.POSITIVE_INFINITY : microseconds / 1000;
  const deadlineMs = Math.min(ask.deadlineMs ?? longestMs, own, longestMs);
  return {
    ...ask,
    ...(deadlineMs < longestMs && { deadlineMs }),
    ...(place !== undefined && { priority: -place }),
  };
}

function shapeOf({ name, shape }: Input): readonly number[] {
  const bad = shape.length > mostAxes ? shape.length : shape.find((d) => typeof d !== 'number' || d < 0);
  if (bad !== undefined) {
    const got = shape.length > mostAxes ? `${bad} axes` : `the size ${bad}`;
    throw wrong(`Input '${name}': got ${got} in its shape, expected at most ${mostAxes} whole numbers from 0.`);
  }
  return shape as readonly number[];
}

function checkDatatype({ name, datatype }: Input, { dtype }: ServablePort): void {
  const want = dtypes[dtype].oip;
  // bfloat16 is the upper half of a float32: nothing is lost.
  if (datatype !== want && !(datatype === 'BF16' && dtype === 'float32'))
    throw wrong(`Input '${name}': got the datatype ${JSON.stringify(datatype.slice(0, 64))}, expected ${want}.`);
}

/** The tensors of a request. Errors: `bad-request`. */
async function tensorsOf({ inputs: ports }: Servable, { inputs, raw_input_contents: raw }: Request) {
  const tensors: Record<string, Tensor> = {};
  const seen: SizesSeen = new Map();
  const found = inputs.map((input) => findPort('input', ports, input.name));
  checkComplete(
    ports,
    inputs.map(({ name }) => name),
  );
  if (raw.length > 0 && raw.length !== inputs.length)
    throw wrong(
      `There are ${inputs.length} inputs and ${raw.length} raw_input_contents; each input needs its own, in this order.`,
    );
  for (const [i, input] of inputs.entries()) {
    const port = found[i]!;
    if (Object.hasOwn(tensors, port.name)) throw wrong(`The input '${port.name}' is given twice.`);
    checkDatatype(input, port);
    const shape = shapeOf(input);
    checkShape(port, shape, seen);
    const announced = { port, shape, isBfloat16: input.datatype === 'BF16' };
    const { contents = new Uint8Array(0) } = input;
    if (raw.length === 0) tensors[port.name] = await readContents(announced, contents);
    else if (contents.length > 0) throw wrong(`Input '${port.name}' has contents, and raw_input_contents too; send it one way.`);
    else tensors[port.name] = tensorOfBytes(announced, raw[i]!);
  }
  return tensors;
}

/** An output as it was asked for: numbers, or the best classes. */
function shownAs({ port, classification }: WantedOutput, tensor: Tensor, { labels }: Servable): Tensor {
  if (classification === undefined) return tensor;
  const batched = tensor.shape.length > 0 && port.shape[0] === -1;
  return classify(tensor, classification, { batched, labels: Object.hasOwn(labels, port.name) ? labels[port.name] : undefined });
}

function rawBytes(tensor: Tensor): Uint8Array {
  const { data } = tensor;
  if (!Array.isArray(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const bytes = Buffer.alloc(rawSize(tensor));
  writeRaw(tensor, bytes, 0);
  return bytes;
}

/**
 * Asks a model. The answer has raw contents where the request had some, or typed ones cannot hold an output: of one answer all are of
 * one kind. `binary_data_output` decides otherwise. Errors: those of `DataPlane.compute`.
 */
export async function infer(plane: DataPlane, request: Request, ask: Ask): Promise<Response> {
  const { model_name: name, model_version: version, id } = request;
  const choice = version === '' ? {} : { version };
  await plane.wake(name, choice); // before anything is read
  const servable = plane.servable(name, choice);
  const parameters = valuesOf(request.parameters);
  const wanted = decodeOutputs(servable, {
    inputs: [],
    parameters,
    outputs: request.outputs.map((output) => ({ name: output.name, parameters: valuesOf(output.parameters) })),
  });
  const tensors = await tensorsOf(servable, request);
  const answer = await plane.compute(name, tensors, {
    ...askOf(parameters, ask),
    ...choice,
    ...(id !== '' && { requestId: id }),
    protocol: 'oip-grpc',
  });
  const outputs = wanted.map((output) => ({
    name: output.port.name,
    tensor: shownAs(output, answer.outputs[findPort('output', answer.servable.outputs, output.port.name).name]!, answer.servable),
  }));
  const asked = parameters['binary_data_output'];
  const isRaw =
    (typeof asked === 'boolean' ? asked : request.raw_input_contents.length > 0 || request.inputs.length === 0) ||
    outputs.some(({ tensor }) => !hasContents(tensor.dtype));
  const described: NonNullable<Response['outputs']>[number][] = [];
  for (const { name: own, tensor } of outputs)
    described.push({
      name: own,
      datatype: dtypes[tensor.dtype].oip,
      shape: tensor.shape,
      ...(!isRaw && { contents: await writeContents(tensor) }),
    });
  return {
    model_name: answer.servable.name,
    model_version: answer.servable.version,
    id,
    outputs: described,
    ...(isRaw && { raw_output_contents: outputs.map(({ tensor }) => rawBytes(tensor)) }),
  };
}
