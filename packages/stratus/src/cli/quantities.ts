import { InvalidArgumentError } from 'commander';

const times: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const sizes: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

function quantity(text: string, units: Readonly<Record<string, number>>, example: string): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([A-Za-z]+)$/.exec(text.trim()) ?? [];
  const factor = Object.hasOwn(units, unit) ? units[unit]! : Number.NaN;
  const value = Math.round(Number(number) * factor);
  if (number !== '' && Number.isSafeInteger(value)) return value;
  throw new InvalidArgumentError(`It must be a number with a unit (${Object.keys(units).join(', ')}), as in ${example}.`);
}

/** Reads a time of an option: '90s', '1.5h'. In milliseconds. */
export const time = (text: string): number => quantity(text, times, '90s or 1.5h');

/** Reads a size of an option: '4GB', '512MiB'. In bytes. */
export const size = (text: string): number => quantity(text, sizes, '4GB or 512MiB');

/** Reads a number of an option that may have decimals. */
export const decimal = (text: string): number => {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isFinite(value)) return value;
  throw new InvalidArgumentError('It must be a number of at least 0.');
};
