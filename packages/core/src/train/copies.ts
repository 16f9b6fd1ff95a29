import { copyRows, type Tensor, zeros } from '../tensor/index.ts';

/** Tensors with numbers of their own. */
export const copies = (tensors: Readonly<Record<string, Tensor>>): Record<string, Tensor> =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, from]) => {
      const copy = zeros(from.shape, from.dtype);
      copyRows(from.reshape([1, ...from.shape]), copy.reshape([1, ...from.shape]), { start: 0, count: 1 });
      return [name, copy];
    }),
  );
