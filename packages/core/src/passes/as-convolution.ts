import type { Node, Value } from '../graph/index.ts';
import { conv, convTransposeOp, turned } from '../ops/index.ts';

/**
 * A transposed convolution without strides is a convolution as well, with flipped kernels. Gradients of images are such ones; without
 * blocks ConvTranspose is the faster form of some of them.
 */
export function asConvolution(node: Node, ins: Node['ins']): Value | undefined {
  const { auto_pad, strides, group, output_padding, output_shape, dilations = [1, 1], pads = [0, 0, 0, 0] } = node.attrs;
  const [x, w, bias] = ins as readonly [Value, Value, Value | undefined];
  const plain = auto_pad === 'NOTSET' && group === 1 && !output_padding && !output_shape;
  if (node.op !== convTransposeOp.op || !plain || (strides as number[] | undefined)?.some((n) => n > 1)) return undefined;
  if (w.shape.length !== 4 || w.data || !w.shape.every((d) => typeof d === 'number')) return undefined;
  const steps = dilations as readonly number[];
  const reach = w.shape.slice(2).map((length, i) => (length - 1) * steps[i]!);
  const margins = reach.map((far, i) => [far - (pads as number[])[i]!, far - (pads as number[])[i + 2]!] as const);
  if (margins.flat().some((margin) => margin < 0)) return undefined;
  return conv(x, turned(w), { bias, dilations: steps, pads: margins });
}
