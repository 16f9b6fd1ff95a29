// The rule of ops that take a list of numbers for each channel.
import { fail } from '../errors.ts';
import type { Info } from '../graph/index.ts';
import { showShape } from '../tensor/index.ts';
import { sameDtype } from './rules.ts';

/** Throws unless each of `lists` has a number for each channel of `x`. */
export function checkChannels(what: string, x: Info, lists: Readonly<Record<string, Info>>): void {
  const channels = x.shape[1];
  for (const [name, list] of Object.entries(lists)) {
    sameDtype(what, x, list);
    const fits = list.shape.length === 1 && (list.shape[0] === channels || typeof list.shape[0] !== typeof channels);
    if (channels === undefined || !fits)
      throw fail('shape-mismatch', {
        what,
        got: `x ${showShape(x.shape)}, ${name} ${showShape(list.shape)}`,
        want: 'x [batch, channels, ...] and one number for each channel',
      });
  }
}
