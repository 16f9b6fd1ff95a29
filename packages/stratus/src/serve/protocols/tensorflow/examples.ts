// `:classify` and `:regress` take examples: features by name, those that all have in common once.
import { dtypes, fail, type Tensor } from '@stratus/core';
import { findPort, showPorts } from '../../check-feeds.ts';
import type { DataPlane } from '../../data-plane.ts';
import { type NestedForm, writeRows } from '../../nested.ts';
import { type Answer, type Call, replyText } from '../../route.ts';
import { isRecord, tensorOfNested } from '../../rows.ts';
import type { Servable, ServablePort } from '../../servable.ts';
import { shown } from '../../wording.ts';
import { readBody } from './body.ts';

const form: NestedForm = { nonFinite: true };

/** One record a sample, whose features the context adds to. Errors: `bad-request`. */
function examplesOf(body: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>[] {
  const { context = {}, examples } = body;
  if (!isRecord(context)) throw fail('bad-request', { reason: `"context" is ${shown(context)}, expected an object.` });
  if (!Array.isArray(examples) || examples.length === 0)
    throw fail('bad-request', { reason: '"examples" has to be a list of objects: {"examples":[{"x":1},{"x":2}]}.' });
  return examples.map((example: unknown, i) => {
    if (isRecord(example)) return { ...context, ...example };
    throw fail('bad-request', { reason: `The example ${i} is ${shown(example)}, expected an object of features.` });
  });
}

/** A feature of all examples as an input. It is a value or a flat list of them, as features of TensorFlow are. */
async function columnOf(port: ServablePort, examples: readonly Readonly<Record<string, unknown>>[]): Promise<Tensor> {
  const values = examples.map((example, i) => {
    if (Object.hasOwn(example, port.name)) return example[port.name];
    throw fail('bad-request', { reason: `The example ${i} has no '${port.name}'.` });
  });
  const tensor = await tensorOfNested(port, values);
  const rest = port.shape.slice(1);
  const size = rest.reduce((n, d) => n * d, 1);
  const isFlat =
    !port.anyRank && tensor.shape.length <= 2 && rest.every((d) => d !== -1) && tensor.size === examples.length * size;
  return isFlat ? tensor.reshape([examples.length, ...rest]) : tensor;
}

async function ask(plane: DataPlane, call: Call): Promise<{ servable: Servable; outputs: Record<string, Tensor>; rows: number }> {
  const [name, asked] = [call.params['model']!, call.ask()];
  const own = plane.servable(name, asked); // before anything is read
  return await call.withBody(async (bytes) => {
    const examples = examplesOf(await readBody(bytes));
    for (const example of examples) for (const key of Object.keys(example)) findPort('input', own.inputs, key);
    const feeds: Record<string, Tensor> = {};
    for (const port of own.inputs) feeds[port.name] = await columnOf(port, examples);
    return { ...(await plane.compute(name, feeds, asked)), rows: examples.length };
  });
}

/** The output that numbers are read from: the one with named classes, or the first. Errors: `bad-request` where it has none. */
function scoresOf(
  { outputs: ports, labels }: Servable,
  outputs: Readonly<Record<string, Tensor>>,
  rows: number,
  what: string,
): ServablePort {
  const port = ports.find(({ name }) => Object.hasOwn(labels, name)) ?? ports[0]!;
  const tensor = outputs[port.name]!;
  if (tensor.shape[0] === rows && dtypes[tensor.dtype].kind !== 'string' && tensor.shape.length <= 2) return port;
  throw fail('bad-request', { reason: `The model cannot ${what}: it gives ${showPorts(ports)}. Ask it with :predict.` });
}

/** `:classify`: each class with its score. Classes without names have their numbers. */
export async function classify(plane: DataPlane, call: Call): Promise<Answer> {
  const { servable, outputs, rows } = await ask(plane, call);
  const { name } = scoresOf(servable, outputs, rows, 'classify');
  const names = Object.hasOwn(servable.labels, name) ? servable.labels[name] : undefined;
  const scores = (await writeRows(outputs[name]!, form)).map((row) => row.replace(/^\[|\]$/g, '').split(','));
  // One number for two names is the probability of the second.
  const both =
    names?.length === 2 ? scores.map((row) => (row.length === 1 ? [String(1 - Number(row[0])), row[0]!] : row)) : scores;
  const results = both.map(
    (row) => `[${row.map((score, i) => `[${JSON.stringify(names?.[i] ?? String(i))},${score}]`).join(',')}]`,
  );
  return replyText(`{"results":[${results.join(',')}]}`);
}

/** `:regress`: a number for each example. */
export async function regress(plane: DataPlane, call: Call): Promise<Answer> {
  const { servable, outputs, rows } = await ask(plane, call);
  const { name } = scoresOf(servable, outputs, rows, 'regress');
  const tensor = outputs[name]!;
  if (tensor.size !== rows)
    throw fail('bad-request', {
      reason: `The model cannot regress: '${name}' has ${tensor.size / rows} numbers a sample. Ask it with :predict.`,
    });
  return replyText(`{"results":[${(await writeRows(tensor.reshape([rows]), form)).join(',')}]}`);
}
