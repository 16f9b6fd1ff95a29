import { StringDecoder } from 'node:string_decoder';
import type { Piece } from './log-text.ts';

type Write = (this: NodeJS.WriteStream, ...args: unknown[]) => boolean;

/** Hears what this process prints by way of Node, and lets it pass. Returns how to stop. Libraries and children that write by themselves are not heard. */
export function captureOutput(heard: (piece: Piece) => void): () => void {
  const undo = (['stdout', 'stderr'] as const).map((stream) => {
    const target = process[stream] as unknown as { write: Write };
    const own = Object.hasOwn(target, 'write');
    const { write } = target;
    const decoder = new StringDecoder('utf8');
    const listening: Write = function (...args) {
      const [chunk] = args;
      if (typeof chunk === 'string') heard({ stream, text: chunk });
      else if (chunk instanceof Uint8Array)
        heard({ stream, text: decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)) });
      return write.apply(this, args);
    };
    target.write = listening;
    return () => {
      if (target.write !== listening) return; // somebody else has put theirs on top
      if (own) target.write = write;
      else delete (target as { write?: Write }).write;
    };
  });
  return () => {
    for (const one of undo) one();
  };
}
