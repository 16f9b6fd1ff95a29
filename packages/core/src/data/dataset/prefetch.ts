import type { Chunk } from './chunk.ts';
import { piecesOf } from './records-of.ts';
import type { Pass, Stage } from './stage.ts';

/** Reads up to `count` records ahead while whoever reads is busy with something else. */
export function prefetchStage<R>(source: Stage<R>, count: number): Stage<R> {
  async function* ahead(pass: Pass): AsyncGenerator<Chunk<R>> {
    const stop = new AbortController();
    const signal = pass.signal ? AbortSignal.any([pass.signal, stop.signal]) : stop.signal;
    const ready: Chunk<R>[] = [];
    let [waiting, over]: [number, boolean] = [0, false];
    let failure: { readonly error: unknown } | undefined;
    // Each side wakes the other: one waits for room, the other for records.
    let wake = (): void => undefined;
    const change = (): Promise<void> => new Promise((resolve) => (wake = resolve));
    let changed = change();
    const tell = (): void => {
      const done = wake;
      changed = change();
      done();
    };
    const reading = (async () => {
      try {
        for await (const chunk of source.chunks({ ...pass, signal }))
          for (const piece of piecesOf(chunk, count)) {
            while (waiting >= count && !stop.signal.aborted) await changed;
            if (stop.signal.aborted) return;
            ready.push(piece);
            waiting += piece.length;
            tell();
          }
      } catch (error) {
        failure = { error };
      } finally {
        over = true;
        tell();
      }
    })();
    try {
      for (;;) {
        while (ready.length === 0 && !over) await changed;
        const piece = ready.shift();
        if (!piece) break;
        waiting -= piece.length;
        tell();
        yield piece;
      }
      if (failure) throw failure.error;
    } finally {
      stop.abort();
      tell();
      await reading;
    }
  }
  return { length: source.length, chunks: ahead, places: source.places, pick: source.pick };
}
