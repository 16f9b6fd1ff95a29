import { setImmediate } from 'node:timers/promises';
import { Turns } from '../turns.ts';

/** Lets timers and sockets have their turn: resolves in a later turn of the event loop. */
export const nextTurn = (): Promise<void> => setImmediate();

/** The turns of this thread, whatever keeps it busy. */
export const turns = new Turns(nextTurn);
