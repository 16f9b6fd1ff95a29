/** How long work in small pieces may keep the event loop waiting. */
const mostMs = 10;

/** Knows when work in small pieces has to let timers, sockets and pages have their turn. */
export class Turns {
  readonly #nextTurn: () => Promise<void>;
  #since: number | undefined;

  constructor(nextTurn: () => Promise<void>) {
    this.#nextTurn = nextTurn;
  }

  /** Notes that the thread is busy now. A turn that the event loop has by itself meanwhile counts. */
  busy(): void {
    if (this.#since !== undefined) return;
    this.#since = performance.now();
    void this.#nextTurn().then(() => {
      this.#since = undefined;
    });
  }

  /** True when the event loop has waited long enough. */
  get due(): boolean {
    return this.#since !== undefined && performance.now() - this.#since > mostMs;
  }
}

/** Larger copies are made in pieces of this many bytes, with a turn between: 1 ms each, and up to 10 where memory is touched for the first time. */
const pieceBytes = 4 * 2 ** 20;

/** Copies numbers from array to array, large ones in pieces so that the event loop can turn. */
export async function copyInPieces(
  target: ArrayBufferView,
  source: ArrayBufferView,
  nextTurn: () => Promise<void>,
): Promise<void> {
  const to = new Uint8Array(target.buffer, target.byteOffset, target.byteLength);
  const from = new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  for (let start = 0; start < from.length; start += pieceBytes) {
    if (start > 0) await nextTurn();
    to.set(from.subarray(start, start + pieceBytes), start);
  }
}
