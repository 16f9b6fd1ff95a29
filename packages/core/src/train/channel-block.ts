import { type Graph, graphInput } from '../graph/index.ts';
import { exportGraph } from '../onnx/index.ts';
import { conv } from '../ops/index.ts';
import { blockConvolutions } from '../passes/index.ts';
import type { Executor } from '../runtime/index.ts';
import { Tensor } from '../tensor/index.ts';

const known = new WeakMap<Executor, Promise<number | undefined>>();

/**
 * The size of the blocks of channels that the executor's fast convolutions want: of those that it names the first with which a small
 * convolution comes out right. Which one that is depends on the processor, and the engine does not tell.
 */
export function channelBlock(executor: Executor): Promise<number | undefined> {
  const found = known.get(executor) ?? search(executor);
  known.set(executor, found);
  return found;
}

async function search(executor: Executor): Promise<number | undefined> {
  for (const block of executor.channelBlocks ?? []) if (await isRight(executor, block).catch(() => false)) return block;
  return undefined;
}

async function isRight(executor: Executor, block: number): Promise<boolean> {
  const shapes = { x: [1, 2 * block, 4, 5], w: [2 * block, 2 * block, 3, 2] };
  const [x, w] = [graphInput('x', shapes.x), graphInput('w', shapes.w)];
  const inputs = [x, w];
  const plain: Graph = { name: 'plain', inputs, outputs: { y: conv(x, w) } };
  const { y: blocked } = blockConvolutions(plain, { size: block, samples: 1000 }).outputs;
  const both: Graph = { name: 'blocks', inputs, outputs: { ...plain.outputs, blocked: blocked! } };
  const program = await executor.compile(exportGraph(both));
  try {
    const different = (shape: number[], by: number): Tensor => {
      const size = shape.reduce((a, b) => a * b);
      return new Tensor(
        'float32',
        shape,
        Float32Array.from({ length: size }, (_, i) => Math.sin(by * i)),
      );
    };
    const { y: want, blocked: got } = await program.run({ x: different(shapes.x, 0.7), w: different(shapes.w, 1.3) });
    const numbers = want!.data as Float32Array;
    return numbers.every((number, i) => Math.abs(number - (got!.data as Float32Array)[i]!) < 1e-3);
  } finally {
    await program.release();
  }
}
