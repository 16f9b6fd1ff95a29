// Arithmetic in uint16 for devices that have none: sums and products wrap, so the lower half of the same in int32 is right whatever the
// upper half is.
import { constant, type Value } from '../graph/index.ts';
import { tensor } from '../tensor/index.ts';
import { add, addOp } from './add.ts';
import { cast, castOp } from './cast.ts';
import { mul, mulOp } from './mul.ts';
import { reshapeOp } from './reshape.ts';

/** int32 numbers whose lower half is the uint16 numbers `x`. */
function wide(x: Value): Value {
  if (x.data) return constant(tensor(Int32Array.from(x.data.data as Uint16Array), { shape: x.data.shape }));
  const { op, ins } = x.node ?? {};
  const inside = (i: number): Value => wide(ins![i]!);
  switch (op) {
    case addOp.op:
      return add(inside(0), inside(1));
    case mulOp.op:
      return mul(inside(0), inside(1));
    case reshapeOp.op:
      return reshapeOp({ data: inside(0), shape: ins![1]! }, x.node!.attrs).reshaped;
    case castOp.op:
      return cast(ins![0]!, 'int32');
    default:
      return cast(x, 'int32');
  }
}

/** int32 numbers that are ordered as the uint16 numbers `x` are. */
export const inOrder = (x: Value): Value => add(mul(wide(x), 2 ** 16), -(2 ** 31));
