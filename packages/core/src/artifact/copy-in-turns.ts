import { copyInPieces, nextTurn } from '../runtime/index.ts';

/** Copies much data to its place in a file, so that the event loop can turn before and in between. */
export async function copyInTurns(target: Uint8Array, source: Uint8Array): Promise<void> {
  await nextTurn();
  await copyInPieces(target, source, nextTurn);
}
