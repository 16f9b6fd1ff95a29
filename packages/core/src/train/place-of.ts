import type { Place } from '../profile/index.ts';

/**
 * Whose work a node at this path does, and what for: `graphs.ts` builds losses, metrics, clipping and updates in scopes of their own, `grad`
 * marks what it builds with `.bwd`. The update of a parameter belongs to the layer that has it.
 */
export function placeOf(path: string): Place {
  const parts = path.split('/');
  const [scope, ...rest] = parts;
  if (scope === 'update' && rest.length > 0)
    return { layer: (rest.length > 1 ? rest.slice(0, -1) : rest).join('/'), phase: 'update' };
  if (scope === 'clip') return { layer: 'clip', phase: 'update' };
  const isBackward = parts.some((part) => part.endsWith('.bwd'));
  return { layer: parts.map((part) => part.replace(/\.bwd$/, '')).join('/'), phase: isBackward ? 'backward' : 'forward' };
}
