import { Competitor } from './competitor.ts';
import type { Entry } from './peers.ts';
import type { Field, RaceOptions } from './race.ts';

/** One way of one library, tried in a process of its own. */
export interface Trial {
  readonly library: string;
  readonly variant: string;
  readonly threads: string;
  /** Milliseconds a step. */
  readonly ms: number;
  /** The most memory that the process has held, in MB. */
  readonly peakMb: number | undefined;
  readonly command: Entry['commands'][number];
}

/** The finalists, waiting in their processes, and the way in which each goes on. */
export interface Finalists extends Field {
  readonly trials: readonly Trial[];
  takes(competitor: Competitor, variant: string): boolean;
}

type Conditions = Pick<RaceOptions, 'firstSteps' | 'log' | 'signal'>;

async function tryOne(
  command: Entry['commands'][number],
  variant: string | undefined,
  { firstSteps, log, signal }: Conditions,
): Promise<{ trial: Trial; others: readonly string[] }> {
  const competitor = await Competitor.start(command, signal);
  try {
    const { library, variants } = competitor.introduction;
    const [first, ...others] = variants.filter((name) => name !== 'step alone');
    const way = variant ?? first!;
    const times: number[] = [];
    for (let i = 0; i < 3; i++) {
      const { ms, steps } = await competitor.ask('steps', { variant: way, count: firstSteps });
      times.push(ms / steps); // the first compiles
    }
    const { peakMb } = await competitor.ask('memory', {});
    const ms = Math.min(...times);
    log(
      `${library}, ${way}, ${competitor.threads}: ${ms.toFixed(1)} ms, at most ${peakMb?.toFixed(0) ?? 'an unknown number of'} MB`,
    );
    return { trial: { library, variant: way, threads: competitor.threads, ms, peakMb: peakMb ?? undefined, command }, others };
  } finally {
    await competitor.stop();
  }
}

/** Every way of one library, one after another, each in a fresh process with the most threads. */
async function tryAll({ commands }: Entry, conditions: Conditions): Promise<Trial[]> {
  const command = commands.at(-1)!;
  const { trial, others } = await tryOne(command, undefined, conditions);
  const trials = [trial];
  for (const variant of others) {
    conditions.signal.throwIfAborted();
    trials.push((await tryOne(command, variant, conditions)).trial);
  }
  return trials;
}

/**
 * For models of which several do not fit into memory side by side: every way of every library is tried alone, and only the fastest
 * of each library starts for the rounds. A library that fails is left out, with a line in the log; ours is not.
 */
export async function finalists(entries: readonly Entry[], conditions: Conditions): Promise<Finalists> {
  const { log, signal } = conditions;
  const trials: Trial[] = [];
  const competitors: Competitor[] = [];
  const skipped: { library: string; why: string }[] = [];
  const ways = new Map<string, string>();
  try {
    for (const entry of entries) {
      try {
        if (entry.missing !== undefined) throw new Error(entry.missing);
        trials.push(...(await tryAll(entry, conditions)));
      } catch (e) {
        signal.throwIfAborted();
        if (entry.library === 'Stratus') throw e;
        const why = (e as Error).message.trim().split('\n').at(-1)!;
        skipped.push({ library: entry.library, why });
        log(`skipped: ${entry.library}: ${why}`);
      }
    }
    for (const { library } of entries) {
      const own = trials.filter((trial) => trial.library === library);
      if (own.length === 0) continue;
      const best = own.reduce((a, b) => (b.ms < a.ms ? b : a));
      ways.set(library, best.variant);
      competitors.push(await Competitor.start(best.command, signal));
    }
  } catch (e) {
    for (const competitor of competitors) await competitor.stop();
    throw e;
  }
  return { competitors, skipped, trials, takes: ({ introduction }, variant) => ways.get(introduction.library) === variant };
}
