import { sql } from 'kysely';
import type { Queries } from './database.ts';
import { keptBytes } from './kept-bytes.ts';
import { checkWhole } from './names.ts';

/** A piece of what an attempt at a job printed; it need not end with a line. */
export interface JobLogPiece {
  /** Where reading goes on after it. */
  readonly number: number;
  /** The number of the attempt. */
  readonly attempt: number;
  readonly stream: 'stdout' | 'stderr';
  /** Of much output the beginning and the end are kept: pieces of the end can go while it grows. */
  readonly part: 'head' | 'tail';
  readonly at: Date;
  readonly text: string;
}

/** Which pieces of a job's log are wanted. */
export interface JobLogQuery {
  /** The number of the piece to go on after. */
  readonly after?: number;
  /** 1,000 pieces where it is left out. */
  readonly limit?: number;
  /** The number of one attempt; all where it is left out. */
  readonly attempt?: number;
}

export async function readJobLog(
  db: Queries,
  job: number,
  { after = 0, limit = 1000, attempt }: JobLogQuery,
): Promise<JobLogPiece[]> {
  checkWhole('after', after);
  checkWhole('limit', limit);
  let query = db
    .selectFrom('job_logs')
    .innerJoin('job_attempts', 'job_attempts.id', 'job_logs.attempt_id')
    .select(['job_logs.id', 'job_attempts.number as attempt', 'job_logs.stream', 'job_logs.part', 'job_logs.at', 'job_logs.text'])
    .where('job_attempts.job_id', '=', job)
    .where('job_logs.id', '>', after);
  if (attempt !== undefined) query = query.where('job_attempts.number', '=', checkWhole('attempt', attempt, 1));
  const rows = await query.orderBy('job_logs.id').limit(limit).execute();
  return rows.map(({ id, stream, part, at, ...row }) => ({
    ...row,
    number: id,
    stream: stream as JobLogPiece['stream'],
    part: part as JobLogPiece['part'],
    at: new Date(at),
  }));
}

/** What an attempt printed since it was looked at last. */
export interface Printed {
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
  /** Of the text, as they were in the stream. */
  readonly bytes: number;
  /** Bytes of the stream before the text that are left out. */
  readonly skipped: number;
}

/** What of an attempt's row says where its log is. */
export interface LogPosition {
  readonly stdout_bytes: number;
  readonly stderr_bytes: number;
  readonly head_bytes: number;
  readonly dropped_bytes: number;
}

/** Adds to the log of an attempt whose row is held, and lets go of what lies between the beginning and the end. Returns where the log is then. */
export async function addToLog(
  db: Queries,
  attempt: number,
  from: LogPosition,
  printed: readonly Printed[],
): Promise<LogPosition> {
  const next = { ...from };
  for (const { stream, text, bytes, skipped } of printed) {
    next[`${stream}_bytes`] += skipped + bytes;
    next.dropped_bytes += skipped;
    if (bytes === 0) continue;
    const part = next.head_bytes + bytes <= keptBytes && next.dropped_bytes === 0 ? 'head' : 'tail';
    next.head_bytes = part === 'head' ? next.head_bytes + bytes : keptBytes; // what is full stays full
    await db
      .insertInto('job_logs')
      .values({ attempt_id: attempt, stream, part, bytes, at: Date.now(), text: text.replaceAll('\0', '\ufffd') })
      .execute();
  }
  const tail = await db
    .selectFrom('job_logs')
    .select((e) => ['id', 'bytes', sql<number>`${e.fn.sum('bytes')} over (order by id desc)`.as('since')])
    .where('attempt_id', '=', attempt)
    .where('part', '=', 'tail')
    .orderBy('id', 'desc')
    .execute();
  const gone = tail.filter(({ since, bytes }) => Number(since) - bytes >= keptBytes);
  if (gone.length > 0) {
    await db
      .deleteFrom('job_logs')
      .where('attempt_id', '=', attempt)
      .where('part', '=', 'tail')
      .where('id', '<=', gone[0]!.id)
      .execute();
    next.dropped_bytes += gone.reduce((sum, { bytes }) => sum + bytes, 0);
  }
  return next;
}
