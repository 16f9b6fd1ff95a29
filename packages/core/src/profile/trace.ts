import { callsOf } from './calls.ts';
import type { RecordedStep, Recording } from './recording.ts';

/** One event of Chrome's Trace Event Format: something that took time ('X'), or a name ('M'). Times are microseconds. */
export interface TraceEvent {
  readonly name: string;
  readonly cat: string;
  readonly ph: 'X' | 'M';
  readonly ts: number;
  readonly dur: number;
  readonly pid: number;
  readonly tid: number;
  readonly args: Readonly<Record<string, string | number>>;
}

/** A time line as Chrome, Perfetto and others read it. */
export interface TraceFile {
  readonly traceEvents: readonly TraceEvent[];
  readonly displayTimeUnit: 'ms';
}

/** Kernels in a trace: viewers become slow with more. */
const mostCalls = 200_000;
const pid = 1;
const lines = { loop: 1, engine: 2 } as const;
const titles = { data: 'waiting for data', run: 'run', host: 'JavaScript', callbacks: 'callbacks and checkpoints' } as const;

const named = (name: string, tid: number, title: string): TraceEvent => ({
  name,
  cat: '__metadata',
  ph: 'M',
  ts: 0,
  dur: 0,
  pid,
  tid,
  args: { name: title },
});

/** What happened, call by call. The engine has a clock of its own: each run stands in the middle of the time that it was waited for. */
export function traceOf({ steps, placeOf }: Recording): TraceFile {
  const events = [
    named('process_name', lines.loop, 'Stratus'),
    named('thread_name', lines.loop, 'training loop'),
    named('thread_name', lines.engine, 'ONNX Runtime'),
  ];
  const zero = steps[0]?.laps[0]?.start ?? 0;
  let calls = 0;
  for (const [i, step] of steps.entries()) {
    calls += step.runs.reduce((sum, { run }) => sum + run.kernels.length, 0);
    if (i > 0 && calls > mostCalls) break;
    events.push(...loopEvents(step, i, zero));
    for (const event of engineEvents(step, zero, placeOf)) events.push(event);
  }
  return { traceEvents: events, displayTimeUnit: 'ms' };
}

function loopEvents({ laps }: RecordedStep, index: number, zero: number): TraceEvent[] {
  const event = (name: string, start: number, ms: number): TraceEvent => ({
    name,
    cat: 'loop',
    ph: 'X',
    ts: 1000 * (start - zero),
    dur: 1000 * ms,
    pid,
    tid: lines.loop,
    args: {},
  });
  const whole = laps.reduce((sum, { ms }) => sum + ms, 0);
  return [
    event(`step ${index + 1}`, laps[0]?.start ?? zero, whole),
    ...laps.map(({ part, start, ms }) => event(titles[part], start, ms)),
  ];
}

function engineEvents({ laps, runs }: RecordedStep, zero: number, placeOf: Recording['placeOf']): TraceEvent[] {
  const waited = laps.find(({ part }) => part === 'run');
  if (!waited) return [];
  const events: TraceEvent[] = [];
  const busy = runs.reduce((sum, { run }) => sum + run.duration, 0);
  const gap = Math.max(0, 1000 * waited.ms - busy) / (runs.length + 1);
  let begin = 1000 * (waited.start - zero) + gap;
  for (const recorded of runs) {
    const { duration } = recorded.run;
    const own = { pid, tid: lines.engine, ph: 'X' } as const;
    events.push({ name: 'run', cat: 'engine', ts: begin, dur: duration, args: {}, ...own });
    for (const { name, op, place, start, duration: dur, flops } of callsOf(recorded, placeOf)) {
      const work = flops === undefined || flops === 0 ? {} : { flops };
      events.push({
        name: op,
        cat: place.phase,
        ts: begin + start,
        dur: Math.min(dur, duration - start),
        args: { layer: place.layer, node: name, ...work },
        ...own,
      });
    }
    begin += duration + gap;
  }
  return events;
}
