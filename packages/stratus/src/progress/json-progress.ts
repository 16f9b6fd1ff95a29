import type { Callback } from '@stratus/core';
import { jsonText } from './format.ts';
import type { OutputStream } from './output-stream.ts';
import { Pace } from './pace.ts';
import type { ProgressOptions } from './terminal-progress.ts';

const rounded = (x: number | undefined): number | undefined => (x === undefined ? undefined : Number(x.toPrecision(4)));

/**
 * Writes a training as lines of JSON, for programs: `{ type: 'begin' }`, at most one `{ type: 'step' }` a second, `{ type: 'epoch' }`
 * at the end of each epoch with all its figures in `logs`, and `{ type: 'end' }`. Epochs are counted from 1.
 *
 * Shapes: none; confusion matrices are lists of rows. Errors: none. Source: jsonlines.org.
 *
 * @example
 * import { dense, input, jsonProgress, sequential, sgd } from 'stratus';
 * const lines: string[] = [];
 * const model = sequential([input({ shape: [2] }), dense({ units: 1 })]);
 * model.compile({ optimizer: sgd(), loss: 'meanSquaredError' });
 * const progress = jsonProgress({ stream: { write: (line) => lines.push(line) } });
 * await model.fit([[0, 1], [1, 0]], [[1], [0]], { epochs: 2, verbose: 0, callbacks: [progress] });
 * console.log(lines.map((line) => JSON.parse(line).type)); // ['begin', 'epoch', 'epoch', 'end']
 */
export function jsonProgress({ stream = process.stdout, now = () => performance.now() / 1000 }: ProgressOptions = {}): Callback {
  const pace = new Pace(now);
  let writtenAt = now();
  const write = (event: Readonly<Record<string, unknown>>): void => void (stream as OutputStream).write(jsonText(event));
  return {
    onTrainBegin: ({ epoch, epochs, batch, batches, step, passedOver }) =>
      write({ type: 'begin', epoch: epoch + 1, epochs, batch, batches, step, ...(passedOver.length > 0 && { passedOver }) }),
    onEpochBegin: () => pace.beginEpoch(),
    figuresOnly: true,
    onBatchEnd(run, logs) {
      pace.step();
      if (now() - writtenAt < 1) return;
      writtenAt = now();
      const { epoch, epochs, batch, batches, step } = run;
      const [stepsPerSecond, secondsLeft] = [rounded(pace.stepsPerSecond), rounded(pace.secondsLeft(run))];
      write({ type: 'step', epoch: epoch + 1, epochs, batch, batches, step, stepsPerSecond, secondsLeft, logs });
    },
    onEpochEnd(run, logs) {
      const { epoch, epochs, step, learningRate } = run;
      write({ type: 'epoch', epoch: epoch + 1, epochs, step, seconds: rounded(pace.endEpoch(run)), learningRate, logs });
    },
    onTrainEnd: ({ epoch, epochs, batch, step }) => write({ type: 'end', epoch, epochs, batch, step }),
  };
}
