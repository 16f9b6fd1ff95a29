// An answer: JSON, with the tensors behind it that are asked for as bytes.
import type { Tensor } from '@stratus/core';
import type { WantedOutput } from '../../decode-request.ts';
import { elementsOf } from '../../elements.ts';
import { type WrittenResponse, writeResponse } from '../../json.ts';
import { classify } from '../../labels.ts';
import { datatypeOf, type InferRequest, type RequestParameters } from '../../protocol.ts';
import { rawSize, writeRaw } from '../../raw.ts';
import { type Answer, answerOf, replyText } from '../../route.ts';
import type { Servable } from '../../servable.ts';
import { lengthHeader } from './read.ts';

/** Parameters that say something to the server; the others are the client's own and go back to it. */
const reserved = new Set([
  'binary_data_output',
  'timeout',
  'priority',
  'sequence_id',
  'sequence_start',
  'sequence_end',
  'headers',
]);

function own(parameters: RequestParameters | undefined): { parameters?: RequestParameters } {
  const kept = Object.entries(parameters ?? {}).filter(([name]) => !reserved.has(name) && !name.startsWith('triton_'));
  return kept.length > 0 ? { parameters: Object.fromEntries(kept) } : {};
}

/** The tensor of an output: the model's, or the names of its best classes. */
function shownTensor({ port: { name }, classification }: WantedOutput, tensor: Tensor, { labels, outputs }: Servable): Tensor {
  if (classification === undefined) return tensor;
  const batched = tensor.shape.length > 0 && outputs.find((port) => port.name === name)?.shape[0] === -1;
  return classify(tensor, classification, { batched, labels: Object.hasOwn(labels, name) ? labels[name] : undefined });
}

/** What a model says, as the client wants it. */
export async function writeAnswer(
  { id, parameters }: InferRequest,
  servable: Servable,
  wanted: readonly WantedOutput[],
  results: Readonly<Record<string, Tensor>>,
): Promise<Answer> {
  const binary: Tensor[] = [];
  const outputs: WrittenResponse['outputs'][number][] = [];
  let size = 0;
  for (const output of wanted) {
    const tensor = shownTensor(output, results[output.port.name]!, servable);
    const about = { name: output.port.name, datatype: datatypeOf(tensor.dtype), shape: tensor.shape };
    if (!output.isBinary) {
      outputs.push({ ...about, data: await elementsOf(tensor) });
      continue;
    }
    const binary_data_size = rawSize(tensor);
    size += binary_data_size;
    binary.push(tensor);
    outputs.push({ ...about, parameters: { binary_data_size } });
  }
  const head = {
    model_name: servable.name,
    model_version: servable.version,
    ...(id !== undefined && { id }),
    ...own(parameters),
  };
  // Without data there is little to write, and a parameter may be a bigint only where there are some.
  const isShort = binary.length === outputs.length && head.parameters === undefined;
  const text = isShort ? JSON.stringify({ ...head, outputs }) : await writeResponse({ ...head, outputs });
  if (binary.length === 0) return replyText(text);
  const length = Buffer.byteLength(text);
  const whole = Buffer.allocUnsafe(length + size);
  whole.write(text);
  let at = length;
  for (const tensor of binary) at = writeRaw(tensor, whole, at);
  return answerOf('application/octet-stream', whole, { headers: { [lengthHeader]: String(length) } });
}
