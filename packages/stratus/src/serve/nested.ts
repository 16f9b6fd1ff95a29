// Tensors as nested lists of JSON.
import type { Tensor } from '@stratus/core';
import { fromFloat16 } from '@stratus/core';
import { giveTurn } from './give-turn.ts';

/** How JSON is written. */
export interface NestedForm {
  /** NaN, Infinity and -Infinity as such, which are no JSON; null unless told. */
  readonly nonFinite?: boolean;
  /** Texts as `{ "b64": … }`. */
  readonly base64?: boolean;
}

/** So many elements are written between two looks at the clock. */
const piece = 65536;

/** One element as JSON. */
function written(tensor: Tensor, at: number, { nonFinite = false, base64 = false }: NestedForm): string {
  const value = tensor.data[at]!;
  if (typeof value === 'string') return base64 ? `{"b64":"${Buffer.from(value).toString('base64')}"}` : JSON.stringify(value);
  if (typeof value === 'bigint') return String(value);
  if (tensor.dtype === 'bool') return value === 0 ? 'false' : 'true';
  const number = tensor.dtype === 'float16' ? fromFloat16(value) : value;
  return Number.isFinite(number) ? String(number) : nonFinite ? String(number) : 'null';
}

/** A tensor as one JSON text, `[[1,2],[3,4]]`. */
export const writeNested = async (tensor: Tensor, form: NestedForm = {}): Promise<string> => {
  const { shape } = tensor;
  const rows = await writeRows(tensor.reshape([1, ...shape]), form);
  return rows[0]!;
};

/** The rows of a tensor along its first axis as JSON texts. */
export async function writeRows(tensor: Tensor, form: NestedForm = {}): Promise<string[]> {
  let untilTurn = piece;
  const write = async (axis: number, start: number, size: number): Promise<string> => {
    if (axis === tensor.shape.length) {
      if (--untilTurn <= 0) {
        untilTurn = piece;
        await giveTurn();
      }
      return written(tensor, start, form);
    }
    const count = tensor.shape[axis]!;
    const step = count === 0 ? 0 : size / count;
    // The innermost level is all there is of most tensors: no promise for each of its numbers.
    if (axis === tensor.shape.length - 1) {
      const parts = new Array<string>(count);
      for (let i = 0; i < count; i++) parts[i] = written(tensor, start + i, form);
      untilTurn -= count;
      if (untilTurn <= 0) {
        untilTurn = piece;
        await giveTurn();
      }
      return `[${parts.join(',')}]`;
    }
    const parts: string[] = [];
    for (let i = 0; i < count; i++) parts.push(await write(axis + 1, start + i * step, step));
    return `[${parts.join(',')}]`;
  };
  const [count = 1] = tensor.shape;
  const step = count === 0 ? 0 : tensor.size / count;
  const rows: string[] = [];
  for (let i = 0; i < count; i++) rows.push(await write(1, i * step, step));
  return rows;
}
