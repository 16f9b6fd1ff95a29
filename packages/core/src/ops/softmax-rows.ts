// What softmax was before opset 13: over all axes from one on, as if they were one.
import { type Attrs, apply, type Op, type Value, type Written } from '../graph/index.ts';
import { productOf } from '../tensor/index.ts';
import { reshape, reshapeLike } from './reshape.ts';
import { axisIn } from './rules.ts';

export const softmaxWasOverRows: Written = {
  before: 13,
  attrs: { axis: { kind: 'int', default: 1 } },
  read(op: Op, [x]: readonly (Value | undefined)[], { axis }: Attrs) {
    const at = axisIn(op.type, axis as number, x!.shape);
    const rows = reshape(x!, [productOf(x!.shape.slice(0, at)), productOf(x!.shape.slice(at))]);
    return [reshapeLike(apply(op, [rows], { axis: 1 })[0]!, x!)];
  },
};
