import { setTimeout as pause } from 'node:timers/promises';
import { Competitor } from './competitor.ts';
import type { Entry } from './peers.ts';

/** One way of one library with one number of threads, and what it needed in each round. */
export interface Series {
  readonly library: string;
  readonly version: string;
  readonly variant: string;
  readonly threads: string;
  /** What the library says about itself. */
  readonly about: string | undefined;
  /** Mean loss of the first steps from the agreed weights on. */
  readonly loss: number;
  /** Milliseconds a step, by round. */
  readonly samples: readonly number[];
}

/** How long and how often is measured. */
export interface RaceOptions {
  readonly rounds: number;
  /** About as long one series computes in one round. */
  readonly sliceMs: number;
  /** Steps from the agreed weights on, whose mean loss shows that all compute the same. As many are the least that is timed. */
  readonly firstSteps: number;
  /** Ways that take so many times as long as the library's fastest are timed no more after a first look. */
  readonly slowest?: number;
  /** Ways that take part; all unless told. */
  readonly takes?: (competitor: Competitor, variant: string) => boolean;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Who takes part, and who does not, and why. */
export interface Field {
  readonly competitors: readonly Competitor[];
  readonly skipped: readonly { readonly library: string; readonly why: string }[];
}

/** Starts all that take part. A peer that is not there, or does not start, is left out, with a line in the log. */
export async function assemble(entries: readonly Entry[], { log, signal }: Pick<RaceOptions, 'log' | 'signal'>): Promise<Field> {
  const competitors: Competitor[] = [];
  const skipped: { library: string; why: string }[] = [];
  for (const { library, commands, missing } of entries) {
    let why = missing;
    const started: Competitor[] = [];
    try {
      for (const command of commands) started.push(await Competitor.start(command, signal));
    } catch (e) {
      signal.throwIfAborted();
      if (library === 'Stratus') throw e;
      for (const competitor of started.splice(0)) await competitor.stop();
      why = (e as Error).message.trim().split('\n').at(-1)!;
    }
    competitors.push(...started);
    if (why === undefined) continue;
    skipped.push({ library, why });
    log(`skipped: ${library}: ${why}`);
  }
  if (skipped.length > 0) log(`No target is judged for: ${skipped.map(({ library }) => library).join(', ')}.`);
  return { competitors, skipped };
}

interface Lane {
  readonly competitor: Competitor;
  readonly variant: string;
  readonly loss: number;
  /** Milliseconds a step at a first look. */
  readonly first: number;
  readonly samples: number[];
  count: number;
}

/**
 * Runs all variants of all competitors in turns: A B C, A B C, … Only one computes at a time, so that whatever else the machine
 * does meets all of them alike, and the rounds can be compared one by one.
 */
export async function race(competitors: readonly Competitor[], options: RaceOptions): Promise<Series[]> {
  const { rounds, sliceMs, firstSteps, slowest = Number.POSITIVE_INFINITY, takes = () => true, log, signal } = options;
  let lanes: Lane[] = [];
  for (const competitor of competitors) {
    const { library, variants } = competitor.introduction;
    for (const variant of variants.filter((each) => takes(competitor, each))) {
      signal.throwIfAborted();
      try {
        const { loss } = await competitor.ask('steps', { variant, count: firstSteps });
        const second = await competitor.ask('steps', { variant, count: firstSteps }); // what is compiled late is compiled now
        const known = lanes.filter((lane) => lane.competitor.introduction.library === library).map(({ first }) => first);
        const hopeless = second.ms / second.steps > 4 * slowest * Math.min(...known);
        const { ms, steps } = hopeless ? second : await competitor.ask('steps', { variant, count: firstSteps });
        lanes.push({
          competitor,
          variant,
          loss,
          first: ms / steps,
          samples: [],
          count: Math.max(firstSteps, Math.round((sliceMs * steps) / ms)),
        });
      } catch (e) {
        signal.throwIfAborted();
        if (library === 'Stratus') throw e;
        log(`skipped: ${library}, ${variant}, ${competitor.threads}: ${(e as Error).message.split('\n')[0]}`);
      }
    }
  }
  const best = (lane: Lane): number =>
    Math.min(
      ...lanes
        .filter(({ competitor }) => competitor.introduction.library === lane.competitor.introduction.library)
        .map(({ first }) => first),
    );
  const slow = lanes.filter((lane) => lane.first > slowest * best(lane));
  for (const { competitor, variant, first } of slow)
    log(
      `left out, slow: ${competitor.introduction.library}, ${variant}, ${competitor.threads}: ${first.toFixed(3)} ms at a first look`,
    );
  lanes = lanes.filter((lane) => !slow.includes(lane));
  for (let round = -1; round < rounds; round++) {
    for (const lane of lanes) {
      signal.throwIfAborted();
      await pause(30); // threads of the one before stop spinning
      const { ms, steps } = await lane.competitor.ask('steps', { variant: lane.variant, count: lane.count });
      if (round >= 0) lane.samples.push(ms / steps);
      else lane.count = Math.max(firstSteps, Math.round((sliceMs * steps) / ms)); // a whole round to warm up
    }
    if (round >= 0) log(`round ${round + 1} of ${rounds}`);
  }
  return lanes.map(({ competitor, variant, loss, samples }) => {
    const { library, version, about } = competitor.introduction;
    return { library, version, variant, threads: competitor.threads, about, loss, samples };
  });
}
