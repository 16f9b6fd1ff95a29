import { setTimeout as sleep } from 'node:timers/promises';
import type { Workspace } from '../workspace/index.ts';
import { bringHome } from './left-behind.ts';

/** How often it looks. */
const everyMs = 2000;

/** What a long-lived process does beside its work. */
export interface BringingHome {
  /** Is kept when nothing is under way. */
  stop(): Promise<void>;
}

/** Who is told. */
export interface HomeEvents {
  stored?(points: number): void;
  /** Once, and again when something else goes wrong. */
  trouble(error: unknown): void;
}

/** Brings home what trainings of this machine left behind while the store was away, until it is stopped. */
export function keepBringingHome(workspace: Workspace, events: HomeEvents): BringingHome {
  const stopping = new AbortController();
  const { signal } = stopping;
  let said = '';
  const look = async (): Promise<void> => {
    try {
      const { points, refused } = await bringHome(workspace);
      for (const reason of refused) events.trouble(new Error(`A part of a run is not stored: ${reason}`));
      if (points > 0) events.stored?.(points);
      said = '';
    } catch (e) {
      const { message } = e as Error;
      if (message !== said) events.trouble(e);
      said = message;
    }
  };
  const work = async (): Promise<void> => {
    while (!signal.aborted) {
      await look();
      await sleep(everyMs, undefined, { signal }).catch(() => undefined);
    }
  };
  const over = work();
  return {
    async stop() {
      stopping.abort();
      await over;
    },
  };
}
