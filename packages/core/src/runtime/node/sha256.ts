import { createHash } from 'node:crypto';
import { nextTurn } from './next-turn.ts';

/** About 5 ms each. */
const pieceBytes = 4 * 2 ** 20;

/** SHA-256 as hexadecimal digits, with turns between the pieces. WebCrypto copies all of it first, while the event loop waits. */
export async function sha256InPieces(bytes: Uint8Array): Promise<string> {
  const hash = createHash('sha256');
  for (let start = 0; start < bytes.length; start += pieceBytes) {
    if (start > 0) await nextTurn();
    hash.update(bytes.subarray(start, start + pieceBytes));
  }
  return hash.digest('hex');
}
