import { isTerminal, type OutputStream } from './output-stream.ts';

/** One line at the bottom of a terminal that is rewritten in place, below whatever else the program prints. */
export interface LiveLine {
  show(text: string): void;
  /** Prints a line that stays, above. */
  keep(text: string): void;
  /** Removes the line, or leaves it as it is, and lets go of the terminal. */
  end(what: 'remove' | 'leave'): void;
}

type Write = (this: OutputStream, ...args: unknown[]) => unknown;

const endsLine = (chunk: unknown): boolean =>
  typeof chunk === 'string' ? chunk.endsWith('\n') : chunk instanceof Uint8Array && chunk.at(-1) === 10;

/** Takes hold of a terminal. What others write to standard output or error meanwhile goes above the line. */
export async function liveLine(stream: OutputStream): Promise<LiveLine> {
  const { createLogUpdate } = await import('log-update'); // only where there is a terminal
  // The cursor stays visible: a training may be killed at any moment, and must not leave a terminal without one.
  const log = createLogUpdate(stream as NodeJS.WriteStream, { showCursor: true });
  let drawing = false;
  let inMidLine = false;
  let latest = '';
  const draw = (work: () => void): void => {
    drawing = true;
    try {
      work();
    } finally {
      drawing = false;
    }
  };

  const shared = new Set<OutputStream>([stream, process.stdout, process.stderr]);
  const restore = [...shared].filter(isTerminal).map((other) => {
    const target = other as { write: Write };
    const own = Object.hasOwn(target, 'write');
    const { write } = target;
    const watched: Write = function (...args) {
      if (drawing) return write.apply(this, args);
      draw(() => log.clear());
      inMidLine = !endsLine(args[0]);
      return write.apply(this, args);
    };
    target.write = watched;
    return () => {
      if (target.write !== watched) return; // somebody else has put theirs on top
      if (own) target.write = write;
      else delete (target as { write?: Write }).write;
    };
  });

  return {
    show(text) {
      latest = text;
      if (!inMidLine) draw(() => log(text));
    },
    keep(text) {
      draw(() => log.clear());
      draw(() => stream.write(`${inMidLine ? '\n' : ''}${text}\n`));
      inMidLine = false;
    },
    end(what) {
      draw(() => {
        if (what === 'leave')
          log(latest); // somebody may have written since
        else log.clear();
        log.done();
      });
      for (const undo of restore) undo();
    },
  };
}
