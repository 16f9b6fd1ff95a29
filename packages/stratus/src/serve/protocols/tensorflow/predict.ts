import { fail, type Tensor } from '@stratus/core';
import type { DataPlane } from '../../data-plane.ts';
import { type NestedForm, writeNested, writeRows } from '../../nested.ts';
import { type Answer, type Call, replyText } from '../../route.ts';
import { feedsOfRows, feedsOfValues } from '../../rows.ts';
import { readBody } from './body.ts';

/** Outputs whose name ends so hold bytes. */
const formOf = (name: string): NestedForm => ({ nonFinite: true, base64: name.endsWith('_bytes') });

/** One value a sample, or one object with a value for each output. Errors: `bad-request` where an output has no rows. */
export async function writePredictions(
  outputs: Readonly<Record<string, Tensor>>,
  formOfOutput: (name: string) => NestedForm = () => ({}),
  rows?: number,
): Promise<string> {
  const columns: (readonly [name: string, rows: readonly string[]])[] = [];
  for (const [name, tensor] of Object.entries(outputs)) {
    const [own] = tensor.shape;
    const want = rows ?? columns[0]?.[1].length ?? own;
    if (own === undefined || own !== want) {
      const got = own === undefined ? 'no axis of samples' : `${own} rows`;
      const reason = `The output '${name}' has ${got} for ${want ?? 'some'} samples, so it cannot be told by sample. Ask with "inputs" instead of "instances".`;
      throw fail('bad-request', { reason });
    }
    columns.push([name, await writeRows(tensor, formOfOutput(name))]);
  }
  const [first] = columns;
  if (columns.length === 1) return `[${first![1].join(',')}]`;
  const written = (first?.[1] ?? []).map(
    (_, i) => `{${columns.map(([name, own]) => `${JSON.stringify(name)}:${own[i]}`).join(',')}}`,
  );
  return `[${written.join(',')}]`;
}

/** The value of the output, or an object with that of each. */
async function writeOutputs(outputs: Readonly<Record<string, Tensor>>): Promise<string> {
  const parts: string[] = [];
  for (const [name, tensor] of Object.entries(outputs)) parts.push(await writeNested(tensor, formOf(name)));
  if (parts.length === 1) return parts[0]!;
  return `{${Object.keys(outputs)
    .map((name, i) => `${JSON.stringify(name)}:${parts[i]}`)
    .join(',')}}`;
}

/** `:predict`, by rows or by columns. */
export async function predict(plane: DataPlane, call: Call): Promise<Answer> {
  const [name, ask] = [call.params['model']!, call.ask()];
  const servable = plane.servable(name, ask); // before anything is read
  return await call.withBody(async (bytes) => {
    const body = await readBody(bytes);
    const [hasRows, hasColumns] = [Object.hasOwn(body, 'instances'), Object.hasOwn(body, 'inputs')];
    if (hasRows === hasColumns) {
      const what = hasRows ? 'both "instances" and "inputs"; give one of them' : 'neither "instances" nor "inputs"';
      throw fail('bad-request', { reason: `The request has ${what}. One looks like {"instances":[[1,2]]}.` });
    }
    if (hasColumns) {
      const feeds = await feedsOfValues(servable, body['inputs']);
      const { outputs } = await plane.compute(name, feeds, ask);
      return replyText(`{"outputs":${await writeOutputs(outputs)}}`);
    }
    const feeds = await feedsOfRows(servable, body['instances']);
    const { outputs } = await plane.compute(name, feeds, ask);
    const rows = (body['instances'] as readonly unknown[]).length;
    return replyText(`{"predictions":${await writePredictions(outputs, formOf, rows)}}`);
  });
}
