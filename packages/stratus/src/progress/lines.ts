import type { Logs, TrainingRun } from '@stratus/core';
import { clock, duration, figure, scalars, speed } from './format.ts';
import type { Colors } from './output-stream.ts';
import type { Pace } from './pace.ts';

/** A piece of a line: what is seen, and how it is painted. */
type Piece = readonly [text: string, paint?: (text: string) => string];

const widthOf = (pieces: readonly Piece[]): number => pieces.reduce((sum, [text]) => sum + text.length, 0);
const painted = (pieces: readonly Piece[]): string => pieces.map(([text, paint]) => (paint ? paint(text) : text)).join('');

/** `Epoch  3/10`: as wide in the first epoch as in the last. */
const heading = ({ epoch, epochs }: TrainingRun): string =>
  `Epoch ${String(Math.min(epoch + 1, epochs)).padStart(String(epochs).length)}/${epochs}`;

/** `312/469`, or `312` in a stream of unknown length. */
const position = ({ batch, batches }: TrainingRun): string =>
  batches === undefined ? String(batch) : `${String(batch).padStart(String(batches).length)}/${batches}`;

const figures = (logs: Logs, { dim }: Colors): Piece[][] =>
  scalars(logs).map(([name, value]) => [['  '], [name, dim], [` ${figure(value)}`]]);

function tempo(run: TrainingRun, pace: Pace, { dim }: Colors): Piece[][] {
  const { stepsPerSecond } = pace;
  const left = pace.secondsLeft(run);
  const parts: Piece[][] = [];
  if (stepsPerSecond !== undefined) parts.push([['  '], [speed(stepsPerSecond), dim]]);
  if (left !== undefined) parts.push([['  '], [`${clock(left)} left`, dim]]);
  return parts;
}

const bar = { longest: 24, shortest: 8 } as const;

/**
 * The line of a training that is under way, at most `columns` wide: first the bar becomes shorter, then the last figures go, then the speed.
 *
 * `Epoch 3/10 ━━━━━━━━━━━━━━━━━━━━ 312/469  loss 0.1234  accuracy 0.9632  1 320 steps/s  0:01 left`
 */
export function barLine(
  run: TrainingRun,
  logs: Logs,
  { pace, colors, columns }: { readonly pace: Pace; readonly colors: Colors; readonly columns: number },
): string {
  const before: Piece[] = [[heading(run), colors.bold], [' ']];
  const middle = figures(logs, colors);
  const after = tempo(run, pace, colors);
  const spare = (): number => columns - widthOf([...before, [position(run)], ...middle.flat(), ...after.flat()]);
  const shortest = run.batches === undefined ? 0 : bar.shortest + 1;
  while (middle.length > 1 && spare() < shortest) middle.pop();
  while (after.length > 0 && spare() < 0) after.shift();
  const length = run.batches === undefined || spare() < shortest ? 0 : Math.min(bar.longest, spare() - 1);
  if (length > 0) {
    const done = Math.round((length * run.batch) / Math.max(1, run.batches ?? 1));
    before.push(
      ['━'.repeat(done), colors.cyan],
      [(colors.isColorSupported ? '━' : '─').repeat(length - done), colors.dim],
      [' '],
    );
  }
  return painted([...before, [position(run)], ...middle.flat(), ...after.flat()]);
}

/** The same for a log: `Epoch 3/10  312/469  loss 0.1234  1 320 steps/s  0:01 left`. */
export const plainLine = (
  run: TrainingRun,
  logs: Logs,
  { pace, colors }: { readonly pace: Pace; readonly colors: Colors },
): string =>
  painted([[heading(run)], ['  '], [position(run)], ...figures(logs, colors).flat(), ...tempo(run, pace, colors).flat()]);

/** The line that stays when an epoch is over: `Epoch 3/10  loss 0.1234  valLoss 0.1100  1.2 s`. */
export const epochLine = (
  run: TrainingRun,
  logs: Logs,
  { seconds, colors }: { readonly seconds: number; readonly colors: Colors },
): string => painted([[heading(run), colors.bold], ...figures(logs, colors).flat(), ['  '], [duration(seconds), colors.dim]]);

/** What there is to say about a training that does not begin at its beginning. */
export function beginLine(run: TrainingRun): string | undefined {
  const where = startLine(run);
  const damaged = run.passedOver.map((reason) => `Passed over a damaged checkpoint: ${reason}.`);
  return [...damaged, ...(where === undefined ? [] : [where])].join('\n') || undefined;
}

function startLine(run: TrainingRun): string | undefined {
  const { epoch, epochs, batch } = run;
  if (epoch >= epochs)
    return `Nothing is left to train: ${epochs === 1 ? 'the epoch is' : `all ${epochs} epochs are`} done. Ask for more epochs to go on.`;
  if (epoch === 0 && batch === 0) return undefined;
  return `Resumed at epoch ${epoch + 1}/${epochs}${batch === 0 ? '' : `, batch ${position(run).trim()}`}.`;
}
