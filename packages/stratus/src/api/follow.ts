import type { Store } from '../store/index.ts';
import type { WireLogPiece } from './routes/logs.ts';
import { pointOnWire, type WirePoint } from './routes/metrics.ts';
import { runOnWire, type WireRun } from './routes/runs.ts';
import { onWire } from './values.ts';
import { isSame, type Moment, type Position, type Seat } from './watch.ts';

/** What a listener hears of a run. */
export type WireEvent =
  | { readonly type: 'run'; readonly run: WireRun }
  | { readonly type: 'metrics'; readonly points: readonly (WirePoint & { readonly name: string })[] }
  | { readonly type: 'logs'; readonly pieces: readonly WireLogPiece[] }
  /** The run has ended, or was removed, and everything of it was told. */
  | { readonly type: 'end'; readonly status: string };

/** An event, and where its listener has got to with it. */
export interface Told {
  readonly event: WireEvent;
  readonly id: string;
}

const pointsAtOnce = 1000;
const piecesAtOnce = 100;
/** A header of a request has at most 16 kB, all of them together. */
const longestId = 6000;

/** 'end' is told of a run in these states. */
const isOver = ({ run, isWhole }: Moment): boolean =>
  run === undefined || (isWhole && ['finished', 'failed', 'stopped'].includes(run.status));

/** A position as a text: '57?loss=120&accuracy=3'. Of a run with very many metrics it leaves them out, and their points are told again. */
export function idOf({ log, counts }: Position): string {
  const id = `${log}?${new URLSearchParams([...counts].map(([name, count]): [string, string] => [name, String(count)]))}`;
  return id.length > longestId ? `${log}?` : id;
}

const wholePattern = /^\d{1,15}$/;

/** What `idOf` wrote; undefined for anything else. */
export function positionOf(id: string): (Position & { readonly isEnd: boolean }) | undefined {
  const [, end, log, query] = /^(end:)?(\d{1,15})\?(.*)$/s.exec(id) ?? [];
  if (log === undefined) return undefined;
  const counts = [...new URLSearchParams(query)];
  if (!counts.every(([, count]) => wholePattern.test(count))) return undefined;
  return { log: Number(log), counts: new Map(counts.map(([name, count]) => [name, Number(count)])), isEnd: end !== undefined };
}

/** What a seat hears from a position on: first from the store what lies behind, then what comes. */
export async function* follow(store: Store, key: string, seat: Seat, from: Position | undefined): AsyncGenerator<Told> {
  let { log } = from ?? seat.start;
  const counts = new Map((from ?? seat.start).counts);
  const told = (event: WireEvent): Told => ({ event, id: idOf({ log, counts }) });

  function* pointsOf(name: string, points: Parameters<typeof pointOnWire>[0][], first: number): Generator<Told> {
    for (let at = 0; at < points.length; at += pointsAtOnce) {
      const part = points.slice(at, at + pointsAtOnce);
      counts.set(name, first + at + part.length);
      yield told({ type: 'metrics', points: part.map((point) => ({ name, ...pointOnWire(point) })) });
    }
  }

  function* piecesOf(pieces: Parameters<typeof onWire<WireLogPiece>>[0][]): Generator<Told> {
    for (let at = 0; at < pieces.length; at += piecesAtOnce) {
      const part = pieces.slice(at, at + piecesAtOnce);
      log = part.at(-1)!.number;
      yield told({ type: 'logs', pieces: part });
    }
  }

  /** What lies between here and a moment, in parts. */
  async function* upTo(moment: Moment): AsyncGenerator<Told> {
    for (const [name, count] of moment.counts) {
      if ((counts.get(name) ?? 0) > count) counts.set(name, 0); // another run has the key now
      for (let skip = counts.get(name) ?? 0; skip < count; skip = counts.get(name)!) {
        const limit = Math.min(10 * pointsAtOnce, count - skip);
        const points = await store.metrics.history(key, name, { skip, limit });
        if (points.length === 0) break; // it was removed meanwhile, which is told in a moment
        yield* pointsOf(name, [...points], skip);
      }
    }
    while (log < moment.log) {
      const pieces = (await store.logs.read(key, { after: log, limit: piecesAtOnce })).filter(
        ({ number }) => number <= moment.log,
      );
      if (pieces.length === 0) break;
      yield* piecesOf(pieces.map((piece) => onWire(piece)));
    }
  }

  let shown = seat.start.run;
  if (shown !== undefined) yield told({ type: 'run', run: runOnWire(shown) });
  for (let moment = seat.start; ; ) {
    yield* upTo(moment);
    for (;;) {
      if (!isSame(shown, moment.run) && moment.run !== undefined) yield told({ type: 'run', run: runOnWire(moment.run) });
      shown = moment.run;
      if (isOver(moment)) {
        const end: WireEvent = { type: 'end', status: moment.run?.status ?? 'removed' };
        return yield { event: end, id: `end:${idOf({ log, counts })}` };
      }
      const batch = await seat.next();
      if (batch === undefined) return;
      moment = batch === 'behind' ? seat.start : batch.after;
      if (batch === 'behind') break;
      for (const [name, points] of batch.points) {
        const first = batch.after.counts.get(name)! - points.length;
        yield* pointsOf(name, [...points], first);
      }
      yield* piecesOf(batch.pieces.map((piece) => onWire(piece)));
    }
  }
}
