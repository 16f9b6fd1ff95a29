import type { NewPointsBody } from '../api/index.ts';
import { type Asking, askNothing } from './asking.ts';
import { newKey } from './create.ts';

/**
 * Adds points to runs so that a request that is sent twice counts once: the server knows its number. Of a writer only growing numbers count, so requests for one run go one
 * after the other.
 */
export function appending(asking: Asking): (path: string, points: NewPointsBody['points']) => Promise<void> {
  const writer = newKey();
  const last = new Map<string, Promise<void>>();
  let sequence = 0;
  return async (path, points) => {
    const before = last.get(path);
    const sent = (async (): Promise<void> => {
      await before?.catch(() => undefined); // its caller is told
      const json: NewPointsBody = { points, once: { writer, sequence: ++sequence } };
      await askNothing(asking, path, { method: 'POST', json, again: true });
    })();
    last.set(path, sent);
    try {
      await sent;
    } finally {
      if (last.get(path) === sent) last.delete(path);
    }
  };
}
