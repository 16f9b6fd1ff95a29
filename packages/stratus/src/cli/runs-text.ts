import { plain, short } from '../plots/index.ts';
import { type Colors, clock } from '../progress/index.ts';
import type { Json, MetricSummary, RunInfo } from '../store/index.ts';
import { type RunState, stateOf } from '../tracking/index.ts';

/** A status as it is shown. */
export function stateText(state: RunState, colors: Colors): string {
  const paint = {
    running: colors.cyan,
    finished: colors.green,
    failed: colors.red,
    lost: colors.red,
    stopped: colors.yellow,
    preempted: colors.yellow,
  }[state];
  return paint(state);
}

const minute = 60_000;

/** How long ago: 12 s, 5 min, 3 h, and then the day. */
export function ago(date: Date, now = Date.now()): string {
  const ms = Math.max(0, now - date.getTime());
  if (ms < minute) return `${Math.round(ms / 1000)} s ago`;
  if (ms < 60 * minute) return `${Math.round(ms / minute)} min ago`;
  if (ms < 24 * 60 * minute) return `${Math.round(ms / (60 * minute))} h ago`;
  return date.toISOString().slice(0, 10);
}

/** How long it took, or has taken until it was seen last. */
export const durationText = ({ createdAt, finishedAt, seenAt }: RunInfo): string =>
  clock(((finishedAt ?? seenAt).getTime() - createdAt.getTime()) / 1000);

export const timeText = (date: Date): string => date.toISOString().slice(0, 19).replace('T', ' ');

export const valueText = (value: Json | undefined): string =>
  value === undefined
    ? ''
    : typeof value === 'number'
      ? short(value)
      : plain(typeof value === 'string' ? value : JSON.stringify(value), 200);

/** A run for programs: all that is known, with the state that is shown. */
export const runJson = (run: RunInfo): object => ({
  ...run,
  isSilent: undefined,
  status: stateOf(run),
  createdAt: run.createdAt.toISOString(),
  finishedAt: run.finishedAt?.toISOString(),
  seenAt: run.seenAt.toISOString(),
});

/** A metric of an epoch, or of a whole run: not of single steps, and not of the machine. */
export const isFigure = (name: string): boolean => !/^(step|system)\//.test(name);

export const pointText = (point: MetricSummary['min']): string => (point ? `${short(point.value)} at ${point.step}` : '');
