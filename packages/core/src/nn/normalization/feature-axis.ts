// Axes of layers that treat features or channels each for itself.
import { fail } from '../../errors.ts';
import type { Value } from '../../graph/index.ts';
import { normalAxis, showShape } from '../../tensor/index.ts';
import { elementwise } from '../layout.ts';

/** An axis counted from 0, and its size, which must be known. The batch has none. */
export function featureAxis(what: string, axis: number, x: Value): { readonly at: number; readonly size: number } {
  const at = normalAxis(axis, x.shape.length);
  if (at === undefined || at === 0)
    throw fail('bad-value', {
      what,
      got: `axis ${axis} of an input ${showShape(x.shape)}`,
      want: x.shape.length < 2 ? 'an input with axes besides the batch' : 'an axis of features, not the batch',
    });
  const size = x.shape[at];
  if (typeof size !== 'number')
    throw fail('shape-mismatch', { what, got: `input ${showShape(x.shape)}`, want: `a known size of axis ${axis}` });
  return { at, size };
}

/** As {@link featureAxis}, for one axis or several, ascending. */
export function featureAxes(what: string, axes: number | readonly number[], x: Value): { at: number[]; sizes: number[] } {
  const list = typeof axes === 'number' ? [axes] : axes;
  const found = list.map((axis) => featureAxis(what, axis, x)).sort((a, b) => a.at - b.at);
  if (new Set(found.map(({ at }) => at)).size !== list.length || list.length === 0)
    throw fail('bad-value', { what, got: `axis = ${showShape(list)}`, want: 'one axis or several, each once' });
  return { at: found.map(({ at }) => at), sizes: found.map(({ size }) => size) };
}

/** Works on the channels-first view of `x` where it has one, so that a chain is not broken; `axis` is told as it is there. */
export const onView = (x: Value, axis: number, work: (x: Value, axis: number) => Value): Value =>
  elementwise([x], ([view]) => work(view!, view === x || axis === 0 ? axis : axis === x.shape.length - 1 ? 1 : axis + 1));

/** Throws unless `axis` is a whole number or a list of them. */
export function checkAxes(what: string, axis: unknown): void {
  const list: readonly unknown[] = Array.isArray(axis) ? axis : [axis];
  if (list.length === 0 || !list.every(Number.isSafeInteger))
    throw fail('bad-value', { what, got: `axis = ${JSON.stringify(axis)}`, want: 'a whole number, or a list of them' });
}
