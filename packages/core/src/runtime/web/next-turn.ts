import { Turns } from '../turns.ts';

/** Lets timers, sockets and pages have their turn: resolves in a later turn of the event loop. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    // Not setTimeout, which browsers hold back for 4 ms.
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

/** The turns of this thread, whatever keeps it busy. */
export const turns = new Turns(nextTurn);
