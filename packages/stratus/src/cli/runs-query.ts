import { InvalidArgumentError } from 'commander';
import type { MetricCondition, RunInfo, RunSort } from '../store/index.ts';

/** What a run can be, as it is shown. */
export const states = ['running', 'finished', 'failed', 'stopped', 'preempted', 'lost'] as const;

type Part = NonNullable<MetricCondition['of']>;
const parts: readonly string[] = ['last', 'min', 'max'];

/** A metric as people write it: 'valLoss', 'valLoss:min'. */
export interface MetricName {
  readonly name: string;
  readonly of: Part;
}

/** The last colon counts, and only before min, max or last: names may have colons themselves. */
export function metricName(text: string): MetricName {
  const found = /^(.+):(\w+)$/.exec(text.trim());
  if (found && parts.includes(found[2]!)) return { name: found[1]!.trim(), of: found[2] as Part };
  return { name: text.trim(), of: 'last' };
}

/** 'valLoss<0.3', 'accuracy:max >= 0.9'. */
export function condition(text: string): MetricCondition {
  const found = /^(.+?)\s*(<=|>=|<|>|==?)\s*([^<>=]+)$/.exec(text.trim());
  const than = Number(found?.[3]);
  if (!found || found[3]!.trim() === '' || Number.isNaN(than))
    throw new InvalidArgumentError(
      "It looks like 'valLoss<0.3' or 'accuracy:max>=0.9'; put it between quotes, < and > mean something to shells.",
    );
  const is = found[2] === '==' ? '=' : (found[2] as MetricCondition['is']);
  return { ...metricName(found[1]!), is, than };
}

/** 'created', 'name', 'param:learningRate', or a metric. The highest first for `:max`, else the lowest. */
export function sorting(text: string): RunSort {
  if (text === 'created' || text === 'name') return { by: text };
  const param = /^param:(.+)$/.exec(text)?.[1];
  if (param !== undefined) return { param };
  const { name, of } = metricName(text);
  return { metric: name, of, order: of === 'max' ? 'descending' : 'ascending' };
}

/** The other way round. */
export function reversed(sort: RunSort | undefined): RunSort {
  if (sort === undefined) return { by: 'created', order: 'ascending' };
  const usual = 'by' in sort && sort.by === 'created' ? 'descending' : 'ascending';
  return { ...sort, order: (sort.order ?? usual) === 'ascending' ? 'descending' : 'ascending' };
}

/** 'team=vision'. Also of parameters, whose values are compared as texts, or as numbers where they are. */
export function pair(text: string): readonly [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It looks like name=value.');
  return [text.slice(0, at), text.slice(at + 1)];
}

/** An option that may be given several times. */
export const several =
  <T>(read: (text: string) => T) =>
  (text: string, before: readonly T[] | undefined): readonly T[] => [...(before ?? []), read(text)];

/** What a run has to say of a metric; undefined where it was not measured. */
export function metricValue({ metrics }: RunInfo, { name, of }: MetricName): number | undefined {
  if (!Object.hasOwn(metrics, name)) return undefined;
  const found = metrics[name]!;
  return of === 'last' ? found.last.value : found[of]?.value;
}

export const metricTitle = ({ name, of }: MetricName): string => (of === 'last' ? name : `${name}:${of}`);
