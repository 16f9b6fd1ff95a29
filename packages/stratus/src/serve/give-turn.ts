import { setImmediate as nextTurn } from 'node:timers/promises';

/** How long work in small pieces may keep the event loop waiting. */
const mostMs = 10;

/** One for the whole thread: many requests that each take their share must not add up. */
let busySince: number | undefined;

const isDue = (): boolean => {
  const now = performance.now();
  if (busySince !== undefined) return now - busySince > mostMs;
  busySince = now;
  setImmediate(() => {
    busySince = undefined;
  });
  return false;
};

/** To be awaited between pieces of work: lets sockets and timers have their turn when they have waited long enough. */
export async function giveTurn(): Promise<void> {
  while (isDue()) await nextTurn();
}
