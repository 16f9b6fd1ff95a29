import type { TensorProto } from '../onnx/index.ts';
import { copyInPieces, nextTurn } from '../runtime/index.ts';
import { dtypeOfOnnx, dtypes } from '../tensor/index.ts';

/** Copies much data to its place in a file, so that the event loop can turn before and in between. */
export async function copyInTurns(target: Uint8Array, source: Uint8Array): Promise<void> {
  await nextTurn();
  await copyInPieces(target, source, nextTurn);
}

/**
 * The same message with its data at a multiple of its element's size, where it can be read as numbers. Where it lies in a file follows
 * from the lengths of the names before it, so that most large tensors have to be moved.
 */
export async function alignedInTurns(proto: TensorProto): Promise<TensorProto> {
  const dtype = dtypeOfOnnx(proto.dataType ?? 0);
  const { rawData } = proto;
  if (!dtype || !rawData || rawData.byteOffset % dtypes[dtype].bytes === 0) return proto;
  const moved = new Uint8Array(rawData.length);
  await copyInTurns(moved, rawData);
  return { ...proto, rawData: moved };
}
