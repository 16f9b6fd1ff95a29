import { fail } from '../errors.ts';
import { copyRows } from './copy-rows.ts';
import { sameShape, showShape } from './shape.ts';
import { Tensor, zeros } from './tensor.ts';

/**
 * The rows of several tensors, one tensor after another. One tensor comes back as it is, without a copy.
 *
 * Shapes: `[n, ...row]`, `[m, ...row]`, … to `[n + m + …, ...row]`; one dtype. Errors: `shape-mismatch` when rows are not of one size.
 * Source: torch.cat with dim 0.
 *
 * @example
 * import { joinRows, tensor } from '@stratus/core';
 * console.log(joinRows([tensor([[1, 2]]), tensor([[3, 4], [5, 6]])]).toArray()); // [[1, 2], [3, 4], [5, 6]]
 */
export function joinRows(
  parts: readonly [Tensor, ...Tensor[]],
  { what = 'joinRows', at, fix }: { readonly what?: string; readonly at?: string; readonly fix?: string } = {},
): Tensor {
  const [first] = parts;
  if (parts.length === 1) return first;
  const row = first.shape.slice(1);
  const odd = parts.find(({ shape }) => shape.length === 0 || !sameShape(shape.slice(1), row));
  if (odd)
    throw fail('shape-mismatch', {
      what,
      got: `${showShape(odd.shape)} beside ${showShape(first.shape)}`,
      want: 'one row for each sample, all of one size',
      ...(at !== undefined && { at }),
      ...(fix !== undefined && { fix }),
    });
  const shape = [parts.reduce((n, part) => n + part.shape[0]!, 0), ...row];
  if (first.dtype === 'string')
    return new Tensor(
      'string',
      shape,
      parts.flatMap((part) => part.data as string[]),
    );
  const joined = zeros(shape, first.dtype);
  let done = 0;
  for (const part of parts) {
    copyRows(part, joined.rows(done, done + part.shape[0]!), { start: 0, count: part.shape[0]! });
    done += part.shape[0]!;
  }
  return joined;
}
