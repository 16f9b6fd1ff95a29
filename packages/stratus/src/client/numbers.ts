import type { WireEvent, WirePoint, WireRun, WireSummary } from '../api/index.ts';

// JSON has no word for NaN and the infinities: on the wire they are texts.

/** A point of a metric. */
export interface MetricValue {
  readonly step: number;
  readonly value: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** What is known of a metric without its points. */
export interface Summary {
  readonly name: string;
  /** How many were logged. */
  readonly points: number;
  readonly last: { readonly step: number; readonly value: number };
  /** Undefined where every value is NaN. */
  readonly min?: { readonly step: number; readonly value: number };
  readonly max?: { readonly step: number; readonly value: number };
}

/** A run, as the server tells it: times are texts (ISO 8601). */
export type Run = Omit<WireRun, 'metrics'> & { readonly metrics: Readonly<Record<string, Summary>> };

/** What a listener hears of a run. */
export type RunEvent =
  | { readonly type: 'run'; readonly run: Run }
  | { readonly type: 'metrics'; readonly points: readonly (MetricValue & { readonly name: string })[] }
  | Extract<WireEvent, { type: 'logs' | 'end' }>;

const real = <T extends { readonly value: number | string }>(place: T): Omit<T, 'value'> & { value: number } => ({
  ...place,
  value: Number(place.value),
});

export const pointOf = (point: WirePoint): MetricValue => real(point);

export const summaryOf = ({ min, max, last, ...rest }: WireSummary): Summary => ({
  ...rest,
  last: real(last),
  ...(min && { min: real(min) }),
  ...(max && { max: real(max) }),
});

export const runOf = ({ metrics, ...run }: WireRun): Run => ({
  ...run,
  metrics: Object.fromEntries(Object.entries(metrics).map(([name, summary]) => [name, summaryOf(summary)])),
});

/** A number as JSON can say it. */
export const wireOf = (value: number): WirePoint['value'] =>
  Number.isFinite(value) ? value : (String(value) as 'NaN' | 'Infinity' | '-Infinity');

export function eventOf(event: WireEvent): RunEvent {
  if (event.type === 'run') return { type: 'run', run: runOf(event.run) };
  if (event.type === 'metrics') return { type: 'metrics', points: event.points.map((point) => real(point)) };
  return event;
}
