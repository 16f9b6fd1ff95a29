import type { Callback, Logs, TrainingRun } from '@stratus/core';
import { barLine, beginLine, epochLine, plainLine } from './lines.ts';
import { type LiveLine, liveLine } from './live-line.ts';
import { colorsFor, isTerminal, type OutputStream } from './output-stream.ts';
import { Pace } from './pace.ts';

/** Options of {@link terminalProgress}. */
export interface ProgressOptions {
  /** Where it is shown; standard error unless told. */
  readonly stream?: OutputStream;
  /** The time in seconds, for tests. */
  readonly now?: () => number;
}

const seconds = (): number => performance.now() / 1000;

/**
 * Shows a training as it runs. On a terminal one line is rewritten in place, with a bar, the figures so far, the smoothed number of
 * steps a second and the time left, and each epoch leaves a line with its figures. Elsewhere a plain line comes once a second at
 * most, and one at the end of each epoch. Colours only on a terminal, and not where NO_COLOR is set.
 *
 * `import 'stratus'` makes it the progress of every `fit`, except with `verbose: 0`.
 *
 * Shapes: none; confusion matrices are left out. Errors: none. Source: keras.callbacks.ProgbarLogger.
 *
 * @example
 * import { dense, input, sequential, sgd, terminalProgress } from 'stratus';
 * const model = sequential([input({ shape: [2] }), dense({ units: 1 })]);
 * model.compile({ optimizer: sgd(), loss: 'meanSquaredError' });
 * await model.fit([[0, 1], [1, 0]], [[1], [0]], { epochs: 2, verbose: 0, callbacks: [terminalProgress({ stream: process.stderr })] });
 */
export const terminalProgress = ({ stream = process.stderr, now = seconds }: ProgressOptions = {}): Callback =>
  isTerminal(stream) ? liveProgress(stream, now) : plainProgress(stream, now);

/** Between two drawings of the line: often enough to look alive, seldom enough to cost nothing. */
const secondsBetweenFrames = 0.08;

function liveProgress(stream: OutputStream, now: () => number): Callback {
  const colors = colorsFor(stream);
  const pace = new Pace(now);
  let line: LiveLine | undefined;
  let shownAt = Number.NEGATIVE_INFINITY;
  let latest: Logs = {};
  const show = (run: TrainingRun, logs: Logs): void => {
    shownAt = now();
    line?.show(barLine(run, logs, { pace, colors, columns: stream.columns || 80 }));
  };
  return {
    async onTrainBegin(run) {
      line = await liveLine(stream);
      const note = beginLine(run);
      if (note !== undefined) line.keep(note);
      if (run.epoch < run.epochs) show(run, {});
    },
    onEpochBegin: () => pace.beginEpoch(),
    figuresOnly: true,
    onBatchEnd(run, logs) {
      pace.step();
      latest = logs;
      if (now() - shownAt >= secondsBetweenFrames || run.batch === run.batches) show(run, logs);
    },
    onEpochEnd(run, logs) {
      line?.keep(epochLine(run, logs, { seconds: pace.endEpoch(run), colors }));
    },
    onTrainEnd(run) {
      // A training that was stopped in mid-epoch shows how far it came.
      const isCutShort = run.batch > 0 && run.epoch < run.epochs;
      if (isCutShort) show(run, latest);
      line?.end(isCutShort ? 'leave' : 'remove');
    },
  };
}

function plainProgress(stream: OutputStream, now: () => number): Callback {
  const colors = colorsFor(stream);
  const pace = new Pace(now);
  let printedAt = now();
  const print = (text: string): void => {
    printedAt = now();
    stream.write(`${text}\n`);
  };
  return {
    onTrainBegin(run) {
      const note = beginLine(run);
      if (note !== undefined) print(note);
    },
    onEpochBegin: () => pace.beginEpoch(),
    figuresOnly: true,
    onBatchEnd(run, logs) {
      pace.step();
      if (now() - printedAt >= 1 && run.batch !== run.batches) print(plainLine(run, logs, { pace, colors }));
    },
    onEpochEnd: (run, logs) => print(epochLine(run, logs, { seconds: pace.endEpoch(run), colors })),
  };
}
