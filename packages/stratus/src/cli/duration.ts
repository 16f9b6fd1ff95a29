import { InvalidArgumentError } from 'commander';

const units = { h: 3_600_000, d: 86_400_000 } as const;

/** '12h', '30d' as milliseconds. */
export function duration(text: string): number {
  const [, count, unit] = /^([1-9]\d{0,4})([hd])$/.exec(text) ?? [];
  if (count === undefined) throw new InvalidArgumentError('It must be a number of hours or days: 12h, 30d.');
  return Number(count) * units[unit as keyof typeof units];
}
