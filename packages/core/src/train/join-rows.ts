import { fail } from '../errors.ts';
import { copyRows, sameShape, showShape, Tensor, zeros } from '../tensor/index.ts';

/** The rows of several tensors, one tensor after another. Errors: `shape-mismatch` when their rows are not of one size. */
export function joinRows(parts: readonly Tensor[], at: string): Tensor {
  const [first] = parts;
  if (parts.length === 1) return first!;
  const row = first!.shape.slice(1);
  const odd = parts.find(({ shape }) => shape.length === 0 || !sameShape(shape.slice(1), row));
  if (odd)
    throw fail('shape-mismatch', {
      what: 'predict',
      at,
      got: `${showShape(odd.shape)} beside ${showShape(first!.shape)}`,
      want: 'one row for each sample, all of one size',
      fix: 'Predict with a batchSize that takes all samples at once.',
    });
  const shape = [parts.reduce((n, part) => n + part.shape[0]!, 0), ...row];
  if (first!.dtype === 'string')
    return new Tensor(
      'string',
      shape,
      parts.flatMap((part) => part.data as string[]),
    );
  const joined = zeros(shape, first!.dtype);
  let done = 0;
  for (const part of parts) {
    copyRows(part, joined.rows(done, done + part.shape[0]!), { start: 0, count: part.shape[0]! });
    done += part.shape[0]!;
  }
  return joined;
}
