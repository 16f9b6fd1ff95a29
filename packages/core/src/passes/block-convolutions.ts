// ONNX Runtime's fast convolutions want channels in blocks. It arranges that by itself where the kernels are constants, which in
// training they are not.
import { apply, type Graph, type Node, type Op, rewrite, toposort, type Value, withOutputs } from '../graph/index.ts';
import { convOp, pad, reshape, transpose } from '../ops/index.ts';
import type { Dim } from '../tensor/index.ts';
import { asConvolution } from './as-convolution.ts';

const domain = 'com.microsoft.nchwc';
/** What only programs hold, after everything was differentiated. */
const engines = { domain, since: 1, gradient: 'unknown' } as const;
const upTo = (size: number, block: number): number => Math.ceil(size / block) * block;
const withChannels = ([batch, , ...places]: readonly Dim[], channels: number): Dim[] => [batch!, channels, ...places];

// Shapes in blocks are those of the same tensor as it would be without, with channels up to a whole number of blocks. What lies where
// is between these three ops.

/** `[batch, channels, H, W]` to blocks; channels that are added are zeros. */
const toBlocks = (block: number): Op => ({
  ...engines,
  type: 'ReorderInput',
  attrs: {},
  infer: ([x]) => [{ dtype: x!.dtype, shape: withChannels(x!.shape, upTo(x!.shape[1] as number, block)) }],
});
const { attrs, infer, flops } = convOp.op;
/** Channels that fill up a block are multiplied like others. */
const blockedConv: Op = { ...engines, type: 'Conv', attrs, infer, ...(flops && { flops }) };
/** Back from blocks, without the channels that were added. */
const fromBlocks: Op = {
  ...engines,
  type: 'ReorderOutput',
  attrs: { channels: { kind: 'int' } },
  infer: ([x], { channels }) => [{ dtype: x!.dtype, shape: withChannels(x!.shape, channels as number) }],
};

/** Multiplications with what fills up the last block, beside those that are asked for: more than this share is a waste. */
const mostWaste = 0.5;
/** Kernels are arranged anew in each run: for fewer windows than this, in all samples together, that takes longer than it saves. */
const leastWindows = 512;

/** What is asked of {@link blockConvolutions}. */
export interface Blocks {
  /** Channels of one block. */
  readonly size: number;
  /** Samples that a run is expected to have. */
  readonly samples: number;
}

const isKnown = (shape: readonly Dim[]): shape is readonly number[] => shape.every((d) => typeof d === 'number');

/** True for a convolution that takes less time in blocks, together with the way there and back. */
function gains({ op, ins, attrs, outs }: Node, { size, samples }: Blocks): boolean {
  const [x, w] = ins;
  if (op !== convOp.op || x?.shape.length !== 4 || x.dtype !== 'float32' || w!.data || attrs['group'] !== 1) return false;
  const places = outs[0]!.shape.slice(2);
  if (!isKnown(w!.shape) || !isKnown([x.shape[1]!, ...places])) return false;
  const [out, width, ...window] = w!.shape as readonly number[];
  const waste = (upTo(out!, size) * upTo(width!, size)) / (out! * width!) - 1;
  const windows = samples * (places as readonly number[]).reduce((a, b) => a * b, 1);
  // The engine takes channels in fours. One product of matrices does for windows of one element.
  const fits = width! >= size && width! % 4 === 0 && waste <= mostWaste;
  return fits && windows >= leastWindows && window.some((length) => length > 1);
}

/** `[out, width, h, w]` to `[out / block, width / block, h, w, block of width, block of out]`. */
function kernelsInBlocks(w: Value, block: number): Value {
  const [out, width, ...window] = w.shape as readonly number[];
  const [allOut, allWidth] = [upTo(out!, block), upTo(width!, block)];
  const margins = [[0, allOut - out!], [0, allWidth - width!], ...window.map(() => [0, 0])] as [number, number][];
  const apart = reshape(pad(w, margins), [allOut / block, block, allWidth / block, block, ...window]);
  return reshape(transpose(apart, [0, 2, 4, 5, 3, 1]), [allOut, allWidth, ...window]);
}

/**
 * Lets convolutions of two axes run on channels in blocks, about twice as fast: `ReorderInput`, `Conv` and `ReorderOutput` of ONNX
 * Runtime's own domain stand in the place of `Conv`. For an engine on which these have been found to work with such blocks, as the
 * last thing that is done to a graph: the ops have no gradients, and no file should hold them. A graph that gains nothing comes back
 * as it is.
 *
 * Shapes: inputs and outputs are the same. Source: ONNX Runtime, core/optimizer/nchwc_transformer.cc; Georganas et al. 2018
 * (1808.05567).
 * @internal
 */
export function blockConvolutions(graph: Graph, blocks: Blocks): Graph {
  const { size } = blocks;
  const enter = toBlocks(size);
  const convolutions = rewrite(Object.values(graph.outputs), (node, ins) => {
    const image = asConvolution(node, ins);
    return image && gains(image.node!, blocks) ? [image] : undefined;
  });
  if (!toposort(convolutions).some((node) => gains(node, blocks))) return graph;
  const outputs = rewrite(convolutions, (node, ins) => {
    if (!gains(node, blocks)) return undefined;
    const [x, w, bias] = ins as readonly [Value, Value, Value | undefined];
    const out = w.shape[0] as number;
    const biases = bias ? [pad(bias, [[0, upTo(out, size) - out]])] : [];
    const operands = [apply(enter, [x], {})[0]!, kernelsInBlocks(w, size), ...biases];
    return apply(fromBlocks, [apply(blockedConv, operands, node.attrs)[0]!], { channels: out });
  });
  return withOutputs(graph, outputs);
}
