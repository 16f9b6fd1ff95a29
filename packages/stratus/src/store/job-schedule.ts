import { fail } from '@stratus/core';
import { Cron } from 'croner';

/**
 * The first time after `now` that a schedule names, both in milliseconds since 1970: five fields of cron, six with seconds, or '@daily' and the like. Times that a change of the
 * clocks leaves out come right after it. Errors: `bad-value` for a schedule that cannot be read or never comes, or a time zone that is none.
 */
export function nextTime(schedule: string, timeZone: string | null, now: number): number {
  let next: Date | null;
  try {
    next = new Cron(schedule, { ...(timeZone !== null && { timezone: timeZone }) }).nextRun(new Date(now));
  } catch (e) {
    throw fail(
      'bad-value',
      {
        what: 'the schedule',
        got: `'${schedule}'${timeZone === null ? '' : ` in '${timeZone}'`}: ${(e as Error).message.replace(/^CronPattern: /, '').replace(/\.$/, '')}`,
        want: "minute, hour, day, month and day of the week, as in '30 2 * * 1-5', and a time zone as 'Europe/Zurich'",
      },
      e,
    );
  }
  if (next !== null) return next.getTime();
  throw fail('bad-value', { what: 'the schedule', got: `'${schedule}', which never comes`, want: 'a time to come' });
}
